//! Keeps git's standard output for git: what else is printed goes to standard error.

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::dup2_stdout;
use std::fs::File;
use std::io::{self, stderr, stdout};

/// Takes the real standard output aside and points descriptor 1 at standard error, so that no library and no
/// child can speak to git. Call it once, before anything else runs. Fails if either stream is closed.
pub fn take_stdout() -> io::Result<File> {
    let real = fcntl_dupfd_cloexec(stdout(), FIRST_FREE)?;
    dup2_stdout(stderr())?;
    Ok(File::from(real))
}

/// Above the three standard descriptors, whatever is closed.
const FIRST_FREE: i32 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn descriptor_one_becomes_standard_error() {
        let place = |fd: &dyn Fn() -> rustix::io::Result<rustix::fs::Stat>| fd().map(|s| (s.st_dev, s.st_ino)).unwrap();
        let before = place(&|| rustix::fs::fstat(stdout()));
        let real = take_stdout().unwrap();
        let during = place(&|| rustix::fs::fstat(stdout()));
        dup2_stdout(real.as_fd()).unwrap();
        assert_eq!(place(&|| rustix::fs::fstat(&real)), before);
        assert_eq!(during, place(&|| rustix::fs::fstat(stderr())));
        assert_eq!(place(&|| rustix::fs::fstat(stdout())), before);
    }
}
