//! Groups that a token leaves out (`facts/entra.md` 5.3), asked of Microsoft Graph and remembered for five minutes.

use super::graph::{Graph, GraphError};
use super::read::is_guid;
use crate::basis::clock::Timestamp;
use crate::basis::digest;
use crate::broker::ground::ask::Refusal;
use crate::broker::ground::subject::{Claims, Kind, Subject};
use crate::broker::outward::Outward;
use crate::broker::settings::IssuerKind;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who is in which group of one tenant.
pub struct Groups {
    graph: Graph,
    answers: Mutex<HashMap<String, Answer>>,
}

#[derive(Clone)]
struct Answer {
    /// Lower-case ids.
    member_of: HashSet<String>,
    until: Timestamp,
}

impl Groups {
    /// `None` where the configuration names no Graph.
    pub fn of(kind: &IssuerKind, outward: &Outward) -> Option<Self> {
        let IssuerKind::Entra { tenant, authority, graph: Some(graph), .. } = kind else { return None };
        let graph = Graph::new(graph, authority, tenant, outward.clone());
        Some(Self { graph, answers: Mutex::default() })
    }

    /// Which of `candidates` the subject is in. An id that is no GUID closes the door: it might be one of a deny rule.
    pub async fn member_of(
        &self,
        subject: &Subject,
        candidates: &[String],
        now: Timestamp,
    ) -> Result<Vec<String>, Refusal> {
        let mut ids: Vec<String> = candidates.iter().map(|id| id.to_ascii_lowercase()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        if ids.len() > MOST || !ids.iter().all(|id| is_guid(id)) {
            let reason = "the policy's groups cannot be asked for: too many, or no object ids".to_owned();
            return Err(Refusal::Unavailable { reason, after: LATER });
        }
        let key = digest::of_fields([subject.key().as_str()].into_iter().chain(ids.iter().map(String::as_str)));
        if let Some(known) = self.known(&key, now) {
            return Ok(among(candidates, &known));
        }
        let member_of = self.ask(subject, &ids, now).await?;
        let said = among(candidates, &member_of);
        self.keep(key, Answer { member_of, until: now.after(LIFE) }, now);
        Ok(said)
    }

    async fn ask(&self, subject: &Subject, ids: &[String], now: Timestamp) -> Result<HashSet<String>, Refusal> {
        let collection = if subject.kind == Kind::App { "servicePrincipals" } else { "users" };
        let mut member_of = HashSet::new();
        for some in ids.chunks(AT_ONCE) {
            let answer = self.graph.check(collection, &subject.id, some, now).await.map_err(refusal)?;
            member_of.extend(answer.into_iter().map(|id| id.to_ascii_lowercase()));
        }
        Ok(member_of)
    }

    fn known(&self, key: &str, now: Timestamp) -> Option<HashSet<String>> {
        self.answers().get(key).filter(|answer| answer.holds(now)).map(|answer| answer.member_of.clone())
    }

    fn keep(&self, key: String, answer: Answer, now: Timestamp) {
        let mut answers = self.answers();
        if answers.len() >= KEPT {
            answers.retain(|_, answer| answer.holds(now));
        }
        if answers.len() >= KEPT {
            answers.clear();
        }
        answers.insert(key, answer);
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    /// Not after a clock was set back, either.
    fn holds(&self, now: Timestamp) -> bool {
        now < self.until && self.until <= now.after(LIFE)
    }
}

/// Whether the token says that there are more groups than it holds.
pub fn left_out(claims: &Claims) -> bool {
    let named = claims.get("_claim_names").is_some_and(|names| names.get("groups").is_some());
    // Anything but a plain no: asking once too often does no harm.
    named || claims.get("hasgroups").is_some_and(|has| has != &Value::Bool(false) && has != "false")
}

/// The groups that the token itself holds, in lower case.
pub fn in_token(claims: &Claims) -> HashSet<String> {
    let groups = claims.get("groups").and_then(Value::as_array).into_iter().flatten();
    groups.filter_map(Value::as_str).map(str::to_ascii_lowercase).collect()
}

/// Those of the candidates that are in a set of lower-case ids, as the candidates spell them.
pub fn among(candidates: &[String], member_of: &HashSet<String>) -> Vec<String> {
    candidates.iter().filter(|id| member_of.contains(&id.to_ascii_lowercase())).cloned().collect()
}

fn refusal(error: GraphError) -> Refusal {
    match error {
        GraphError::Gone => super::refused("the directory has no such account any more"),
        GraphError::Wait { after } => {
            let reason = "Microsoft Graph, which knows your groups, asks to wait".to_owned();
            Refusal::Unavailable { reason, after }
        }
        GraphError::Failed(why) => {
            let reason = format!("your groups cannot be asked for: {why}");
            Refusal::Unavailable { reason, after: LATER }
        }
    }
}

/// Graph's own limit of one call.
const AT_ONCE: usize = 20;
/// Twenty calls for one decision.
const MOST: usize = 400;
const LIFE: Duration = Duration::from_secs(300);
const LATER: Duration = Duration::from_secs(10);
/// Answers: a few hundred bytes each.
const KEPT: usize = 10_000;
