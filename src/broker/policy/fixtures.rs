//! `policy test`: cases written beside a policy, and what they are decided to be.

use crate::basis::clock::Timestamp;
use crate::broker::ground::ask::{Ask, Refusal};
use crate::broker::ground::resource::Resource;
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::{Claims, Kind, Subject};
use crate::broker::policy::files::{compiled, surroundings, text_of};
use crate::broker::policy::spelling::{duration, span};
use crate::broker::policy::{Policy, Surroundings, Verdict};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// What came of all cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// SHA-256 of the policy.
    pub policy: String,
    pub cases: Vec<Outcome>,
    pub failed: usize,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub name: String,
    pub passed: bool,
    /// What was expected and what is, in words.
    pub expected: String,
    pub actual: String,
}

/// Decides every `[[case]]` of `fixtures` by the policy at `policy`. `broker` is a `broker.toml`, of which only hosts,
/// issuers and service users are read. An error is a text with every problem, a line each.
pub fn run(policy: &Path, broker: &Path, fixtures: &Path) -> Result<Report, String> {
    let around = surroundings(broker)?;
    let policy = compiled(policy, &around)?;
    let (name, text) = text_of(fixtures)?;
    let file: File = toml::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    if file.case.is_empty() {
        return Err(format!("{name}: there is no [[case]]"));
    }
    let decided = file.case.into_iter().map(|case| {
        let title = case.name.clone();
        case.outcome(&policy, &around).map_err(|why| format!("{name}: case `{title}`: {why}\n"))
    });
    let (cases, wrong): (Vec<_>, Vec<_>) = decided.partition(Result::is_ok);
    if !wrong.is_empty() {
        return Err(wrong.into_iter().filter_map(Result::err).collect());
    }
    let cases: Vec<Outcome> = cases.into_iter().filter_map(Result::ok).collect();
    let failed = cases.iter().filter(|case| !case.passed).count();
    Ok(Report { policy: policy.digest().to_owned(), cases, failed })
}

impl Report {
    /// A line for each case, then the count.
    pub fn text(&self) -> String {
        let line = |case: &Outcome| {
            if case.passed {
                format!("ok    {}: {}\n", case.name, case.actual)
            } else {
                format!("FAIL  {}: expected {}, is {}\n", case.name, case.expected, case.actual)
            }
        };
        let lines: String = self.cases.iter().map(line).collect();
        format!("{lines}{} cases, {} failed\n", self.cases.len(), self.failed)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    kind: Kind,
    issuer: Option<String>,
    #[serde(default)]
    claims: serde_json::Map<String, serde_json::Value>,
    /// What Graph would answer, where the claims leave the groups out.
    groups: Option<Vec<String>>,
    resource: String,
    scope: Option<String>,
    life: Option<String>,
    /// RFC 3339.
    at: Option<String>,
    /// How old the token is then.
    age: Option<String>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    right: Option<Right>,
    life: Option<String>,
    service_user: Option<String>,
    /// An error of the token endpoint.
    refused: Option<String>,
    contact: Option<String>,
    /// The rule or deny that decides.
    rule: Option<String>,
}

impl Case {
    fn outcome(self, policy: &Policy, around: &Surroundings) -> Result<Outcome, String> {
        self.expect.check()?;
        let (subject, now) = self.subject(around)?;
        let (actual, rule) = match self.ask(around)? {
            Err(refusal) => (Err(refusal), None),
            Ok(ask) => {
                let Verdict { outcome, rules, .. } = policy.decide(&subject, self.groups.as_deref(), &ask, now);
                (outcome, rules.into_iter().next())
            }
        };
        let passed = self.expect.is_met(&actual, rule.as_deref())?;
        let by = rule.map(|rule| format!(" by `{rule}`")).unwrap_or_default();
        let actual = match actual {
            Ok(permit) => {
                let user = permit.service_user.map(|user| format!(" as {user}")).unwrap_or_default();
                format!("{} for {}{user}{by}", permit.right, span(permit.life))
            }
            Err(refusal) => format!("{}{by}", code(&refusal)),
        };
        Ok(Outcome { passed, expected: self.expect.text(), actual, name: self.name })
    }

