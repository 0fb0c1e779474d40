//! `[[host]]` and `[[service_user]]`: where tokens are for, and who else may act.

use crate::basis::secret::ClientSecret;
use crate::basis::url::WebUrl;
use crate::broker::ground::right::HostKind;
use std::time::Duration;

/// One Bitbucket.
#[derive(Clone, Debug)]
pub struct Host {
    pub url: WebUrl,
    /// Longest life of a token of this host.
    pub max_life: Duration,
    pub terms: HostTerms,
}

/// What is needed to have tokens there.
#[derive(Clone, Debug)]
pub enum HostTerms {
    Cloud(Cloud),
    DataCenter(DataCenter),
}

/// Bitbucket Cloud (`facts/bitbucket.md` A1, E3).
#[derive(Clone, Debug)]
pub struct Cloud {
    /// `https://api.bitbucket.org`.
    pub api: WebUrl,
    /// The private consumer with the scope `repository`.
    pub read: Option<Consumer>,
    /// The private consumer with the scope `repository:write`.
    pub write: Option<Consumer>,
    pub grants: Grants,
    /// Ask Bitbucket for the person's own permission on a repository before a token is handed out.
    pub check_permission: bool,
}

/// An OAuth client of Bitbucket, confidential.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub client_id: String,
    pub client_secret: ClientSecret,
}

/// Where people's grants are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grants {
    Stored,
    /// Given back to the helper, sealed.
    Sealed,
}

/// Bitbucket Data Center (`facts/bitbucket.md` B1, B3, E3).
#[derive(Clone, Debug)]
pub struct DataCenter {
    pub tokens: Tokens,
}

/// Which tokens of Data Center are handed out.
#[derive(Clone, Debug)]
pub enum Tokens {
    /// HTTP access tokens of one repository each, made by this service account with its password (Basic: an HTTP token
    /// cannot make others). `prefix` begins their names; the sweeper touches no other.
    Minted { user: String, password: ClientSecret, prefix: String },
    /// The person's own OAuth grant: incoming application link.
    OAuth { link: Consumer },
}

/// A Bitbucket account that is nobody's, whose grant serves workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUser {
    pub name: String,
    /// The URL of its host.
    pub host: WebUrl,
    /// Bitbucket's id of the account (Cloud `account_id`); another account cannot be connected under this name.
    pub account_id: String,
}

impl Host {
    pub fn kind(&self) -> HostKind {
        match self.terms {
            HostTerms::Cloud(_) => HostKind::Cloud,
            HostTerms::DataCenter(_) => HostKind::DataCenter,
        }
    }

    /// Whether its tokens are somebody's OAuth grant, for which that somebody has to connect once.
    pub fn by_grant(&self) -> bool {
        match &self.terms {
            HostTerms::Cloud(_) => true,
            HostTerms::DataCenter(terms) => matches!(terms.tokens, Tokens::OAuth { .. }),
        }
    }
}
