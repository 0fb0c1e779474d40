//! Numbers for Prometheus, written by hand. Labels are names of the program and of the policy, never of people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// All counters and the histogram of durations.
#[derive(Default)]
pub struct Metrics {
    counters: Mutex<BTreeMap<(&'static str, String), u64>>,
    times: Mutex<BTreeMap<&'static str, Histogram>>,
}

/// A number as it is just now: name, labels, value.
pub struct Gauge(pub &'static str, pub Vec<(&'static str, String)>, pub f64);

#[derive(Clone, Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Metrics {
    /// One more of something.
    pub fn count(&self, name: &'static str, labels: &[(&str, &str)]) {
        let labels = written(labels);
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner).entry((name, labels)).or_default() += 1;
    }

    /// One request that was answered.
    pub fn request(&self, endpoint: &'static str, status: u16, took: Duration) {
        self.count("broker_requests_total", &[("endpoint", endpoint), ("status", &status.to_string())]);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let histogram = times.entry(endpoint).or_default();
        histogram.count += 1;
        histogram.sum += took.as_secs_f64();
        for (bucket, bound) in histogram.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(took.as_secs_f64() <= bound);
        }
    }

    /// All of it in Prometheus' text format; gauges are measured by the caller.
    pub fn text(&self, gauges: &[Gauge]) -> String {
        let mut text = String::new();
        let mut before = "";
        for ((name, labels), value) in self.counters.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            head(&mut text, &mut before, name, "counter");
            // Writing to a String cannot fail.
            _ = writeln!(text, "{name}{labels} {value}");
        }
        self.histograms(&mut text);
        for Gauge(name, labels, value) in gauges {
            head(&mut text, &mut before, name, "gauge");
            let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
            _ = writeln!(text, "{name}{} {value}", written(&labels));
        }
        text
    }

    fn histograms(&self, text: &mut String) {
        const NAME: &str = "broker_request_seconds";
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if !times.is_empty() {
            _ = writeln!(text, "# TYPE {NAME} histogram");
        }
        for (endpoint, Histogram { buckets, count, sum }) in times.iter() {
            for (bucket, bound) in buckets.iter().zip(BOUNDS) {
                _ = writeln!(text, "{NAME}_bucket{{endpoint=\"{endpoint}\",le=\"{bound}\"}} {bucket}");
            }
            _ = writeln!(text, "{NAME}_bucket{{endpoint=\"{endpoint}\",le=\"+Inf\"}} {count}");
            _ = writeln!(text, "{NAME}_sum{{endpoint=\"{endpoint}\"}} {sum}");
            _ = writeln!(text, "{NAME}_count{{endpoint=\"{endpoint}\"}} {count}");
        }
    }
}

fn head<'a>(text: &mut String, before: &mut &'a str, name: &'a str, kind: &str) {
    if *before != name {
        _ = writeln!(text, "# TYPE {name} {kind}");
        *before = name;
    }
}

fn written(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

/// Seconds.
const BOUNDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_prometheus_own() {
        let metrics = Metrics::default();
        metrics.count("broker_decisions_total", &[("rule", "a\"b"), ("outcome", "ok")]);
        metrics.request("/oauth2/token", 200, Duration::from_millis(3));
        metrics.request("/oauth2/token", 200, Duration::from_secs(60));
        let text = metrics.text(&[Gauge("broker_policy_age_seconds", Vec::new(), 12.0)]);
        for line in [
            "# TYPE broker_decisions_total counter",
            "broker_decisions_total{rule=\"a\\\"b\",outcome=\"ok\"} 1",
            "broker_requests_total{endpoint=\"/oauth2/token\",status=\"200\"} 2",
            "# TYPE broker_request_seconds histogram",
            "broker_request_seconds_bucket{endpoint=\"/oauth2/token\",le=\"0.0025\"} 0",
            "broker_request_seconds_bucket{endpoint=\"/oauth2/token\",le=\"0.005\"} 1",
            "broker_request_seconds_bucket{endpoint=\"/oauth2/token\",le=\"+Inf\"} 2",
            "broker_request_seconds_sum{endpoint=\"/oauth2/token\"} 60.003",
            "# TYPE broker_policy_age_seconds gauge",
            "broker_policy_age_seconds 12",
        ] {
            assert!(text.lines().any(|own| own == line), "{line}\n{text}");
        }
    }
}
