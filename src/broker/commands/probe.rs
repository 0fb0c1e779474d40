//! `probe` and `health`: the broker as its callers see it.

use super::{Failed, said, wait};
use crate::basis::secret::{Assertion, GitToken};
use crate::broker::outward::{Call, Outward};
use crate::broker::settings::probe::{self, Case, Cases};
use crate::broker::settings::{Front, Settings};
use crate::net::{NetError, Reply};
use serde::Deserialize;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

/// Tries every case; exit code 5 where one is not as it must be, 6 where the broker does not answer.
pub fn run(file: &Path, out: &mut dyn Write) -> Result<(), Failed> {
    let cases = probe::read(file).map_err(|error| Failed::config(error.to_string()))?;
    let (text, wrong) = wait(tried(&cases))??;
    said(out, &text)?;
    match wrong {
        0 => Ok(()),
        wrong => Err(Failed::refused(format!("{wrong} of {} cases are not as they must be", cases.cases.len()))),
    }
}

/// Whether the broker of these settings is ready.
pub fn health(settings: &Settings, out: &mut dyn Write) -> Result<(), Failed> {
    let port = settings.listen.port();
    let url = match settings.front {
        Front::Tls { .. } => settings.public_url.join("/readyz"),
        Front::Proxy { .. } | Front::Loopback => format!("http://127.0.0.1:{port}/readyz"),
    };
    let outward = outward(settings.ca_file.as_deref())?;
    let reply = wait(async { outward.send(Call::get(url)).await })?.map_err(|error| unreachable(&error))?;
    let text = String::from_utf8_lossy(reply.body.expose()).into_owned();
    if reply.status == 200 { said(out, &format!("{text}\n")) } else { Err(Failed::unavailable(text)) }
}

fn outward(ca_file: Option<&Path>) -> Result<Outward, Failed> {
    Outward::new(ca_file).map_err(|error| Failed::config(error.to_string()))
}

fn unreachable(error: &NetError) -> Failed {
    Failed::unavailable(error.to_string())
}

/// A line for each case, and how many are wrong.
async fn tried(cases: &Cases) -> Result<(String, usize), Failed> {
    let outward = outward(cases.ca_file.as_deref())?;
    let (mut text, mut wrong) = (String::new(), 0);
    for case in &cases.cases {
        let seen = seen(&outward, cases, case).await?;
        let fits = seen.fits(case);
        wrong += usize::from(!fits);
        let (mark, name, seen) = (if fits { "ok  " } else { "FAIL" }, &case.name, seen.text());
        let rest = if fits { String::new() } else { format!(", expected {}", expected(case)) };
        // Writing to a String cannot fail.
        _ = writeln!(text, "{mark}  {name}: {seen}{rest}");
    }
    Ok((text, wrong))
}

/// What the broker answered.
#[derive(Default, Deserialize)]
struct Seen {
    error: Option<String>,
    access_token: Option<GitToken>,
    #[serde(default)]
    expires_in: u64,
    #[serde(default)]
    scope: String,
    rule: Option<String>,
}

impl Seen {
    fn fits(&self, case: &Case) -> bool {
        match (&self.error, &self.access_token) {
            (Some(error), None) => *error == case.expect,
            (None, Some(_)) => {
                let in_time = case.max_seconds.is_none_or(|most| self.expires_in <= most);
                let by_rule = case.rule.is_none() || case.rule == self.rule;
                case.expect == "granted" && in_time && by_rule
            }
            _ => false,
        }
    }

    fn text(&self) -> String {
        match (&self.error, &self.access_token) {
            (Some(error), _) => error.clone(),
            (None, Some(_)) => {
                let rule = self.rule.as_deref().unwrap_or("none");
                format!("granted {} for {} s by rule {rule}", self.scope, self.expires_in)
            }
            (None, None) => "no answer of a broker".to_owned(),
        }
    }
}

fn expected(case: &Case) -> String {
    let most = case.max_seconds.map_or(String::new(), |most| format!(" for {most} s at most"));
    let rule = case.rule.as_ref().map_or(String::new(), |rule| format!(" by rule {rule}"));
    format!("{}{most}{rule}", case.expect)
}

async fn seen(outward: &Outward, cases: &Cases, case: &Case) -> Result<Seen, Failed> {
    let token = case.token().map_err(|error| Failed::config(error.to_string()))?;
    let reply = outward.send(request(cases, case, &token)).await.map_err(|error| unreachable(&error))?;
    let seen = read(&reply);
    // What was handed out for a try is of no further use.
    if let Some(issued) = &seen.access_token {
        let call = Call::form(cases.broker.join("/oauth2/revoke"), [("token", issued.expose())]);
        outward.send(call).await.map_err(|error| unreachable(&error))?;
    }
    Ok(seen)
}

fn request(cases: &Cases, case: &Case, token: &Assertion) -> Call {
    let fields = [
        ("grant_type", Some("urn:ietf:params:oauth:grant-type:token-exchange")),
        ("subject_token_type", Some(case.token_type.as_str())),
        ("subject_token", Some(token.expose())),
        ("resource", case.resource.as_deref()),
        ("audience", case.audience.as_deref()),
        ("scope", case.scope.as_deref()),
    ];
    let given = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Call::form(cases.broker.join("/oauth2/token"), given)
}

fn read(reply: &Reply) -> Seen {
    serde_json::from_slice(reply.body.expose()).unwrap_or_default()
}
