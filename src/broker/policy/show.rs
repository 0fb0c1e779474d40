//! `policy show`: a policy as it was understood.

use crate::broker::policy::condition::Condition;
use crate::broker::policy::files::{compiled, surroundings};
use crate::broker::policy::model::{Deny, Rule};
use crate::broker::policy::pattern::Pattern;
use crate::broker::policy::spelling::span;
use crate::broker::policy::{KnownHost, Policy};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Compiles the policy at `policy` and tells what it says: one JSON document, or lines for people. `broker` is a
/// `broker.toml`, of which only hosts, issuers and service users are read. An error lists every problem, a line each.
pub fn run(policy: &Path, broker: &Path, as_json: bool) -> Result<String, String> {
    let policy = compiled(policy, &surroundings(broker)?)?;
    let seen = policy.seen();
    if as_json {
        return serde_json::to_string_pretty(&seen).map(|text| text + "\n").map_err(|error| error.to_string());
    }
    let mut text = format!("policy {}\n", policy.digest);
    section(&mut text, "ceiling", &seen["ceiling"]);
    for table in ["deny", "rule"] {
        seen[table].as_array().into_iter().flatten().for_each(|one| section(&mut text, table, one));
    }
    Ok(text)
}

impl Policy {
    fn seen(&self) -> Value {
        let ceiling = &self.ceiling;
        let hosts = ceiling.account_wide.iter().filter_map(|host| self.around.hosts.get(*host));
        json!({
            "digest": self.digest,
            "ceiling": {
                "right": ceiling.right,
                "life": span(ceiling.life),
                "resources": self.texts(&ceiling.resources),
                "account_wide": hosts.map(KnownHost::name).collect::<Vec<_>>(),
                "protected": self.texts(&ceiling.protected),
            },
            "deny": self.denies.iter().map(|deny| self.deny(deny)).collect::<Vec<_>>(),
            "rule": self.rules.iter().map(|rule| self.rule(rule)).collect::<Vec<_>>(),
        })
    }

    fn deny(&self, deny: &Deny) -> Value {
        without_nulls(json!({
            "id": deny.id,
            "who": deny.who,
            "issuer": deny.issuer,
            "when": self.when(&deny.when),
            "resources": if deny.resources.is_empty() { json!("all") } else { json!(self.texts(&deny.resources)) },
            "reason": deny.reason,
            "contact": deny.contact,
        }))
    }

    fn rule(&self, rule: &Rule) -> Value {
        without_nulls(json!({
            "id": rule.id,
            "who": rule.who,
            "issuer": rule.issuer,
            "when": self.when(&rule.when),
            "resources": self.texts(&rule.resources),
            "right": rule.right,
            "life": span(rule.life),
            "reach": rule.account_wide.then_some("account"),
            "service_user": rule.service_user.as_ref().map(|(name, _)| name),
            "token_age": rule.step_up.max_age.map(span),
            "acrs": rule.step_up.acrs,
            "mode": if rule.enforced { "enforce" } else { "audit" },
            "contact": rule.contact,
        }))
    }

    fn when(&self, when: &[Condition]) -> Value {
        if when.is_empty() {
            return json!("everyone");
        }
        let mut claims = Map::new();
        for condition in when {
            let Some(name) = self.names.get(condition.claim) else { continue };
            let values: Vec<Value> = condition.values.iter().map(super::condition::Value::json).collect();
            let tests = claims.entry(name.clone()).or_insert_with(|| json!({}));
            tests[condition.operator.word()] = match condition.operator {
                super::condition::Operator::Eq => values.into_iter().next().unwrap_or_default(),
                _ => Value::Array(values),
            };
        }
        Value::Object(claims)
    }

    fn texts(&self, patterns: &[Pattern]) -> Vec<String> {
        patterns.iter().map(|pattern| pattern.text(&self.around)).collect()
    }
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(table) = value.as_object_mut() {
        table.retain(|_, one| !one.is_null());
    }
    value
}

/// A heading, then a line for each key.
fn section(text: &mut String, title: &str, table: &Value) {
    let id = table["id"].as_str().map(|id| format!(" {id}")).unwrap_or_default();
    text.extend(["\n", title, &id, "\n"]);
    for (key, value) in table.as_object().into_iter().flatten().filter(|(key, _)| *key != "id") {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.extend([format!("  {key:<13}{value}\n")]);
    }
}
