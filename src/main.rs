//! The process: its arguments, streams and exit code.

use bitbucket_sso::basis::env::Env;
use bitbucket_sso::basis::process::keep_memory_private;
use bitbucket_sso::git::streams::{take_stdout, unbuffered_stdin};
use bitbucket_sso::run::{Invocation, run};
use std::io::{IsTerminal, Write, stderr, stdin};
use std::process::ExitCode;

#[cfg(target_env = "musl")]
#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| quit(info.location())));
    keep_memory_private();
    let Ok(mut stdout) = take_stdout() else { return ExitCode::from(1) };
    let args = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let code = run(&mut Invocation {
        args,
        env: Env::Process,
        stdin: &mut unbuffered_stdin(),
        stdout: &mut stdout,
        stderr: &mut stderr(),
        person: || stdin().is_terminal(),
    });
    ExitCode::from(code)
}

/// A broken invariant: one line, never the message, which might quote a value.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "with panic = \"abort\" the code would be 134")]
fn quit(place: Option<&std::panic::Location<'_>>) {
    let place = place.map_or_else(|| "unknown".to_owned(), |place| format!("{}:{}", place.file(), place.line()));
    _ = writeln!(stderr(), "bitbucket-sso: internal error at {place} [bug]\n  do this: report it with this line");
    std::process::exit(1);
}
