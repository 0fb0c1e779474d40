//! What one request is about: the host, the account that answers for it, and the names of what is kept.

use crate::app::records::{self, Cached};
use crate::app::world::World;
use crate::basis::credential::Ask;
use crate::basis::host_id::{AccountId, HostId};
use crate::config::settings::{AuthScheme, Host, Profile, Source};
use crate::config::{account_id, host_id};
use crate::vault::{Slot, VaultError};

/// A host of ours, seen from one request.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub host: &'a Host,
    pub profile: &'a Profile,
    pub account: AccountId,
    /// Names the grant: one per host, whatever the repository.
    pub grant: HostId,
    /// Names the credential: one per host, or one per repository.
    pub id: HostId,
    pub ask: Ask,
}

impl<'a> Wanted<'a> {
    /// `path` is what git sent; it counts only where the host is asked per repository.
    pub fn new(profile: &'a Profile, host: &'a Host, path: Option<&str>) -> Self {
        let account = account_id(profile);
        let grant = host_id(&account, host);
        let ask = path.filter(|_| per_repository(host)).map(Ask::of).unwrap_or_default();
        let id = ask.repository.as_ref().map_or_else(|| grant.clone(), |path| grant.with_path(path));
        Self { host, profile, account, grant, id, ask }
    }

    /// What waits in the hot cache for this request.
    pub fn cached(&self, world: &World) -> Option<Cached> {
        records::cached(&world.hot.read(&self.account, &self.slot())?)
    }

    /// Puts a credential where the next `get` finds it.
    pub fn cache(&self, world: &World, cached: &Cached) -> Result<(), VaultError> {
        world.hot.write(&self.account, &self.slot(), &records::cached_bytes(cached), cached.session_ends)
    }

    /// Drops the cached credential.
    pub fn uncache(&self, world: &World) {
        world.hot.drop_slot(&self.account, &self.slot());
    }

    /// How git is to send the token.
    pub fn scheme(&self) -> AuthScheme {
        match &self.host.source {
            Source::CloudOauth(_) => AuthScheme::Basic,
            Source::DataCenterOauth(link) => link.auth_scheme,
            Source::Exchange(exchange) => exchange.auth_scheme,
            Source::Entra(entra) => entra.auth_scheme,
        }
    }

    fn slot(&self) -> Slot {
        Slot::Credential(self.id.clone())
    }
}

/// Whether each repository has a token of its own.
pub fn per_repository(host: &Host) -> bool {
    matches!(&host.source, Source::Exchange(exchange) if exchange.per_repository)
}