    fn subject(&self, around: &Surroundings) -> Result<(Subject, Timestamp), String> {
        let issuer = self.issuer(around)?;
        let now = match &self.at {
            None => DEFAULT_TIME,
            Some(text) => Timestamp::parse(text).ok_or(format!("`at` is no RFC 3339 time: `{text}`"))?,
        };
        let age = self.age.as_deref().map_or(Ok(Duration::ZERO), |text| read_duration("age", text))?;
        let claims = Claims(self.claims.clone());
        let entra = matches!(self.kind, Kind::Person | Kind::App);
        let id = claims.text(if entra { "oid" } else { "sub" }).unwrap_or_default().to_owned();
        let subject = Subject {
            kind: self.kind,
            issuer,
            tid: claims.text("tid").map(str::to_ascii_lowercase),
            id,
            name: self.name.clone(),
            email: None,
            claims,
            issued: now.before(age),
            expires: now.after(Duration::from_secs(3600)),
            token_sha256: String::new(),
            uti: None,
            client: None,
        };
        Ok((subject, now))
    }

    fn issuer(&self, around: &Surroundings) -> Result<String, String> {
        let mut fits = around.issuers_of(self.kind).map(|issuer| &issuer.name);
        let only = fits.next().filter(|_| fits.next().is_none());
        let unclear = || format!("several issuers or none vouch for `{}`: name the `issuer`", self.kind);
        self.issuer.as_ref().or(only).cloned().ok_or_else(unclear)
    }

    /// As the token endpoint would read it: a resource or scope that is not known is a refusal, too.
    fn ask(&self, around: &Surroundings) -> Result<Result<Ask, Refusal>, String> {
        let life = self.life.as_deref().map(|text| read_duration("life", text)).transpose()?;
        let hosts = around.hosts.iter().map(|host| (&host.url, host.kind));
        let resource = match Resource::parse(&self.resource, hosts) {
            Ok(resource) => resource,
            Err(error) => return Ok(Err(Refusal::Target(error.to_string()))),
        };
        Ok(match Right::asked(resource.kind, self.scope.as_deref().unwrap_or_default()) {
            Ok(right) => Ok(Ask { resource, right, life }),
            Err(error) => Err(Refusal::Scope(error.to_string())),
        })
    }
}

impl Expect {
    fn check(&self) -> Result<(), String> {
        let codes = CODES.contains(&self.refused.as_deref().unwrap_or(CODES[0]));
        let granted = self.right.is_some() || self.life.is_some() || self.service_user.is_some();
        match (granted, self.refused.is_some()) {
            (true, true) => Err("`expect` has both a right and a refusal".into()),
            (false, false) => Err("`expect` has neither `right` nor `refused`".into()),
            (false, true) if !codes => Err(format!("`refused` is one of {}", CODES.join(", "))),
            _ => Ok(()),
        }
    }

    fn is_met(&self, actual: &Result<super::Permit, Refusal>, rule: Option<&str>) -> Result<bool, String> {
        let life = self.life.as_deref().map(|text| read_duration("expect.life", text)).transpose()?;
        let named = self.rule.is_none() || self.rule.as_deref() == rule;
        Ok(named
            && match actual {
                Ok(permit) => {
                    self.refused.is_none()
                        && self.right.is_none_or(|right| right == permit.right)
                        && life.is_none_or(|life| life == permit.life)
                        && (self.service_user.is_none() || self.service_user == permit.service_user)
                }
                Err(refusal) => {
                    let contact = match refusal {
                        Refusal::Denied { contact, .. } => contact.as_deref(),
                        _ => None,
                    };
                    self.refused.as_deref() == Some(code(refusal))
                        && (self.contact.is_none() || self.contact.as_deref() == contact)
                }
            })
    }

    fn text(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        words.extend(self.refused.clone());
        words.extend(self.right.map(|right| right.to_string()));
        words.extend(self.life.as_ref().map(|life| format!("for {life}")));
        words.extend(self.service_user.as_ref().map(|user| format!("as {user}")));
        words.extend(self.rule.as_ref().map(|rule| format!("by `{rule}`")));
        words.extend(self.contact.as_ref().map(|contact| format!("with the contact `{contact}`")));
        words.join(" ")
    }
}

fn read_duration(key: &str, text: &str) -> Result<Duration, String> {
    duration(text).ok_or(format!("`{key}` is no duration: `{text}`"))
}

/// The error code of the token endpoint (RFC 6749 section 5.2, RFC 8693 section 2.2.2, RFC 9470 section 3).
fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Target(_) => "invalid_target",
        Refusal::Scope(_) => "invalid_scope",
        Refusal::StepUp(_) => "insufficient_user_authentication",
        Refusal::Unavailable { .. } => "temporarily_unavailable",
        // The policy has no other refusals.
        _ => "access_denied",
    }
}

const CODES: [&str; 5] =
    ["access_denied", "invalid_target", "invalid_scope", "insufficient_user_authentication", "temporarily_unavailable"];

/// A case decides the same on every day.
const DEFAULT_TIME: Timestamp = Timestamp(1_767_225_600);

#[cfg(test)]
mod tests;
