//! `audit verify`: the chain of the record, and its seals.

use super::{Failed, said, without_secrets};
use crate::audit::{self, Anchors, Flaw, Kept, Verdict};
use crate::basis::clock::Clock;
use crate::broker::trail;
use clap::Subcommand;
use std::io::Write;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Check that no line was changed, removed or added
    Verify {
        /// The settings of the broker
        #[arg(default_value = "/etc/bitbucket-sso-broker/broker.toml")]
        file: PathBuf,
        /// Any text with heads that somebody else has kept
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
    },
}

pub fn run(command: &AuditCommand, clock: &dyn Clock, out: &mut dyn Write) -> Result<(), Failed> {
    let AuditCommand::Verify { file, anchors } = command;
    let settings = without_secrets(file)?.audit;
    let unreadable = |error: std::io::Error| Failed::config(format!("{}: {error}", settings.file.display()));
    let anchors = match anchors {
        Some(path) => Anchors::find(&std::fs::read_to_string(path).map_err(unreadable)?),
        None => Anchors::default(),
    };
    // The broker has no hit files: beside its record there is nothing of that name.
    let trace = audit::read(&settings.file, &settings.file.with_extension("hits"), clock).map_err(unreadable)?;
    let key = settings.key_file.as_deref().map(trail::key).transpose();
    let key = key.map_err(|error| Failed::config(error.to_string()))?;
    let verdict = audit::verify(&trace, key.as_ref().map_or(Kept::Gone, Kept::Here), &anchors);
    if verdict.flaws.is_empty() {
        return said(out, &holds(&verdict));
    }
    let flaws: Vec<String> = verdict.flaws.iter().map(flaw).collect();
    Err(Failed::refused(format!("the record does not hold:\n  {}", flaws.join("\n  "))))
}

fn holds(verdict: &Verdict) -> String {
    let head = verdict.head.as_deref().unwrap_or("none");
    let (records, files, sealed) = (verdict.records, verdict.files, verdict.seals.good);
    format!("the record holds: {records} records in {files} files, {sealed} sealed\nhead {head}\n")
}

fn flaw(flaw: &Flaw) -> String {
    match flaw {
        Flaw::NoBeginning { place } => format!("{place} names a line before it that is not here"),
        Flaw::Broken { place } => format!("{place} does not follow the line before it"),
        Flaw::Unreadable { place } => format!("{place} is no JSON"),
        Flaw::Torn { place } => format!("{place} has no end"),
        Flaw::MissingFile { number } => format!("the file with the number {number} is missing"),
        Flaw::WrongSeal { place } => format!("{place} has a seal that the key did not make"),
        Flaw::Unsealed { place, count } => format!("{count} lines from {place} on have no seal of the key"),
        Flaw::Bare { place, count } => format!("{count} lines from {place} on have no seal"),
        Flaw::KeyLost { count } => format!("{count} lines are sealed, and the settings name no key"),
        Flaw::HitFile { day, .. } => format!("a file of hits, {day}, is not the broker's"),
        Flaw::AnchorMissing { anchor } => format!("the line with the digest {anchor} is not here"),
    }
}
