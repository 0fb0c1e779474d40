//! The look of the transcript: comments and commands of a shell, and what the commands say themselves.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;

/// A line of explanation, or several.
pub fn explain(text: &str) {
    _ = say("");
    for line in text.lines() {
        _ = say(&styled(DIM, &format!("# {line}")));
    }
}

/// A command as it would be typed.
pub fn command(line: &str) {
    _ = say(&styled(BOLD, &format!("$ {line}")));
}

/// Plain text. Nobody can be told that nobody reads it.
pub fn say(text: &str) -> ExitCode {
    _ = writeln!(stdout(), "{text}");
    ExitCode::SUCCESS
}

/// What went wrong.
pub fn complain(text: &str) {
    _ = writeln!(stderr(), "demo: {text}");
}

fn styled(style: &str, text: &str) -> String {
    if colourful() { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
}

/// On a terminal, unless `NO_COLOR` (no-color.org) or a terminal without escapes forbids it.
fn colourful() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    stdout().is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
}

const BOLD: &str = "1";
const DIM: &str = "2";
