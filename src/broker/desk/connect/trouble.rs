//! What goes wrong on the way, and what the person reads then: an identifier, one sentence, one help.

use crate::basis::text;
use crate::broker::ground::issued::IssueError;
use crate::broker::store::StoreError;

/// Why somebody is not connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    Malformed,
    UnknownHost,
    NotNeeded,
    NoSignIn,
    UnknownService,
    Expired,
    OtherBrowser,
    /// Entra's own name for its refusal.
    EntraRefused(String),
    EntraFailed(String),
    NotBelieved(String),
    NotAdministrator {
        who: String,
    },
    Declined,
    BitbucketRefused(String),
    BitbucketFailed(String),
    SetUp(String),
    AccountsDiffer {
        who: String,
        account: String,
    },
    OtherAccount {
        who: String,
        kept: String,
        account: String,
    },
    NotTheService {
        wanted: String,
        account: String,
    },
    NotConfirmed {
        who: String,
        account: String,
    },
    Store(String),
}

impl Trouble {
    pub(super) fn store(error: &StoreError) -> Self {
        Self::Store(error.to_string())
    }

    pub(super) fn bitbucket(error: &IssueError) -> Self {
        match error {
            IssueError::Misconfigured(what) => Self::SetUp(text::clean(what)),
            other => Self::BitbucketFailed(text::clean(&other.to_string())),
        }
    }

    /// For `explain`, records and people who search.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Malformed => "connect-malformed",
            Self::UnknownHost => "connect-unknown-host",
            Self::NotNeeded => "connect-not-needed",
            Self::NoSignIn => "connect-no-sign-in",
            Self::UnknownService => "connect-unknown-service",
            Self::Expired => "connect-expired",
            Self::OtherBrowser => "connect-other-browser",
            Self::EntraRefused(_) => "connect-entra-refused",
            Self::EntraFailed(_) => "connect-entra-failed",
            Self::NotBelieved(_) => "connect-not-believed",
            Self::NotAdministrator { .. } => "connect-not-administrator",
            Self::Declined => "connect-declined",
            Self::BitbucketRefused(_) => "connect-bitbucket-refused",
            Self::BitbucketFailed(_) => "connect-bitbucket-failed",
            Self::SetUp(_) => "connect-set-up",
            Self::AccountsDiffer { .. } => "connect-accounts-differ",
            Self::OtherAccount { .. } => "connect-other-account",
            Self::NotTheService { .. } => "connect-not-the-service",
            Self::NotConfirmed { .. } => "connect-not-confirmed",
            Self::Store(_) => "connect-store",
        }
    }

    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Malformed | Self::Expired => 400,
            Self::UnknownHost | Self::NotNeeded | Self::NoSignIn | Self::UnknownService => 404,
            Self::EntraFailed(_) | Self::BitbucketFailed(_) => 502,
            Self::SetUp(_) => 500,
            Self::Store(_) => 503,
            Self::OtherAccount { .. } => 409,
            _ => 403,
        }
    }

    /// What happened.
    pub(super) fn what(&self) -> String {
        match self {
            Self::Malformed => "This address does not lead anywhere: something in it is missing or too much.".into(),
            Self::UnknownHost => "This broker has no such Bitbucket.".into(),
            Self::NotNeeded => "Nobody has to connect an account there: the broker makes its tokens itself.".into(),
            Self::NoSignIn => "This broker cannot sign anybody in: its configuration has no [sign_in].".into(),
            Self::UnknownService => "This broker has no service user of that name on that Bitbucket.".into(),
            Self::Expired => "This page was used already, or took longer than fifteen minutes.".into(),
            Self::OtherBrowser => "This page belongs to another browser: it was not this one that began.".into(),
            Self::EntraRefused(why) => format!("Microsoft did not sign you in: {why}."),
            Self::EntraFailed(why) => format!("Microsoft could not be asked: {why}."),
            Self::NotBelieved(why) => format!("Microsoft's answer is not believed: {why}."),
            Self::NotAdministrator { who } => format!("{who} may not connect service users."),
            Self::Declined => "Bitbucket was not allowed to give access.".into(),
            Self::BitbucketRefused(why) => format!("Bitbucket did not give access: {why}."),
            Self::BitbucketFailed(why) => format!("Bitbucket could not be asked: {why}."),
            Self::SetUp(why) => format!("The broker is set up wrongly: {why}."),
            Self::AccountsDiffer { who, account } => {
                format!("The Bitbucket account {account} does not belong to {who}: its addresses are others.")
            }
            Self::OtherAccount { who, kept, account } => {
                format!("{who} is connected with the Bitbucket account {kept}; this one is {account}.")
            }
            Self::NotTheService { wanted, account } => {
                format!("This service user is the Bitbucket account {wanted}; this one is {account}.")
            }
            Self::NotConfirmed { who, account } => format!("{who} and {account} were not connected, as you wished."),
            Self::Store(_) => "The broker cannot remember anything just now.".into(),
        }
    }

    /// What helps.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Malformed | Self::Expired | Self::OtherBrowser | Self::Declined | Self::NotConfirmed { .. } => {
                "Begin again: open the address that git showed you, in one browser."
            }
            Self::UnknownHost | Self::NotNeeded | Self::UnknownService => {
                "Ask whoever gave you this address; git names the right one."
            }
            Self::EntraRefused(_) | Self::BitbucketRefused(_) => {
                "Begin again; if it happens twice, show this page to your administrator."
            }
            Self::EntraFailed(_) | Self::BitbucketFailed(_) | Self::Store(_) => "Try again in a minute.",
            Self::AccountsDiffer { .. } | Self::OtherAccount { .. } => {
                "Log out of Bitbucket, log in with your own account, and begin again."
            }
            Self::NotTheService { .. } => "Log in to Bitbucket as the service user and begin again.",
            Self::NotAdministrator { .. } => "Ask one of those whom the broker's [sign_in] administrators names.",
            Self::NoSignIn | Self::NotBelieved(_) | Self::SetUp(_) => "Show this page to the broker's administrator.",
        }
    }
}
