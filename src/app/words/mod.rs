//! Every text a person reads, in one place: what happened, why, and the one thing that helps.
//!
//! First line: lower case, no full stop, the cause included. `help` is one command to paste, or one sentence
//! that names who can help (STYLE.md section 5.3).

mod accounts;
mod asking;
mod audit;
mod bitbucket;
mod configuration;
mod doctor;
mod entra;
mod explain;
mod identity;
mod install;
mod machine;
mod onboarding;
pub mod pages;
mod receipt;
mod standing;

pub use accounts::*;
pub use asking::*;
pub use audit::*;
pub use bitbucket::*;
pub use configuration::*;
pub use doctor::*;
pub use entra::*;
pub use explain::*;
pub use identity::*;
pub use install::*;
pub use machine::*;
pub use onboarding::*;
pub use receipt::*;
pub use standing::*;

use crate::app::wanted::Wanted;

/// The command that signs in for one host.
pub fn login_command(wanted: &Wanted<'_>) -> String {
    format!("git credential-bitbucket-sso login --host {}", wanted.host.url)
}

/// A duration as people say it: seconds below two minutes, else to the nearest minute.
pub fn duration(length: std::time::Duration) -> String {
    let seconds = length.as_secs();
    if seconds < 120 && seconds != 60 {
        return counted(seconds, "second");
    }
    let minutes = (seconds + 30) / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => counted(minutes, "minute"),
        (hours, 0) => counted(hours, "hour"),
        (hours, minutes) => format!("{} {}", counted(hours, "hour"), counted(minutes, "minute")),
    }
}

fn counted(number: u64, unit: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{s}")
}

/// The command that looks for what is wrong here.
const STATUS: &str = "git credential-bitbucket-sso status";
/// The command that examines this machine.
const DOCTOR: &str = "git credential-bitbucket-sso doctor";
/// The command that shows what is in force.
const CONFIG_SHOW: &str = "git credential-bitbucket-sso config show";

#[cfg(test)]
mod tests;
