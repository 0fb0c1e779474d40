//! Opening everything that a decision needs, and what is said of its state.

use crate::basis::clock::Clock;
use crate::broker::desk::Desk;
use crate::broker::identify::Issuers;
use crate::broker::load::breaker::State;
use crate::broker::load::{Breakers, Metrics, Quotas};
use crate::broker::outward::Outward;
use crate::broker::sealing::{SealError, Sealer};
use crate::broker::settings::{Sealing, Settings};
use crate::broker::store::{self, Store};
use crate::broker::trail::{self, Trail};
use crate::net::NetError;
use std::sync::Arc;

/// Why the desk does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// `ca_file`.
    #[error("{0}")]
    Network(#[from] NetError),
    #[error("{0}")]
    Sealing(#[from] SealError),
    #[error("{0}")]
    Store(#[from] store::OpenError),
    #[error("{0}")]
    Trail(#[from] trail::OpenError),
}

impl Desk {
    /// Opens keys, store, policy and record.
    pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let outward = Outward::new(settings.ca_file.as_deref())?;
        let sealer = Arc::new(match &settings.sealing {
            Sealing::Files(paths) => Sealer::of_files(paths)?,
            Sealing::KeyVault { .. } => return Err(SealError::Unavailable("no key vault".into()).into()),
        });
        let store = Store::open(&settings.store, sealer, clock.clone()).await?;
        let trail = Trail::open(&settings.audit, &outward, clock.clone())?;
        Ok(Self {
            issuers: Issuers::new(&settings.issuers, &outward),
            quotas: Quotas::new(settings.limits.per_subject),
            rule_quotas: settings.limits.per_rule.map(Quotas::new),
            breakers: Breakers::default(),
            metrics: Metrics::default(),
            trail,
            store,
            outward,
            clock,
            settings,
        })
    }

    /// Lets go of the store.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// Each part with what is wrong, if something is.
    pub async fn health(&self) -> Vec<(String, Option<String>)> {
        let now = self.clock.now();
        let mut parts = vec![
            ("store".to_owned(), self.store.ping().await.err().map(|error| error.to_string())),
            ("audit".to_owned(), self.trail.failure()),
        ];
        let issuers = self.issuers.health(now).await;
        parts.extend(issuers.into_iter().map(|(name, wrong)| (format!("issuer {name}"), wrong)));
        parts
    }

    /// The text for Prometheus.
    pub async fn metrics_text(&self) -> String {
        let now = self.clock.now();
        let began = self.clock.steady();
        let alive = self.store.ping().await.is_ok();
        let took = self.clock.steady().saturating_duration_since(began);
        let mut gauges: Vec<(&str, Vec<(&str, String)>, f64)> = vec![
            ("broker_store_up", Vec::new(), f64::from(u8::from(alive))),
            ("broker_store_ping_seconds", Vec::new(), took.as_secs_f64()),
        ];
        for (host, state) in self.breakers.states(now) {
            let number = match state {
                State::Closed => 0.0,
                State::HalfOpen => 0.5,
                State::Open => 1.0,
            };
            gauges.push(("broker_breaker_open", vec![("host", host)], number));
        }
        #[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
        gauges.extend(self.trail.numbers().map(|(name, value)| (name, Vec::new(), value as f64)));
        self.metrics.text(&gauges)
    }
}
