//! What a person or a supervisor types.

mod audit;
mod keys;
mod policy;
mod probe;
mod serve;

use crate::basis::clock::{Clock, SystemClock};
use crate::broker::settings::{self, Settings};
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Turns an Entra identity into a short-lived Bitbucket token of the least right that serves.
#[derive(Parser)]
#[command(name = "bitbucket-sso-broker", version, disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until told to stop (SIGTERM, SIGINT)
    Serve(At),
    /// Settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The policy
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// The keys that seal the store
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// The record of decisions
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Try a running broker: what must work works, what must be refused is refused
    Probe {
        /// TOML with the broker's address and cases
        cases: PathBuf,
    },
    /// Ask the broker of these settings whether it is ready, for container platforms
    Health(At),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check a file of settings, its secrets and its policy
    Validate {
        file: PathBuf,
        /// Away from the machine that has the secrets
        #[arg(long)]
        without_secrets: bool,
    },
}

/// Where the settings are.
#[derive(Args)]
pub struct At {
    #[arg(default_value = "/etc/bitbucket-sso-broker/broker.toml")]
    file: PathBuf,
}

/// What did not work; the exit code is the helper's (DESIGN section 4).
#[derive(Debug)]
pub struct Failed {
    pub code: u8,
    pub why: String,
}

/// Runs one command; standard output has its result, standard error the reason why not.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write, errors: &mut dyn Write) -> u8 {
    let line = match Line::try_parse_from(args) {
        Ok(line) => line,
        Err(error) => {
            let help = error.exit_code() == 0;
            // A reader that has gone is told nothing.
            _ = if help { write!(out, "{error}") } else { write!(errors, "{error}") };
            return if help { 0 } else { USAGE };
        }
    };
    match done(line.command, out) {
        Ok(()) => 0,
        Err(Failed { code, why }) => {
            _ = writeln!(errors, "bitbucket-sso-broker: {}", why.trim_end());
            code
        }
    }
}

fn done(command: Command, out: &mut dyn Write) -> Result<(), Failed> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    match command {
        Command::Serve(at) => serve::serve(read(&at.file)?, clock, out),
        Command::Config(ConfigCommand::Validate { file, without_secrets }) => validate(&file, without_secrets, out),
        Command::Policy(command) => policy::run(&command, out),
        Command::Keys(command) => keys::run(&command, clock, out),
        Command::Audit(command) => audit::run(&command, &*clock, out),
        Command::Probe { cases } => probe::run(&cases, out),
        Command::Health(at) => probe::health(&without_secrets(&at.file)?, out),
    }
}

fn validate(file: &Path, away: bool, out: &mut dyn Write) -> Result<(), Failed> {
    let settings = if away { without_secrets(file)? } else { read(file)? };
    if settings.policy.path.exists() || !away {
        crate::broker::policy::show::run(&settings.policy.path, file, true).map_err(Failed::config)?;
    }
    let (hosts, issuers) = (settings.hosts.len(), settings.issuers.len());
    said(out, &format!("{}: {hosts} hosts, {issuers} issuers; nothing is wrong\n", file.display()))
}

fn read(file: &Path) -> Result<Settings, Failed> {
    settings::read(file).map_err(|error| Failed::config(error.to_string()))
}

fn without_secrets(file: &Path) -> Result<Settings, Failed> {
    settings::read_without_secrets(file).map_err(|error| Failed::config(error.to_string()))
}

/// Writes a result.
fn said(out: &mut dyn Write, text: &str) -> Result<(), Failed> {
    out.write_all(text.as_bytes()).map_err(|error| Failed { code: 1, why: format!("cannot write: {error}") })
}

/// A runtime for one command.
fn wait<T>(work: impl Future<Output = T>) -> Result<T, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failed { code: 1, why: format!("cannot start: {error}") })?;
    Ok(runtime.block_on(work))
}

impl Failed {
    /// A file or a setting is wrong.
    fn config(why: impl Into<String>) -> Self {
        Self { code: 3, why: why.into() }
    }

    /// Something was refused, or is not as it should be.
    fn refused(why: impl Into<String>) -> Self {
        Self { code: 5, why: why.into() }
    }

    /// Trying again may help.
    fn unavailable(why: impl Into<String>) -> Self {
        Self { code: 6, why: why.into() }
    }
}

const USAGE: u8 = 2;

#[cfg(test)]
mod tests;
