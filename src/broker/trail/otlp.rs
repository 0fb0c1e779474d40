//! The same records to an OpenTelemetry collector: OTLP over HTTP with JSON. It holds nobody up; what it cannot take is
//! counted and is in the file all the same.

use crate::basis::clock::Timestamp;
use crate::broker::outward::{Call, Method, Outward};
use crate::broker::trail::Record;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

/// Sends records on.
#[derive(Clone)]
pub struct Exporter {
    queue: mpsc::Sender<Record>,
    numbers: Arc<[AtomicU64; 2]>,
}

impl Exporter {
    /// Begins to send to `url`, in batches.
    pub fn start(url: String, outward: Outward) -> Self {
        let (queue, records) = mpsc::channel(QUEUE);
        let numbers = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        tokio::spawn(run(url, outward, records, numbers.clone()));
        Self { queue, numbers }
    }

    /// Takes a record if there is room.
    pub fn offer(&self, record: Record) {
        if self.queue.try_send(record).is_err() {
            self.numbers[1].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many the collector has taken, and how many were dropped.
    pub fn numbers(&self) -> (u64, u64) {
        (self.numbers[0].load(Ordering::Relaxed), self.numbers[1].load(Ordering::Relaxed))
    }
}

async fn run(url: String, outward: Outward, mut records: mpsc::Receiver<Record>, numbers: Arc<[AtomicU64; 2]>) {
    let mut batch = Vec::new();
    while records.recv_many(&mut batch, MOST).await > 0 {
        // A batch fills for a moment: a record alone is not worth a call.
        let until = Instant::now() + GATHER;
        while batch.len() < MOST {
            let room = MOST - batch.len();
            match timeout_at(until, records.recv_many(&mut batch, room)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        let taken = delivered(&url, &outward, &document(&batch)).await;
        numbers[usize::from(!taken)].fetch_add(batch.len() as u64, Ordering::Relaxed);
        batch.clear();
    }
}

/// Tries as often as the protocol asks for (429 and the gateway's errors are worth another try).
async fn delivered(url: &str, outward: &Outward, document: &Value) -> bool {
    let mut pause = FIRST_PAUSE;
    for _ in 0..TRIES {
        match outward.send(Call::json(Method::Post, url, document)).await {
            Ok(reply) if (200..300).contains(&reply.status) => return true,
            Ok(reply) if !matches!(reply.status, 429 | 502 | 503 | 504) => return false,
            Ok(_) | Err(_) => sleep(pause).await,
        }
        pause *= 2;
    }
    false
}

/// `ExportLogsServiceRequest` in OTLP's JSON: 64-bit numbers are text.
fn document(records: &[Record]) -> Value {
    let logs: Vec<Value> = records.iter().map(log).collect();
    json!({ "resourceLogs": [{
        "resource": { "attributes": [
            { "key": "service.name", "value": { "stringValue": "bitbucket-sso-broker" } },
            { "key": "service.version", "value": { "stringValue": env!("CARGO_PKG_VERSION") } },
        ] },
        "scopeLogs": [{ "scope": { "name": "audit" }, "logRecords": logs }],
    }] })
}

fn log(record: &Record) -> Value {
    let seconds = Timestamp::parse(&record.time).map_or(0, |time| time.0);
    let granted = record.outcome == "ok";
    let members = serde_json::to_value(record).unwrap_or_default();
    let members = members.as_object().cloned().unwrap_or_default();
    let attributes: Vec<Value> =
        members.into_iter().map(|(key, value)| json!({ "key": key, "value": any(&value) })).collect();
    json!({
        "timeUnixNano": format!("{seconds}000000000"),
        "severityNumber": if granted { 9 } else { 13 },
        "severityText": if granted { "INFO" } else { "WARN" },
        "body": { "stringValue": format!("{} {}", record.event, record.outcome) },
        "attributes": attributes,
    })
}

fn any(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!({ "boolValue": flag }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::Array(list) => json!({ "arrayValue": { "values": list.iter().map(any).collect::<Vec<_>>() } }),
        Value::String(text) => json!({ "stringValue": text }),
        Value::Null | Value::Object(_) => json!({ "stringValue": value.to_string() }),
    }
}

const QUEUE: usize = 10_000;
const MOST: usize = 512;
const GATHER: Duration = Duration::from_millis(500);
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_log_of_opentelemetry() {
        let record = Record {
            time: "2026-11-25T04:00:00Z".into(),
            event: "exchange",
            outcome: "access_denied".into(),
            rules: vec!["developers".into()],
            seconds: Some(900),
            ..Record::default()
        };
        let document = document(&[record]);
        let log = &document["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
        assert_eq!(log["timeUnixNano"], "1795579200000000000");
        assert_eq!(
            (&log["severityNumber"], &log["body"]["stringValue"]),
            (&json!(13), &json!("exchange access_denied"))
        );
        let attribute = |key: &str| {
            let all = log["attributes"].as_array().unwrap();
            all.iter().find(|one| one["key"] == key).map(|one| one["value"].clone()).unwrap()
        };
        assert_eq!(attribute("seconds"), json!({ "intValue": "900" }));
        assert_eq!(attribute("rules"), json!({ "arrayValue": { "values": [{ "stringValue": "developers" }] } }));
    }
}
