//! The trail as a list of events, one row each; hand-outs from the cache are rows of their own.

use crate::audit::read::{Line, Trace};
use crate::basis::clock::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// One event. Digests, never tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// RFC 3339, UTC.
    pub time: String,
    /// As in [`crate::audit::Event`]; `hand-out` for one from the cache.
    pub event: String,
    pub tid: Option<String>,
    pub oid: Option<String>,
    pub user: Option<String>,
    pub host: Option<String>,
    pub path: Option<String>,
    pub source: Option<String>,
    pub scopes: Option<String>,
    /// For a hand-out: of the mint that it belongs to, else the half that its line has.
    pub token_sha256: Option<String>,
    pub expires: Option<String>,
    pub correlation: Option<String>,
    pub uti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    pub bitbucket_account: Option<String>,
    pub grants_removed: Option<u64>,
    pub pid: u64,
    pub program: Option<String>,
    pub outcome: String,
    /// SHA-256 of the line of the trail.
    pub record: String,
}

/// All rows in the order of the trail. Hand-outs get account and host from the mint of their token.
pub fn rows(trace: &Trace) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in &trace.lines {
        match line.value.get("hits").and_then(Value::as_array) {
            Some(hits) => {
                let hits: Vec<Row> = hits.iter().map(|hit| handed_out(line, hit)).collect();
                rows.extend(hits);
            }
            None if line.value.is_object() => rows.push(decision(line)),
            None => {}
        }
    }
    let mints: Vec<Row> = rows.iter().filter(|row| row.event == "mint").cloned().collect();
    for row in rows.iter_mut().filter(|row| row.event == "hand-out") {
        let prefix = row.token_sha256.clone().unwrap_or_default();
        let of = |mint: &&Row| {
            !prefix.is_empty() && mint.token_sha256.as_ref().is_some_and(|token| token.starts_with(&prefix))
        };
        if let Some(mint) = mints.iter().find(of) {
            let Row { time, event, pid, record, outcome, .. } = std::mem::take(row);
            *row = Row { time, event, pid, record, outcome, program: None, ..mint.clone() };
        }
    }
    rows
}

fn decision(line: &Line) -> Row {
    let text = |field| line.text(field).map(str::to_owned);
    let number = |field| line.value.get(field).and_then(Value::as_u64);
    Row {
        time: text("time").unwrap_or_default(),
        event: text("event").unwrap_or_default(),
        tid: text("tid"),
        oid: text("oid"),
        user: text("user"),
        host: text("host"),
        path: text("path"),
        source: text("source"),
        scopes: text("scopes"),
        token_sha256: text("token_sha256"),
        expires: text("expires"),
        correlation: text("correlation"),
        uti: text("uti"),
        identity: text("identity"),
        rule: text("rule"),
        policy: text("policy"),
        bitbucket_account: text("bitbucket_account"),
        grants_removed: number("grants_removed"),
        pid: number("pid").unwrap_or(0),
        program: text("program"),
        outcome: text("outcome").unwrap_or_default(),
        record: line.digest.clone(),
    }
}

fn handed_out(line: &Line, hit: &Value) -> Row {
    let time = hit.get("t").and_then(Value::as_i64).map(|t| Timestamp(t).rfc3339());
    Row {
        time: time.or_else(|| line.text("time").map(str::to_owned)).unwrap_or_default(),
        event: "hand-out".into(),
        token_sha256: hit.get("tok").and_then(Value::as_str).map(str::to_owned),
        pid: hit.get("pid").and_then(Value::as_u64).unwrap_or(0),
        outcome: if hit.is_object() { "ok" } else { "damaged" }.into(),
        record: line.digest.clone(),
        ..Row::default()
    }
}
