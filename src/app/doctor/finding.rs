//! One thing that was looked at, and how findings are printed.

use crate::app::words::{self, Seen};
use crate::basis::failure::Failure;
use crate::basis::text::clean;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Ok,
    /// Worth knowing.
    Note,
    /// Works now, and may not tomorrow.
    Warning,
    /// Stands in the way of a sign-in or of git.
    Error,
}

/// One finding; `--json` prints it as it is.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    /// What was looked at; stable.
    pub check: &'static str,
    pub severity: Severity,
    /// The error identifier for `explain`, where it is an error that other commands also show.
    pub id: Option<&'static str>,
    pub summary: String,
    /// Facts by stable names: versions, paths, places, times. Never a value that could be secret.
    pub evidence: BTreeMap<&'static str, String>,
    /// The one thing that helps, or that shows more.
    pub command: String,
}

impl Finding {
    pub fn new(
        check: &'static str,
        severity: Severity,
        summary: impl Into<String>,
        command: impl Into<String>,
    ) -> Self {
        let (summary, command) = (summary.into(), command.into());
        Self { check, severity, id: None, summary, evidence: BTreeMap::new(), command }
    }

    /// Something that only `doctor` says.
    pub fn seen(check: &'static str, severity: Severity, seen: &Seen<'_>) -> Self {
        let (summary, command) = words::seen(seen);
        Self::new(check, severity, summary, command)
    }

    /// What another command would fail with.
    pub fn failed(check: &'static str, failure: &Failure) -> Self {
        let finding = Self::new(check, Severity::Error, &failure.what, &failure.help);
        Self { id: Some(failure.id), ..finding }
    }

    /// The same finding with one more fact.
    #[expect(clippy::needless_pass_by_value, reason = "numbers and paths come as they are")]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.evidence.insert(name, clean(&value.to_string()));
        self
    }
}

/// One line per finding; what is not well says what helps.
pub(super) fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { check, severity, id, summary, evidence, command } = finding;
        let id = id.map_or_else(String::new, |id| format!(" [{id}]"));
        // Writing to a String cannot fail.
        _ = writeln!(text, "{:<8}{check}: {summary}{id}", name(*severity));
        if !evidence.is_empty() {
            let facts: Vec<String> = evidence.iter().map(|(name, value)| format!("{name} {value}")).collect();
            _ = writeln!(text, "        {}", facts.join("; "));
        }
        if *severity > Severity::Note {
            _ = writeln!(text, "        do this: {command}");
        }
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let s = |number| if number == 1 { "" } else { "s" };
    _ = writeln!(text, "{errors} error{}, {warnings} warning{}", s(errors), s(warnings));
    text
}

/// The same for machines.
pub(super) fn json(findings: &[Finding], offline: bool) -> String {
    let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok);
    let version = env!("CARGO_PKG_VERSION");
    let report = serde_json::json!({
        "version": version, "offline": offline, "severity": worst, "findings": findings
    });
    format!("{report:#}\n")
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok",
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
