//! Token sources, grants and accounts at Bitbucket: what they refused, and who can change it.

use crate::app::wanted::Wanted;
use crate::app::words::{self, CONFIG_SHOW, duration, login_command};
use crate::basis::account::BitbucketAccount;
use crate::basis::failure::{Failure, Kind};
use crate::basis::session::Who;
use crate::basis::text::clean;
use crate::config::settings::{Identity, Source};
use crate::source::SourceError;
use crate::source::exchange::NO_REPOSITORY;
use crate::source::grant::{Grant, GrantError};
use crate::source::pasted::PasteError;

/// The other side does not take Entra's token; waiters with the same one recognise it by this.
pub const PROOF_REFUSED: &str = "proof-refused";

/// Why a token source gave no token.
pub fn source(wanted: &Wanted<'_>, error: &SourceError) -> Failure {
    let host = wanted.host.url.host();
    let fail = |kind, id, help: String| Failure::new(kind, id, format!("no token for {host}: {error}"), help);
    match error {
        SourceError::NeedsConsent { .. } => fail(Kind::SignInNeeded, "consent-needed", login_command(wanted)),
        SourceError::GrantDead { .. } => fail(Kind::SignInNeeded, "grant-dead", login_command(wanted)),
        SourceError::ProofRefused { .. } => {
            fail(Kind::Denied, PROOF_REFUSED, format!("ask {} which Entra tokens it takes", issuer(wanted)))
        }
        SourceError::NotAllowed { contact, .. } => {
            let whom = contact.clone().unwrap_or_else(|| issuer(wanted));
            fail(Kind::Denied, "not-allowed", format!("ask {whom} for access to this repository"))
        }
        SourceError::Connect { .. } => connect_first(wanted),
        SourceError::StepUp { .. } => fail(Kind::SignInNeeded, "step-up-needed", login_or(wanted, &issuer(wanted))),
        SourceError::Configuration { error, .. } if error == NO_REPOSITORY => fail(
            Kind::Config,
            "no-repository",
            "git credential-bitbucket-sso setup    (it has git name the repository)".into(),
        ),
        SourceError::Configuration { .. } => fail(
            Kind::Config,
            "source-configuration",
            format!("ask {} to compare its settings with: {CONFIG_SHOW}", issuer(wanted)),
        ),
        SourceError::Throttled { after } => {
            let help = after.map_or_else(
                || "run the command again in a minute".to_owned(),
                |after| format!("run the command again in {}", duration(after)),
            );
            fail(Kind::Network, "throttled", help)
        }
        SourceError::Net(error) => words::net(wanted, error),
        SourceError::Upstream { .. } => fail(
            Kind::Upstream,
            "bad-answer",
            "run the command again; if it stays, ask whoever runs that server".into(),
        ),
        SourceError::Unprintable { .. } => {
            fail(Kind::Upstream, "unprintable-credential", format!("ask {} what it answers", issuer(wanted)))
        }
        SourceError::SecretMissing => fail(
            Kind::Config,
            "client-secret-missing",
            "set client_secret, client_secret_file or client_secret_command of this [[host]]".into(),
        ),
    }
}

/// The broker has no account of the person's.
pub fn connect_first(wanted: &Wanted<'_>) -> Failure {
    let host = wanted.host.url.host();
    let what = format!("no token for {host}: no Bitbucket account is connected at {}", broker(wanted));
    Failure::new(Kind::SignInNeeded, "connection-needed", what, login_or(wanted, &issuer(wanted)))
}

/// The page of the broker's came back with an error.
pub fn connect_declined(wanted: &Wanted<'_>, error: &str, said: &str) -> Failure {
    let (host, error, said) = (wanted.host.url.host(), clean(error), clean(said));
    let said = if said.is_empty() { error } else { format!("{error}: {said}") };
    let what = format!("no Bitbucket account was connected at {} for {host}: {said}", broker(wanted));
    Failure::new(Kind::Declined, "connection-declined", what, login_command(wanted))
}

/// The person has been at the page, and the broker still says the same.
pub fn connected_in_vain(wanted: &Wanted<'_>) -> Failure {
    let what = format!(
        "no token for {}: {} still says that no account is connected, although its page said it was",
        wanted.host.url.host(),
        broker(wanted)
    );
    Failure::new(Kind::Upstream, "connection-lost", what, format!("ask {}", issuer(wanted)))
}

/// The sign-in was made, and the broker still wants one.
pub fn stepped_up_in_vain(wanted: &Wanted<'_>) -> Failure {
    let host = wanted.host.url.host();
    let what = format!("no token for {host}: the sign-in just made is not strong or new enough for {}", broker(wanted));
    Failure::new(Kind::Denied, "step-up-refused", what, format!("ask {} which sign-in it wants", issuer(wanted)))
}

/// What is in the way of a token and goes away with `login`.
pub const MENDED_BY_LOGIN: [&str; 5] =
    ["connection-needed", "connection-declined", "connection-lost", "step-up-needed", "step-up-refused"];

