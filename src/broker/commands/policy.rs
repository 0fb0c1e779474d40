//! `policy test`, `policy diff`, `policy show`: without a broker, for pull requests.

use super::{Failed, said};
use crate::broker::policy::{diff, fixtures, show};
use clap::Subcommand;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum PolicyCommand {
    /// Decide every case of a file of fixtures
    Test {
        /// The policy: a file or a directory
        policy: PathBuf,
        fixtures: PathBuf,
        /// Settings with the hosts, issuers and service users
        #[arg(long, value_name = "FILE")]
        broker: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Which effective rights change; fails where somebody gets more
    Diff {
        old: PathBuf,
        new: PathBuf,
        #[arg(long, value_name = "FILE")]
        broker: PathBuf,
        /// Somebody may get more
        #[arg(long)]
        allow_wider: bool,
        #[arg(long)]
        json: bool,
    },
    /// What a policy says, with its digest
    Show {
        policy: PathBuf,
        #[arg(long, value_name = "FILE")]
        broker: PathBuf,
        #[arg(long)]
        json: bool,
    },
}

/// Exit code 5 where a case fails, or a policy widens.
pub fn run(command: &PolicyCommand, out: &mut dyn Write) -> Result<(), Failed> {
    match command {
        PolicyCommand::Test { policy, fixtures, broker, json } => {
            let report = fixtures::run(policy, broker, fixtures).map_err(Failed::config)?;
            said(out, &shown(&report, *json, report.text()))?;
            if report.failed == 0 { Ok(()) } else { Err(Failed::refused(format!("{} cases fail", report.failed))) }
        }
        PolicyCommand::Diff { old, new, broker, allow_wider, json } => {
            let diff = diff::run(old, new, broker).map_err(Failed::config)?;
            said(out, &shown(&diff, *json, diff.text()))?;
            if diff.widens && !allow_wider { Err(Failed::refused("somebody gets more than before")) } else { Ok(()) }
        }
        PolicyCommand::Show { policy, broker, json } => {
            said(out, &show::run(policy, broker, *json).map_err(Failed::config)?)
        }
    }
}

fn shown(value: &impl Serialize, json: bool, text: String) -> String {
    if json { format!("{:#}\n", serde_json::json!(value)) } else { text }
}
