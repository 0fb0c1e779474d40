//! The streams that git gives us: standard input as it is, standard output for git alone.

use std::io::{self, Read, Write};

/// Standard input without a buffer in between, which would keep a copy of a password that nobody wipes.
#[cfg(unix)]
pub fn unbuffered_stdin() -> impl Read {
    struct Stdin;
    impl Read for Stdin {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            // `std::io::stdin` would make its buffer first.
            Ok(rustix::io::read(rustix::stdio::stdin(), bytes)?)
        }
    }
    Stdin
}

/// Standard input; reads as large as its buffer go past that.
#[cfg(not(unix))]
pub fn unbuffered_stdin() -> impl Read {
    io::stdin().lock()
}

/// Takes the real standard output aside and points descriptor 1 at standard error, so that no library and no
/// child can speak to git. Call it once, before anything else runs. Fails if either stream is closed.
#[cfg(unix)]
pub fn take_stdout() -> io::Result<impl Write + std::os::fd::AsFd> {
    let real = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), FIRST_FREE)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(std::fs::File::from(real))
}

/// Standard output as it is: no safe call points it elsewhere here, so the ban on printing must do.
#[cfg(not(unix))]
pub fn take_stdout() -> io::Result<impl Write> {
    Ok(io::stdout())
}

/// Above the three standard descriptors, whatever is closed.
#[cfg(unix)]
const FIRST_FREE: i32 = 3;

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rustix::stdio::dup2_stdout;
    use std::io::stdout;
    use std::os::fd::AsFd;

    #[test]
    fn descriptor_one_becomes_standard_error() {
        let place = |fd: &dyn Fn() -> rustix::io::Result<rustix::fs::Stat>| fd().map(|s| (s.st_dev, s.st_ino)).unwrap();
        let before = place(&|| rustix::fs::fstat(stdout()));
        let real = take_stdout().unwrap();
        let during = place(&|| rustix::fs::fstat(stdout()));
        dup2_stdout(real.as_fd()).unwrap();
        assert_eq!(place(&|| rustix::fs::fstat(&real)), before);
        assert_eq!(during, place(&|| rustix::fs::fstat(io::stderr())));
        assert_eq!(place(&|| rustix::fs::fstat(stdout())), before);
    }
}
