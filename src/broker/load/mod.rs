//! How much, how often, and what is known of it: quotas, breakers, numbers for Prometheus.

pub mod breaker;
pub mod metrics;
pub mod quota;

pub use breaker::Breakers;
pub use metrics::Metrics;
pub use quota::Quotas;
