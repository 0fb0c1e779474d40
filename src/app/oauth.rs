//! The two sources that need a person's consent at Bitbucket, behind one face.

use crate::app::slow;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::account::BitbucketAccount;
use crate::basis::failure::Failure;
use crate::basis::pkce;
use crate::basis::secret::{ClientSecret, Code, GitToken, Verifier};
use crate::config;
use crate::config::settings::{AccountMatch, CloudOauth, DataCenterOauth, SecretSource, Source};
use crate::source::grant::Grant;
use crate::source::{Granted, Mint, Probe, SourceError, cloud, data_center};

/// A Cloud consumer or a Data Center application link.
#[derive(Clone, Copy)]
pub enum OAuth<'a> {
    Cloud(&'a CloudOauth),
    DataCenter(&'a DataCenterOauth),
}

/// What Bitbucket's redirect brought, and what it was asked with.
pub struct Answered<'a> {
    pub code: &'a Code,
    pub redirect_uri: &'a str,
    pub verifier: &'a Verifier,
}

impl<'a> OAuth<'a> {
    /// `None` for sources that hold no grant.
    pub fn of(source: &'a Source) -> Option<Self> {
        match source {
            Source::CloudOauth(consumer) => Some(Self::Cloud(consumer)),
            Source::DataCenterOauth(link) => Some(Self::DataCenter(link)),
            Source::Exchange(_) | Source::Entra(_) => None,
        }
    }

    /// The redirect URI as registered at Bitbucket.
    pub fn registered_uri(&self) -> &'a str {
        match self {
            Self::Cloud(consumer) => &consumer.redirect_uri,
            Self::DataCenter(link) => &link.redirect_uri,
        }
    }

    /// How the two accounts are compared before a first grant is stored.
    pub fn account_match(&self) -> AccountMatch {
        match self {
            Self::Cloud(consumer) => consumer.account_match,
            Self::DataCenter(link) => link.account_match,
        }
    }

    /// The client's secret, read at the moment it is needed.
    pub fn secret(&self, world: &World) -> Result<Option<ClientSecret>, Failure> {
        let from: &SecretSource = match self {
            Self::Cloud(consumer) => &consumer.client_secret,
            Self::DataCenter(link) => &link.client_secret,
        };
        let secret = || config::client_secret(from, &world.env, &*world.clock).map_err(|error| words::config(&error));
        if matches!(from, SecretSource::Command(_)) { slow::program(secret) } else { secret() }
    }

    /// Bitbucket's page on which the person consents.
    pub fn authorize_url(&self, wanted: &Wanted<'_>, redirect_uri: &str, state: &str, verifier: &Verifier) -> String {
        let challenge = pkce::challenge(verifier);
        match self {
            Self::Cloud(consumer) => cloud::authorize_url(consumer, redirect_uri, state, &challenge),
            Self::DataCenter(link) => data_center::authorize_url(&wanted.host.url, link, state, &challenge),
        }
    }

    /// Trades the code for tokens.
    pub fn redeem(
        &self,
        mint: &Mint<'_>,
        wanted: &Wanted<'_>,
        secret: Option<&ClientSecret>,
        answer: &Answered<'_>,
    ) -> Result<Granted, SourceError> {
        let Answered { code, redirect_uri, verifier } = answer;
        match self {
            Self::Cloud(consumer) => cloud::redeem(mint, consumer, secret, code, redirect_uri, verifier),
            Self::DataCenter(link) => data_center::redeem(mint, &wanted.host.url, link, secret, code, verifier),
        }
    }

    /// Trades the grant for a new token.
    pub fn refresh(
        &self,
        mint: &Mint<'_>,
        wanted: &Wanted<'_>,
        secret: Option<&ClientSecret>,
        grant: &Grant,
    ) -> Result<Granted, SourceError> {
        match self {
            Self::Cloud(consumer) => cloud::refresh(mint, consumer, secret, &grant.refresh_token),
            Self::DataCenter(link) => {
                let Grant { refresh_token, redirect_uri, .. } = grant;
                data_center::refresh(mint, &wanted.host.url, link, secret, refresh_token, redirect_uri)
            }
        }
    }

    /// Whose token it is.
    pub fn account(
        &self,
        world: &World,
        wanted: &Wanted<'_>,
        token: &GitToken,
    ) -> Result<BitbucketAccount, SourceError> {
        match self {
            Self::Cloud(consumer) => cloud::account(world.http.get(), consumer, token),
            Self::DataCenter(_) => data_center::account(world.http.get(), &wanted.host.url, token),
        }
    }

    /// Whether Bitbucket still takes the token, by one cheap call.
    pub fn probe(&self, world: &World, wanted: &Wanted<'_>, token: &GitToken) -> Result<Probe, SourceError> {
        match self {
            Self::Cloud(consumer) => cloud::probe(world.http.get(), consumer, token),
            Self::DataCenter(_) => data_center::probe(world.http.get(), &wanted.host.url, token),
        }
    }
}
