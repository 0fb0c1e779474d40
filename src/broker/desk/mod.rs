//! The landing: identify → decide → issue → record. What is asked here is answered and recorded here.

pub mod caller;
pub mod connect;
pub mod exchange;
mod explain;
mod issue;
mod open;
pub mod request;
pub mod revoke;
pub mod visits;

pub use open::OpenError;

use crate::basis::clock::Clock;
use crate::broker::cloud::permission::Permissions;
use crate::broker::data_center::CenterHost;
use crate::broker::desk::caller::Caller;
use crate::broker::identify::Issuers;
use crate::broker::load::{Breakers, Metrics, Quotas};
use crate::broker::outward::Outward;
use crate::broker::policy::live::Live;
use crate::broker::sealing::Sealer;
use crate::broker::settings::Settings;
use crate::broker::store::Store;
use crate::broker::trail::Trail;
use std::sync::Arc;

/// Everything that a decision needs.
pub struct Desk {
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub metrics: Arc<Metrics>,
    policy: Live,
    issuers: Issuers,
    centers: Vec<CenterHost>,
    permissions: Permissions,
    quotas: Quotas,
    rule_quotas: Option<Quotas>,
    /// Journeys that begin at `/connect`, by address and in all.
    visitors: Quotas,
    beginnings: Quotas,
    breakers: Breakers,
    trail: Trail,
    store: Store,
    sealer: Arc<Sealer>,
    outward: Outward,
    /// They end with the desk.
    chores: Vec<tokio::task::AbortHandle>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.chores.iter().for_each(tokio::task::AbortHandle::abort);
    }
}

impl Desk {
    /// A request came to no end: the record says so, if nothing else does.
    pub async fn record_panic(&self, caller: &Caller) {
        self.metrics.count("broker_panics_total", &[("endpoint", caller.endpoint)]);
        let mut record = caller.record("panic", self.clock.now().rfc3339());
        record.outcome = "server_error".into();
        record.reason = Some(format!("a panic at {}", caller.endpoint));
        // Nobody is left to be told.
        _ = self.trail.record(record).await;
    }
}
