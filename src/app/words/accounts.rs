//! Whose account it is, and what became of it.

use crate::app::wanted::Wanted;
use crate::app::words::login_command;
use crate::app::world::World;
use crate::basis::failure::{Failure, Kind};
use crate::basis::session::Who;
use crate::basis::url::{BadUrl, WebUrl};

/// Another account signed in than the one whose day it is, or was.
pub fn wrong_account(wanted: &Wanted<'_>, before: &str, now: &Who) -> Failure {
    let what = format!("{now} signed in, but git on this machine works as {before}; nothing was changed");
    let help = format!("{}    (as {before}; or `git credential-bitbucket-sso logout` first)", login_command(wanted));
    Failure::new(Kind::Declined, "wrong-account", what, help)
}

/// `whoami` without anybody.
pub fn nobody_signed_in() -> Failure {
    Failure::new(Kind::SignInNeeded, "sign-in-needed", "nobody is signed in", "git credential-bitbucket-sso login")
}

/// Not a URL.
pub fn not_a_host(typed: &str, error: &BadUrl) -> Failure {
    let what = format!("`--host {}` is no host: {error}", crate::basis::text::clean(typed));
    Failure::new(Kind::Usage, "bad-host", what, "write it as in the configuration, e.g. --host https://bitbucket.org")
}

/// A URL that is not configured.
pub fn unknown_host(world: &World, asked: &WebUrl) -> Failure {
    let known: Vec<String> = world.loaded.settings.hosts.iter().map(|host| host.url.to_string()).collect();
    let help = match known.first() {
        Some(first) => format!("choose one of: {}", if known.len() > 5 { first.clone() } else { known.join(", ") }),
        None => "git credential-bitbucket-sso setup --from FILE".to_owned(),
    };
    Failure::new(Kind::Usage, "unknown-host", format!("{asked} is not configured"), help)
}
