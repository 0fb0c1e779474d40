//! The trail in forms that other programs take.

use crate::audit::Row;
use crate::basis::clock::Timestamp;
use crate::basis::url::WebUrl;
use serde_json::{Map, Value, json};

/// A form of `audit export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One object a line, with the columns of [`Form::Csv`].
    Jsonl,
    /// RFC 4180 with a header.
    Csv,
    /// Open Cybersecurity Schema Framework 1.3.0, class Authentication (3002), one event a line.
    Ocsf,
}

/// Writes the rows.
pub fn export(rows: &[Row], form: Form) -> String {
    match form {
        Form::Jsonl => rows.iter().flat_map(|row| [json!(row).to_string(), "\n".into()]).collect(),
        Form::Ocsf => rows.iter().flat_map(|row| [ocsf(row).to_string(), "\n".into()]).collect(),
        Form::Csv => csv(rows),
    }
}

fn csv(rows: &[Row]) -> String {
    let mut text = COLUMNS.join(",") + "\r\n";
    for row in rows {
        let row = json!(row);
        let cells: Vec<String> = COLUMNS.iter().map(|column| cell(row.get(column))).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A spreadsheet would run what begins like a formula.
fn cell(value: Option<&Value>) -> String {
    let text = match value {
        Some(Value::String(text)) if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => format!("'{text}"),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn ocsf(row: &Row) -> Value {
    let activity = match row.event.as_str() {
        "sign-in" => 1,
        "logout" | "ended" => 2,
        "mint" | "hand-out" => 4,
        _ => 99,
    };
    let mut event = json!({
        "class_uid": 3002,
        "class_name": "Authentication",
        "category_uid": 3,
        "category_name": "Identity & Access Management",
        "activity_id": activity,
        "activity_name": ACTIVITIES.iter().find(|(id, _)| *id == activity).map_or(row.event.as_str(), |(_, name)| *name),
        "type_uid": 300_200 + activity,
        "time": Timestamp::parse(&row.time).map(|time| time.0.saturating_mul(1000)),
        "severity_id": if row.outcome == "ok" { 1 } else { 2 },
        "status_id": if row.outcome == "ok" { 1 } else { 2 },
        "status": if row.outcome == "ok" { "Success" } else { "Failure" },
        "status_code": row.outcome,
        "auth_protocol_id": 6,
        "auth_protocol": "OAUTH 2.0",
        "user": user(row),
        "service": { "name": row.source },
        "dst_endpoint": row.host.as_deref().map(endpoint),
        "actor": { "process": { "pid": row.pid, "name": row.program } },
        "session": { "expiration_time": row.expires.as_deref().and_then(Timestamp::parse).map(|end| end.0.saturating_mul(1000)) },
        "metadata": {
            "version": "1.3.0",
            "uid": row.record,
            "correlation_uid": row.correlation,
            "product": { "name": "git-credential-bitbucket-sso", "vendor_name": "git-credential-bitbucket-sso" },
        },
        "unmapped": {
            "event": row.event, "path": row.path, "scopes": row.scopes, "token_sha256": row.token_sha256,
            "uti": row.uti, "identity": row.identity, "rule": row.rule, "policy": row.policy, "bitbucket_account": row.bitbucket_account, "grants_removed": row.grants_removed,
            "url": row.host,
        },
    });
    drop_nothing(&mut event);
    event
}

/// The class requires one, by a name or an id; a refusal may come before anybody is known.
fn user(row: &Row) -> Value {
    match (&row.user, &row.oid) {
        (None, None) => json!({ "name": "unknown", "type_id": 0, "type": "Unknown" }),
        (name, uid) => json!({ "name": name, "uid": uid, "domain": row.tid, "type_id": 1, "type": "User" }),
    }
}

fn endpoint(url: &str) -> Value {
    let parsed = url.parse::<WebUrl>().ok();
    json!({
        "hostname": parsed.as_ref().map(|url| url.host().to_owned()),
        "port": parsed.as_ref().map(WebUrl::effective_port),
    })
}

/// What is not known is left out.
fn drop_nothing(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.values_mut().for_each(drop_nothing);
        fields
            .retain(|_, value| !value.is_null() && value.as_object().is_none_or(|inner: &Map<_, _>| !inner.is_empty()));
    }
}

const ACTIVITIES: [(i64, &str); 3] = [(1, "Logon"), (2, "Logoff"), (4, "Service Ticket Request")];

const COLUMNS: [&str; 22] = [
    "time",
    "event",
    "tid",
    "oid",
    "user",
    "host",
    "path",
    "source",
    "scopes",
    "token_sha256",
    "expires",
    "correlation",
    "uti",
    "identity",
    "rule",
    "policy",
    "bitbucket_account",
    "grants_removed",
    "pid",
    "program",
    "outcome",
    "record",
];

#[cfg(test)]
mod tests;
