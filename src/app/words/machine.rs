//! Vault, locks, audit trail, network and streams: what this machine could not do.

use crate::app::wanted::Wanted;
use crate::app::words::{CONFIG_SHOW, DOCTOR, STATUS, login_command};
use crate::audit::JournalError;
use crate::basis::failure::{Failure, Kind};
use crate::flight::FlightError;
use crate::git::answer::AnswerError;
use crate::git::request::RequestError;
use crate::net::{Flaw, NetError};
use crate::vault::VaultError;

/// Sessions and grants could not be read or stored.
pub fn vault(error: &VaultError) -> Failure {
    let fail = |id, help: &str| Failure::new(Kind::Vault, id, format!("the sign-in cannot be kept: {error}"), help);
    match error {
        VaultError::Missing(_) => fail(
            "keyring-missing",
            "start a Secret Service (gnome-keyring, KWallet), on Windows sign in at the machine and not over a network, or \
             set [storage] refresh_tokens = \"auto\"",
        ),
        VaultError::Locked => fail("keyring-locked", "unlock your keyring, then run the command again"),
        VaultError::TimedOut(_) => {
            fail("keyring-hangs", "look for a dialog of your keyring, or restart its service, then try again")
        }
        VaultError::Quota => fail("kernel-keyring-full", "keyctl show @u    (then revoke keys that nobody needs)"),
        VaultError::Newer => Failure {
            kind: Kind::Busy,
            ..fail("session-changed", "run the command again; another process was quicker")
        },
        VaultError::Unsafe(path, _) => {
            let path = path.display();
            fail("storage-unsafe", &format!("{DOCTOR} --fix    ({path} must be yours, no link, with mode 0700)"))
        }
        VaultError::Broken(_) => fail("keyring-broken", STATUS),
    }
}

/// A lane could not be entered.
pub fn flight(error: &FlightError) -> Failure {
    match error {
        FlightError::Busy(_) => Failure::new(
            Kind::Busy,
            "busy",
            error.to_string(),
            "finish or cancel that sign-in, then run the command again",
        ),
        FlightError::Broken { path, .. } => Failure::new(
            Kind::Busy,
            "lock-unusable",
            error.to_string(),
            format!(
                "{DOCTOR} --fix    ({} must be yours, writable, and on a local disk)",
                path.parent().unwrap_or(path).display()
            ),
        ),
    }
}

/// The audit trail could not be written, so nothing is handed out.
pub fn journal(error: &JournalError) -> Failure {
    let help = format!("ls -l {0}; df {0}    (it must be writable, with room left)", error.path.display());
    Failure::new(Kind::Busy, "audit-unwritable", format!("no token is handed out: {error}"), help)
}

/// There was no reply from the network.
pub fn net(wanted: &Wanted<'_>, error: &NetError) -> Failure {
    let what = format!("no token for {}: {error}", wanted.host.url.host());
    let (id, help) = match error {
        NetError::Unreachable { .. } => ("unreachable", "check the network or VPN, then run the command again".into()),
        NetError::Proxy { .. } => {
            ("proxy", "git config --global --get http.proxy    (and HTTPS_PROXY in the environment)".into())
        }
        NetError::Tls { flaw, .. } => ("tls", certificate_help(*flaw).into()),
        NetError::TimedOut { .. } => ("timed-out", "check the network or VPN, then run the command again".into()),
        NetError::TooLarge { .. } => {
            ("answer-too-large", "ask whoever runs that server; its answer is no token".into())
        }
        NetError::Trust { .. } => {
            ("certificates", format!("{CONFIG_SHOW}    (the file in network.ca_file must hold certificates as PEM)"))
        }
    };
    let help: String = help;
    Failure::new(Kind::Network, id, what, help)
}

fn certificate_help(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Issuer | Flaw::Other => {
            "ask your administrator for the company's root certificate and name its file in [network] ca_file"
        }
        Flaw::Dates => {
            "date -u    (the certificate's dates are judged by this machine's clock; if that is right, ask whoever \
             runs that server)"
        }
        Flaw::Pin => "ask whoever runs this cluster; IDENTITY_SERVER_THUMBPRINT must be that of its identity service",
        Flaw::Name => "check the address in the configuration; if it is right, a captive portal or proxy is in the way",
    }
}

/// Git's request was refused.
pub fn request(error: &RequestError) -> Failure {
    let what = format!("the credential request was refused: {error}");
    let help = "git remote -v    (look for a URL without a host, or with characters that do not belong in one)";
    Failure::new(Kind::Usage, "bad-request", what, help)
}

/// The answer was refused.
pub fn answer(error: &AnswerError) -> Failure {
    let what = format!("the credential was not given to git: {error}");
    match error {
        AnswerError::ControlByte(_) => Failure::new(Kind::Upstream, "unprintable-credential", what, ASK_THE_SOURCE),
        AnswerError::Unwritable(_) => Failure::new(Kind::Bug, "output", what, "run the git command again"),
    }
}

/// A user name or token with a byte that could break git's protocol.
pub fn unprintable(wanted: &Wanted<'_>) -> Failure {
    let what = format!("the user name or token for {} holds a control character", wanted.host.url.host());
    Failure::new(Kind::Upstream, "unprintable-credential", what, ASK_THE_SOURCE)
}

/// Standard output could not be written.
pub fn output(error: &std::io::Error) -> Failure {
    Failure::new(
        Kind::Bug,
        "output",
        format!("the result cannot be written: {error}"),
        "send it somewhere that can be written",
    )
}

/// No browser could be started although one was to be.
pub fn no_browser(wanted: &Wanted<'_>, error: &crate::ui::UiError) -> Failure {
    let what = format!("the sign-in for {} could not begin: {error}", wanted.host.url.host());
    Failure::new(Kind::SignInNeeded, "no-browser", what, format!("{} --device-code", login_command(wanted)))
}

const ASK_THE_SOURCE: &str = "ask whoever runs the token source of this host what it answers";