fn broker<'a>(wanted: &Wanted<'a>) -> &'a str {
    match &wanted.host.source {
        Source::Exchange(broker) => broker.token_endpoint.host(),
        _ => wanted.host.url.host(),
    }
}

/// `login` for a person; a workload cannot.
fn login_or(wanted: &Wanted<'_>, whom: &str) -> String {
    match wanted.profile.identity {
        Identity::User => login_command(wanted),
        _ => format!("ask {whom}"),
    }
}

/// A token that Bitbucket takes although a repository refused it.
pub fn forbidden_repository(wanted: &Wanted<'_>, who: &Who) -> String {
    let host = wanted.host.url.host();
    format!("bitbucket-sso: {host} accepts the token of {who} but refuses this repository; ask its owner for access")
}

/// A token that git says was refused, of a source that cannot be asked about it, and too young to be replaced.
pub fn minted_a_moment_ago(wanted: &Wanted<'_>, who: &Who) -> String {
    let host = wanted.host.url.host();
    format!(
        "bitbucket-sso: the token of {who} for {host} is less than a minute old, so git gets it again; if it is \
         refused again, ask the repository's owner for access"
    )
}

/// The stored grant belongs to somebody else.
pub fn grant_of_another(wanted: &Wanted<'_>, grant: &Grant, who: &Who) -> Failure {
    let host = wanted.host.url.host();
    let owner = crate::basis::text::clean(&grant.account_name);
    let what = format!("{who} is signed in, but the grant for {host} ({owner}) belongs to another Entra account");
    let help = format!("git credential-bitbucket-sso logout --host {}    (then log in again)", wanted.host.url);
    Failure::new(Kind::Declined, "grant-of-another-account", what, help)
}

/// A grant written by a later version.
pub fn grant_of_other_version(wanted: &Wanted<'_>, error: &GrantError) -> Failure {
    let help = format!("update this program, or: git credential-bitbucket-sso logout --host {}", wanted.host.url);
    Failure::new(Kind::Vault, "grant-version", error.to_string(), help)
}

/// The two accounts are different people.
pub fn accounts_differ(wanted: &Wanted<'_>, who: &Who, account: &BitbucketAccount) -> Failure {
    let what = format!(
        "the Bitbucket account {account} is not the Entra account {who}, so its grant for {} was not kept",
        wanted.host.url.host()
    );
    let help = format!("sign out of Bitbucket in the browser, then: {}", login_command(wanted));
    Failure::new(Kind::Declined, "accounts-differ", what, help)
}

/// The person did not say yes.
pub fn accounts_not_confirmed(wanted: &Wanted<'_>, who: &Who, account: &BitbucketAccount) -> Failure {
    let what = format!(
        "nobody confirmed that the Bitbucket account {account} belongs to {who}, so its grant for {} was not kept",
        wanted.host.url.host()
    );
    Failure::new(Kind::Declined, "accounts-not-confirmed", what, login_command(wanted))
}

/// Asked at the terminal.
pub fn confirm_accounts(wanted: &Wanted<'_>, who: &Who, account: &BitbucketAccount) -> String {
    let host = wanted.host.url.host();
    format!("Use the Bitbucket account {account} at {host} for the Entra account {who}? [y/N]")
}

/// A later consent came from another Bitbucket account.
pub fn other_bitbucket_account(wanted: &Wanted<'_>, before: &str, now: &str) -> Failure {
    let (before, now) = (crate::basis::text::clean(before), crate::basis::text::clean(now));
    let what = format!("{} is bound to the Bitbucket account {before}, not to {now}", wanted.host.url.host());
    let help = format!("git credential-bitbucket-sso logout --host {}    (then log in again)", wanted.host.url);
    Failure::new(Kind::Declined, "other-bitbucket-account", what, help)
}

/// A consent without a refresh token.
pub fn no_grant(wanted: &Wanted<'_>) -> Failure {
    let what = format!("{} gave a token that cannot be renewed", wanted.host.url.host());
    let help = format!("ask {} whether refresh tokens are switched on", issuer(wanted));
    Failure::new(Kind::Upstream, "no-grant", what, help)
}

/// The redirect brought no code.
pub fn pasted(wanted: &Wanted<'_>, error: &PasteError) -> Failure {
    let what = format!("the consent for {} was not given: {error}", wanted.host.url.host());
    Failure::new(Kind::Declined, "consent-declined", what, login_command(wanted))
}

/// Said when something else was pasted.
pub fn pasted_again(error: &PasteError) -> String {
    format!("{error}; paste the whole address of the last page")
}

/// Who is to be asked about a source.
fn issuer(wanted: &Wanted<'_>) -> String {
    match &wanted.host.source {
        Source::CloudOauth(_) => "the administrator of the Bitbucket workspace".into(),
        Source::DataCenterOauth(_) => "the administrator of Bitbucket".into(),
        Source::Exchange(broker) => format!("whoever runs the broker at {}", broker.token_endpoint.host()),
        Source::Entra(_) => "whoever runs the proxy".into(),
    }
}
