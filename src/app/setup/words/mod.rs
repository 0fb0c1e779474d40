//! What people read of `setup` and `unsetup` (STYLE.md section 5.3).

mod admin;
mod changes;
mod migrate;
mod standing;

pub use admin::{CLOUD_SECRET, LINK_SECRET, POLICY_HEAD, checklist, message, written};
pub use changes::{plan, report};
pub use migrate::{found, migrate_question, undone};
pub use standing::{chain, repair};

use super::bootstrap::{BootstrapError, Change, Offer, Signed};
use super::{Blocked, GitError, SetupError};
use crate::basis::failure::{Failure, Kind};
use crate::basis::text::clean;
use crate::net::NetError;
use std::path::Path;

/// The problem and its remedy.
pub fn failure(error: &SetupError) -> Failure {
    match error {
        SetupError::HomeUnset => {
            config("home-unset", "cannot register with git: HOME is not set", format!("HOME=/your/home {SETUP}"))
        }
        SetupError::HomeNotOurs { home } => {
            let what = format!("cannot register with git: HOME is {}, which belongs to another user", show(home));
            config("home-not-ours", what, format!("run `{SETUP}` as the owner of that directory, without sudo"))
        }
        SetupError::ReadOnly { path, why, lines, remove } => left_alone(path, *why, lines, *remove),
        SetupError::Refused { path } => left_alone(path, Blocked::ReadOnly, &[], false),
        SetupError::Locked { lock } => {
            let what = format!("cannot change git's configuration: {} exists, another program is at it", show(lock));
            let help = format!("try again, or if no git command is running: rm {}", quoted(&lock.to_string_lossy()));
            Failure::new(Kind::Busy, "gitconfig-locked", what, help)
        }
        SetupError::ChangedMeanwhile { path } => {
            let what = format!("{} was changed by another program meanwhile, so it was left as it is", show(path));
            Failure::new(Kind::Busy, "gitconfig-changed", what, SETUP)
        }
        SetupError::Foreign { path } => {
            let what = format!("{} was not written by this helper, so it was left as it is", show(path));
            let name = path.to_string_lossy();
            let help = format!("mv {} {}", quoted(&name), quoted(&format!("{name}.old")));
            config("include-file-foreign", what, help)
        }
        SetupError::BadPath { path } => {
            let what = format!("git's configuration cannot hold the path {}", show(path));
            config("path-unusable", what, "use an absolute path of valid text without control characters")
        }
        SetupError::NoSystemFile => {
            let what = "no git in PATH names a system configuration file";
            config("git-system-file", what, format!("{SETUP}    (registers for this user only)"))
        }
        SetupError::Git(error) => git(error),
        SetupError::Io { doing, path, source } => {
            let what = format!("cannot {doing} {}", show(path));
            config("setup-file", what, DOCTOR).with_detail(clean(&source.to_string()))
        }
    }
}

/// The problem and its remedy, for `setup DOMAIN` and `setup --from`.
pub fn bootstrap_failure(error: &BootstrapError) -> Failure {
    match error {
        BootstrapError::BadOrigin { .. } | BootstrapError::BadUrl(_) => {
            Failure::new(Kind::Usage, "bootstrap-origin", error.to_string(), FROM)
        }
        BootstrapError::Net(error) => net(error),
        BootstrapError::Status { place, status } => {
            let kind = if *status >= 500 { Kind::Upstream } else { Kind::Config };
            let what = format!("no configuration was found: {} answered {status}", clean(place));
            Failure::new(kind, "bootstrap-status", what, "ask your administrator for the address, then use --from URL")
        }
        BootstrapError::Unreadable { .. } => config("bootstrap-unreadable", error.to_string(), FROM),
        BootstrapError::TooLarge { .. } | BootstrapError::Document { .. } | BootstrapError::Invalid { .. } => {
            config("bootstrap-document", error.to_string(), "ask whoever published it to correct it")
        }
        BootstrapError::Signature { .. } => {
            let what = format!("{error}, so the configuration was not taken");
            config("bootstrap-signature", what, "ask whoever published it to sign it again")
        }
        BootstrapError::DigestNeeded { sha256 } => {
            let what = "--yes agrees only to a document that is named by its SHA-256 or signed by a key of policy";
            let help = format!("check it, then add --sha256 {sha256}");
            Failure::new(Kind::Usage, "bootstrap-digest-needed", what, help)
        }
        BootstrapError::DigestDiffers { found, wanted } => {
            let what = "the configuration is not the one that was agreed to, so it was not taken";
            let help = "ask your administrator which SHA-256 holds";
            config("bootstrap-digest", what, help).with_detail(format!("SHA-256 {found}, wanted {wanted}"))
        }
        BootstrapError::Differs { path, difference } => {
            let what = format!("{} says otherwise, so it was left as it is", show(path));
            let name = path.to_string_lossy();
            let help = format!("mv {} {}", quoted(&name), quoted(&format!("{name}.old")));
            config("bootstrap-differs", what, help).with_detail(difference.join("\n           "))
        }
        BootstrapError::Write(error) => failure(error),
    }
}

