//! What `doctor` finds, in words; where it finds what other commands fail with, the words are theirs.

use crate::app::words::{CONFIG_SHOW, DOCTOR, STATUS};
use std::path::Path;

/// Something that was looked at and how it is.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    Configured,
    GitOld,
    GitFound,
    StateUnmakable(&'a Path, &'a str),
    StateUnwritable(&'a Path, &'a str),
    StateUnlockable(&'a Path, &'a str),
    StateNearlyFull(&'a Path),
    StateFine(&'a Path),
    StorageNowhere,
    StorageWorks,
    KernelNotInContainers,
    KernelWorks,
    KernelBroken(&'a str),
    NoAccount,
    WouldSignIn(&'a str, &'a str),
    NobodyToAsk(&'a str),
    Offline,
    NoProxy,
    Proxy,
    TenantValid,
    ClockAgrees,
    ClockDrifts,
    ClockWrong,
    Reached,
    SignedIn,
    SignedOut,
    ConsentNeeded(&'a str),
    GrantThere,
    Ruled,
    TrailHolds,
    TrailBroken,
    SamlUnreachable(&'a str),
    SamlNoMetadata,
    SamlNoCertificate,
    SamlOver,
    SamlNotYet,
    SamlEnds,
    SamlLasts,
    Closed(&'a Path),
    NotClosed(&'a Path, &'a str),
    SetUpAgain,
}

/// The one line that says it, and the one command, or the one role, that helps or shows more.
pub fn seen(seen: &Seen<'_>) -> (String, String) {
    match seen {
        Seen::Configured => said("the configuration is usable", CONFIG_SHOW),
        Seen::GitOld => {
            said("git is older than 2.25, the first that is supported", "ask your administrator to update git")
        }
        Seen::GitFound => said("git is found", "git --version --build-options"),
        Seen::StateUnmakable(at, why) => (format!("the state directory cannot be made: {why}"), list(at)),
        Seen::StateUnwritable(at, why) => (format!("the state directory cannot be written: {why}"), room(at)),
        Seen::StateUnlockable(at, why) => (
            format!("the state directory's file system does not lock: {why}"),
            format!("export XDG_STATE_HOME=/a/local/disk    (instead of {})", at.display()),
        ),
        Seen::StateNearlyFull(at) => ("the state directory has hardly any room left".into(), room(at)),
        Seen::StateFine(at) => ("the state directory is ours, writable and locks".into(), room(at)),
        Seen::Closed(at) => ("files of ours were closed to others".into(), list(at)),
        Seen::NotClosed(at, why) => (format!("files could not be closed to others: {why}"), list(at)),
        Seen::SetUpAgain => said("`setup` was run again", DOCTOR),
        Seen::Offline => said("nothing was asked over the network", DOCTOR),
        Seen::NoProxy => said("no proxy is configured", PROXY),
        Seen::Proxy => said("a proxy is configured", PROXY),
        Seen::TenantValid => said("the tenant's metadata is valid", CONFIG_SHOW),
        Seen::ClockAgrees => said("this machine's clock agrees with Entra's", SET_CLOCK),
        Seen::ClockDrifts => said("this machine's clock drifts from Entra's", SET_CLOCK),
        Seen::ClockWrong => said("this machine's clock is wrong; sign-ins will not be believed", SET_CLOCK),
        Seen::Reached => said("it answers, and its certificate is accepted", STATUS),
        other => kept(other),
    }
}

/// What is kept here, and who is signed in.
fn kept(seen: &Seen<'_>) -> (String, String) {
    match seen {
        Seen::StorageNowhere => said("there is no place to keep a session; each command signs in again", STATUS),
        Seen::StorageWorks => said("an item was written, read and removed", STATUS),
        Seen::KernelNotInContainers => said("not used in a container, where all containers of a user share it", KEYS),
        Seen::KernelWorks => said("it seals and opens", KEYS),
        Seen::KernelBroken(why) => (format!("cached tokens cannot be sealed: {why}"), KEYS.into()),
        Seen::NoAccount => said("no account is configured", STATUS),
        Seen::WouldSignIn(flow, why) => {
            (format!("`login` would sign in by {flow} because {why}"), format!("{LOGIN} --verbose"))
        }
        Seen::NobodyToAsk(why) => (format!("nobody can be asked: {why}"), LOGIN.into()),
        Seen::SignedIn => said("somebody is signed in", STATUS),
        Seen::SignedOut => said("nobody is signed in", LOGIN),
        Seen::ConsentNeeded(host) => {
            ("the next sign-in asks for Bitbucket's consent".into(), format!("{LOGIN} --host {host}"))
        }
        Seen::GrantThere => said("a grant is there", STATUS),
        Seen::Ruled => said("the broker issued the last token", "git credential-bitbucket-sso audit show"),
        Seen::TrailHolds => {
            said("the audit trail can be written, and holds", "git credential-bitbucket-sso audit show")
        }
        Seen::TrailBroken => said("the audit trail does not hold", "git credential-bitbucket-sso audit verify"),
        other => saml(other),
    }
}

fn saml(seen: &Seen<'_>) -> (String, String) {
    let renew = "ask your Entra administrator to renew the SAML signing certificate of the Atlassian application";
    let address = format!("{CONFIG_SHOW}    (compare saml.metadata_url with \"App Federation Metadata Url\" in Entra)");
    match seen {
        Seen::SamlUnreachable(why) => (format!("the SAML certificate could not be looked at: {why}"), address),
        Seen::SamlNoCertificate => {
            ("the federation metadata has no signing certificate that can be read".into(), address)
        }
        Seen::SamlOver => {
            said("Atlassian's SAML signing certificate is over: nobody can sign in to Bitbucket's pages", renew)
        }
        Seen::SamlNotYet => said("Atlassian's SAML signing certificate is not valid yet", renew),
        Seen::SamlEnds => said(
            "Atlassian's SAML signing certificate ends within 30 days; then nobody can sign in to its pages",
            renew,
        ),
        Seen::SamlLasts => said("Atlassian's SAML signing certificate lasts for more than 30 days", CONFIG_SHOW),
        _ => ("what saml.metadata_url names is no federation metadata of an identity provider".into(), address),
    }
}

/// Why sessions are kept where they are.
#[derive(Clone, Copy, Debug)]
pub enum Because {
    Configured,
    Container,
    KeyringAnswers,
    OnlyKernel,
    OnlyMemory,
    Nothing,
}

/// The same in words.
pub fn because(why: Because) -> &'static str {
    match why {
        Because::Configured => "[storage] refresh_tokens says so",
        Because::Container => "this is a container",
        Because::KeyringAnswers => "a keyring service answers",
        Because::OnlyKernel => "no keyring service answers, and the kernel keeps a key",
        Because::OnlyMemory => "neither a keyring service nor the kernel keeps anything",
        Because::Nothing => "nothing on this machine keeps anything",
    }
}

fn said(summary: &str, command: &str) -> (String, String) {
    (summary.to_owned(), command.to_owned())
}

fn list(path: &Path) -> String {
    if cfg!(windows) { format!("icacls \"{}\"", path.display()) } else { format!("ls -ld {}", path.display()) }
}

fn room(path: &Path) -> String {
    if cfg!(windows) {
        format!("fsutil volume diskfree \"{}\"", path.display())
    } else {
        format!("df {}", path.display())
    }
}

const LOGIN: &str = "git credential-bitbucket-sso login";
const PROXY: &str = "git config --global --get http.proxy";
const KEYS: &str = "cat /proc/key-users";
const SET_CLOCK: &str = if cfg!(windows) {
    "w32tm /resync"
} else if cfg!(target_os = "macos") {
    "sudo sntp -sS time.apple.com"
} else {
    "sudo timedatectl set-ntp true"
};
