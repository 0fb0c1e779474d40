//! The broker's process: its arguments, streams and exit code.

use bitbucket_sso::basis::process::keep_memory_private;
use bitbucket_sso::broker::commands;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

#[cfg(target_env = "musl")]
#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| say(info.location())));
    keep_memory_private();
    ExitCode::from(commands::run(std::env::args_os(), &mut stdout(), &mut stderr()))
}

/// A broken invariant: one line, never the message, which might quote a value. The request ends, the broker does not.
fn say(place: Option<&std::panic::Location<'_>>) {
    let place = place.map_or_else(|| "unknown".to_owned(), |place| format!("{}:{}", place.file(), place.line()));
    _ = writeln!(stderr(), "bitbucket-sso-broker: internal error at {place} [bug]");
}