/// What a person must see before agreeing to somebody's configuration.
pub fn offer(offer: &Offer) -> String {
    let summary = &offer.summary;
    let row = |name: &str, values: &[String]| {
        let values: Vec<String> = values.iter().map(|value| clean(value)).collect();
        if values.is_empty() { String::new() } else { format!("  {name:<11}{}\n", values.join(", ")) }
    };
    let mut text = format!("configuration of {}\n", clean(&summary.origin));
    text.push_str(&row("tenant", &summary.tenants));
    text.push_str(&row("sign-in at", &summary.authorities));
    text.push_str(&row("client id", &summary.client_ids));
    text.push_str(&row("hosts", &summary.hosts));
    text.push_str(&row("tokens to", &summary.endpoints));
    text.push_str(&match &offer.signed {
        Signed::Unasked => String::new(),
        Signed::Nobody => row("signed by", &["nobody that policy names".to_owned()]),
        Signed::By(name) => row("signed by", std::slice::from_ref(name)),
    });
    text + &format!("  {:<11}{}\n", "SHA-256", offer.sha256)
}

/// The question after [`offer`].
pub fn question() -> &'static str {
    "sign in with this tenant from now on? [y/N]"
}

/// What a document that was taken before says now, before it is taken again.
pub fn offered_again(offer: &Offer, changes: &[Change]) -> String {
    let lines: Vec<String> = changes.iter().map(|change| format!("  changed    {}\n", change.text)).collect();
    format!("{}{}", self::offer(offer), lines.concat())
}

/// A new version that says nothing new about whom to trust was taken.
pub fn refreshed(origin: &str, changes: &[Change]) -> String {
    let lines: Vec<&str> = changes.iter().map(|change| change.text.as_str()).collect();
    format!("the configuration of {} is new: {}", clean(origin), lines.join("; "))
}

/// A new version that a person has not agreed to, for `status` and `doctor`.
pub fn waiting(origin: &str, changes: &[String], declined: bool) -> String {
    let why = if declined { "was declined" } else { "waits for your yes at the next `login` in a terminal" };
    format!("a new configuration of {} {why}: {}", clean(origin), changes.join("; "))
}

/// The daily look for a new version failed; what is in force stays so.
pub fn not_refreshed(origin: &str, when: &str, why: &str) -> String {
    format!("the configuration of {} could not be looked at again at {when}: {why}", clean(origin))
}

/// The person read the offer and did not agree.
pub fn declined() -> Failure {
    let what = "the configuration was not taken: the answer was no; nothing was changed";
    Failure::new(
        Kind::Declined,
        "setup-declined",
        what,
        "ask your administrator whether the tenant and hosts are right",
    )
}

/// There is no terminal to ask at.
pub fn nobody_to_ask(offer: &Offer) -> Failure {
    let what = "the configuration was not taken: there is no terminal to ask at; nothing was changed";
    let help = format!("compare its SHA-256 with your administrator's, then add: --yes --sha256 {}", offer.sha256);
    Failure::new(Kind::SignInNeeded, "setup-unasked", what, help)
}

fn left_alone(path: &Path, why: Blocked, lines: &[String], remove: bool) -> Failure {
    let name = show(path);
    let reason = match why {
        Blocked::ReadOnly => "is read-only or managed by another tool",
        Blocked::NotAFile => "is no regular file",
        Blocked::OtherOwner => "belongs to another user",
    };
    let what = format!("{name} {reason}, so it was left as it is");
    let pasted = format!("\n{}", lines.join("\n"));
    let help = match (why, remove) {
        (Blocked::NotAFile, _) => "unset GIT_CONFIG_GLOBAL, or let it name a file".to_owned(),
        (_, true) => format!("delete these lines where {name} comes from:{pasted}"),
        (_, false) => format!("add these lines at the end of {name}, where it comes from:{pasted}"),
    };
    config("gitconfig-read-only", what, help)
}

fn git(error: &GitError) -> Failure {
    let help = match error {
        GitError::Missing => "install git, or add its directory to PATH",
        GitError::Start { .. } => DOCTOR,
        GitError::Failed { .. } => "git config --list --show-origin",
    };
    let id = if matches!(error, GitError::Missing) { "git-missing" } else { "git-failed" };
    config(id, error.to_string(), help)
}

fn net(error: &NetError) -> Failure {
    let what = format!("the configuration could not be fetched: {error}");
    Failure::new(Kind::Network, "bootstrap-network", what, DOCTOR)
}

fn config(id: &'static str, what: impl Into<String>, help: impl Into<String>) -> Failure {
    Failure::new(Kind::Config, id, what, help)
}

fn show(path: &Path) -> String {
    clean(&path.to_string_lossy())
}

/// One word for a shell, whatever is in it; blanks count, what a terminal would act on is replaced.
fn quoted(text: &str) -> String {
    let mut word = String::from("'");
    for c in text.chars() {
        match c {
            ' ' => word.push(' '),
            '\'' => word.push_str(r"'\''"),
            other => word.push_str(&clean(other.encode_utf8(&mut [0; 4]))),
        }
    }
    word + "'"
}

const SETUP: &str = "git credential-bitbucket-sso setup";
const DOCTOR: &str = "git credential-bitbucket-sso doctor";
const FROM: &str = "git credential-bitbucket-sso setup --from FILE    (or an https address, or `setup DOMAIN`)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_left_alone_comes_with_the_lines_to_paste() {
        let lines = vec!["[include]".to_owned(), "\tpath = /x".to_owned()];
        let path = Path::new("/nix/store/gitconfig").to_owned();
        let told = failure(&SetupError::ReadOnly { path, why: Blocked::ReadOnly, lines, remove: false });
        assert_eq!((told.kind.exit(), told.id), (3, "gitconfig-read-only"));
        assert!(told.help.ends_with("where it comes from:\n[include]\n\tpath = /x"), "{}", told.help);
    }
}
