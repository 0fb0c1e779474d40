//! What others may do to the services: one JSON object a line, one line of JSON as the answer.

use super::practice::Practice;
use super::practice::codec::Pairs;
use super::practice::entra::Registered;
use super::practice::journal::Entry;
use super::practice::platform::{Platform, assigned};
use super::practice::weather::Trouble;
use serde_json::{Map, Value, json};

/// Carries out every part of an order, `clear` first: `assigned`, `arc`, `certificate`, `job`, `trouble`, and what it asks
/// for: `journal`, `token`.
pub fn obey(practice: &Practice, platform: &Platform, order: &Value) -> Value {
    let entries = practice.journal.entries();
    if order["clear"] == true {
        practice.journal.clear();
        platform.weather.clear();
    }
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    if let Some(all) = order["assigned"].as_array() {
        let one = |one: &Value| assigned(&text(one, "client_id"), one["system"] == true);
        platform.knobs().assigned = all.iter().map(one).collect();
    }
    if let Some(arc) = order["arc"].as_object() {
        let mut knobs = platform.knobs();
        let path = |name: &str| arc.get(name).and_then(Value::as_str).map(Into::into);
        knobs.arc_dir = path("directory").unwrap_or_else(|| knobs.arc_dir.clone());
        knobs.arc_file = path("file");
        knobs.arc_old = arc.get("old").is_some_and(|old| old == true);
    }
    if let Some(certificate) = order["certificate"].as_object() {
        let read = |name: &str| std::fs::read(certificate[name].as_str().unwrap()).unwrap();
        practice.entra.state().apps[1].certificate = Some(Registered { der: read("der"), public: read("public") });
    }
    let job = &order["job"];
    if job.is_object() {
        let mut knobs = platform.knobs();
        knobs.subject = text(job, "subject");
        knobs.shift = job["shift"].as_i64().unwrap();
    }
    if let Some(trouble) = order["trouble"].as_object() {
        let status = u16::try_from(trouble["status"].as_u64().unwrap()).unwrap();
        let body = trouble["body"].as_str().unwrap();
        let what = if body.starts_with('<') { Trouble::Html(status) } else { Trouble::Json(status, body.into()) };
        platform.weather.next("", u32::try_from(trouble["times"].as_u64().unwrap()).unwrap(), what);
    }
    let journal = (order["journal"] == true).then(|| entries.iter().map(described).collect::<Vec<_>>());
    let token = order["token"].as_str().map(|audience| platform.job_token(practice, audience));
    json!({ "journal": journal, "token": token })
}

fn described(entry: &Entry) -> Value {
    let object = |pairs: &Pairs| -> Map<String, Value> {
        pairs.iter().map(|(name, value)| (name.to_lowercase(), value.clone().into())).collect()
    };
    json!({
        "server": entry.server, "method": entry.method, "path": entry.path, "query": entry.query,
        "status": entry.status, "headers": object(&entry.headers), "form": object(&entry.form),
    })
}
