//! A workload's rule names the workload. An audience or an issuer alone would let in whoever else can have such a token:
//! anybody's job on the same service.

use super::Work;
use super::fields::Fields;
use crate::broker::ground::subject::Kind;
use crate::broker::policy::condition::{Condition, Value};

/// Reports a workload's rule that is bound to no workload, or lets pull requests write.
pub(super) fn check(fields: &Fields<'_, '_>, who: Kind, issuer: &str, when: &[Condition], work: &Work<'_>) {
    let Some(binding) = binding(who) else { return };
    let names = work.names.borrow();
    let name = |condition: &Condition| names.get(condition.claim).map_or("", String::as_str);
    let binds = |condition: &Condition| {
        binding.contains(&name(condition)) && !is_common(condition, name(condition), issuer, work)
    };
    if !when.iter().any(binds) {
        let what = format!("the rule is bound to no one workload of `{who}`");
        let why =
            format!("compare one of `{}`: whoever else has a token of `{issuer}` would match", binding.join("`, `"));
        fields.wrong(fields.place("when"), what, why);
    }
    if who == Kind::GithubActions && fields.item("right").and_then(|item| item.get_ref().as_str()) == Some("write") {
        pull_requests(fields, when, &names);
    }
}

/// The claims that say which workload; `None` for people, who are named by `everyone` if by nothing else.
fn binding(who: Kind) -> Option<&'static [&'static str]> {
    Some(match who {
        Kind::Person => return None,
        Kind::App => &["oid", "azp", "appid", "sub", "groups", "roles"],
        Kind::Pipelines => &["repositoryUuid", "workspaceUuid", "sub"],
        Kind::GithubActions => &["repository", "repository_id", "sub"],
        Kind::Gitlab => &["project_path", "project_id", "sub"],
        Kind::Kubernetes => &["sub"],
    })
}

/// The app role that every app has which the broker lets in at all.
fn is_common(condition: &Condition, name: &str, issuer: &str, work: &Work<'_>) -> bool {
    let role = work.around.issuers.iter().find(|known| known.name == issuer).and_then(|known| known.role.as_ref());
    let common = |value: &Value| matches!((value, role), (Value::Text(text), Some(role)) if text == role);
    name == "roles"
        && condition.values.iter().any(common)
        && (condition.values.len() == 1 || condition.operator == crate::broker::policy::condition::Operator::AnyIn)
}

/// Whoever may open a pull request chooses the code that runs in it.
fn pull_requests(fields: &Fields<'_, '_>, when: &[Condition], names: &[String]) {
    let name = |condition: &Condition| names.get(condition.claim).map_or("", String::as_str);
    let named = |condition: &Condition| {
        condition.values.iter().any(|value| {
            matches!((name(condition), value), ("event_name", Value::Text(text)) if text.starts_with("pull_request"))
                || matches!((name(condition), value), ("sub", Value::Text(text)) if text.ends_with(":pull_request"))
                || matches!((name(condition), value), ("ref", Value::Text(text)) if text.starts_with("refs/pull/"))
        })
    };
    if when.iter().any(named) {
        fields.wrong(
            fields.place("when"),
            "the rule lets pull requests write",
            "whoever opens one chooses the code that runs",
        );
    } else if !when.iter().any(|condition| APART.contains(&name(condition))) {
        let why = format!("compare one of `{}` as well", APART.join("`, `"));
        fields.wrong(fields.place("when"), "the rule lets pull requests write", why);
    }
}

/// The claims of GitHub that tell a pull request from a push.
const APART: &[&str] = &["sub", "event_name", "ref", "environment"];
