//! Opening everything that a decision needs, and what is said of its state.

use crate::basis::clock::Clock;
use crate::basis::env::Env;
use crate::broker::cloud::permission::Permissions;
use crate::broker::data_center::sweep::{Swept, sweep_always};
use crate::broker::data_center::{CenterHost, Namer};
use crate::broker::desk::Desk;
use crate::broker::identify::Issuers;
use crate::broker::load::breaker::State;
use crate::broker::load::metrics::Gauge;
use crate::broker::load::{Breakers, Metrics, Quotas};
use crate::broker::outward::Outward;
use crate::broker::policy::Surroundings;
use crate::broker::policy::live::Live;
use crate::broker::sealing::{SealError, Sealer};
use crate::broker::settings::Settings;
use crate::broker::store::{self, Store};
use crate::broker::trail::{self, Trail};
use crate::net::NetError;
use std::sync::Arc;
use std::time::Duration;

/// Why the desk does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// `ca_file`.
    #[error("{0}")]
    Network(#[from] NetError),
    /// Every problem of the policy, a line each.
    #[error("{0}")]
    Policy(String),
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
        let live = Live::start(settings.policy.clone(), Surroundings::of(&settings), clock.clone());
        let policy = live.map_err(OpenError::Policy)?;
        let sealer = Arc::new(Sealer::of(&settings.sealing, &outward, &Env::Process)?);
        let store = Store::open(&settings.store, sealer.clone(), clock.clone()).await?;
        let centers: Vec<CenterHost> = settings
            .hosts
            .iter()
            .filter_map(|host| CenterHost::new(store.clone(), outward.clone(), host, Namer::new(sealer.clone())))
            .collect();
        let trail = Trail::open(&settings.audit, &outward, clock.clone())?;
        let metrics = Arc::new(Metrics::default());
        let sweeper = tokio::spawn(sweep(store.clone(), centers.clone(), clock.clone(), metrics.clone()));
        let tidier = tokio::spawn(tidy(store.clone(), clock.clone(), metrics.clone()));
        Ok(Self {
            policy,
            centers,
            permissions: Permissions::default(),
            chores: vec![sweeper.abort_handle(), tidier.abort_handle()],
            issuers: Issuers::new(&settings.issuers, outward.clone()),
            quotas: Quotas::new(settings.limits.per_subject),
            rule_quotas: settings.limits.per_rule.map(Quotas::new),
            visitors: Quotas::new(VISITS_OF_ONE),
            beginnings: Quotas::new(VISITS_OF_ALL),
            breakers: Breakers::default(),
            metrics,
            trail,
            store,
            sealer,
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
        let policy = self.policy.health(now);
        let mut parts = vec![
            ("policy".to_owned(), policy.trouble),
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
        let policy = self.policy.health(now);
        let since = self.clock.now().0 - policy.since.0;
        let mut gauges = vec![
            Gauge("broker_policy_info", vec![("digest", policy.digest)], 1.0),
            Gauge("broker_policy_unread_seconds", Vec::new(), policy.age.as_secs_f64()),
            Gauge("broker_policy_in_force_seconds", Vec::new(), seconds(since)),
            Gauge("broker_policy_open", Vec::new(), f64::from(u8::from(policy.open))),
            Gauge("broker_store_up", Vec::new(), f64::from(u8::from(alive))),
            Gauge("broker_store_ping_seconds", Vec::new(), took.as_secs_f64()),
        ];
        for (host, state) in self.breakers.states(now) {
            let number = match state {
                State::Closed => 0.0,
                State::HalfOpen => 0.5,
                State::Open => 1.0,
            };
            gauges.push(Gauge("broker_breaker_open", vec![("host", host)], number));
        }
        for condition in self.issuers.conditions(now) {
            let age = condition.age.map_or(-1.0, |age| age.as_secs_f64());
            gauges.push(Gauge("broker_issuer_keys_age_seconds", vec![("issuer", condition.name)], age));
        }
        let numbers = self.trail.numbers();
        gauges.extend(numbers.map(|(name, value)| Gauge(name, Vec::new(), seconds(value.cast_signed()))));
        self.metrics.text(&gauges)
    }
}

/// Tokens of Data Center whose end has come go; any replica does it.
async fn sweep(store: Store, centers: Vec<CenterHost>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) {
    let told = |swept: Swept| {
        (0..swept.deleted).for_each(|_| metrics.count("broker_swept_total", &[("outcome", "deleted")]));
        swept.failed.iter().for_each(|_| metrics.count("broker_swept_total", &[("outcome", "failed")]));
    };
    sweep_always(store, centers, clock, EVERY, told).await;
}

/// What the store need not remember goes; keys that another replica has brought come.
async fn tidy(store: Store, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) {
    loop {
        if store.tidy(clock.now()).await.is_err() {
            metrics.count("broker_tidy_failures_total", &[]);
        }
        tokio::time::sleep(EVERY).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
fn seconds(number: i64) -> f64 {
    number as f64
}

/// A minute: an office behind one address on its first morning, and what the store remembers of a quarter of an hour.
const VISITS_OF_ONE: u32 = 120;
const VISITS_OF_ALL: u32 = 3000;
/// Between two rounds of what is done all the time.
const EVERY: Duration = Duration::from_secs(30);
