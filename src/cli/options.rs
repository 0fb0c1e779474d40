//! The options of each command, as typed.

use super::onboarding::Onboarding;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `login`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are flags as typed")]
pub struct Login {
    /// Sign in with the browser
    #[arg(long, conflicts_with = "device_code")]
    pub browser: bool,
    /// Sign in with a code that is typed on another device
    #[arg(long)]
    pub device_code: bool,
    /// Open no browser: show the address, and take the one that a browser anywhere ends at
    #[arg(long, conflicts_with_all = ["browser", "device_code"])]
    pub no_browser: bool,
    /// Have the browser come back to this port, for an SSH session that forwards it
    #[arg(long, value_name = "PORT", conflicts_with = "device_code", value_parser = clap::value_parser!(u16).range(1..))]
    pub redirect_port: Option<u16>,
    /// Only for this host
    #[arg(long, value_name = "URL")]
    pub host: Option<String>,
    /// Sign in again even if signed in, and let Entra ask for the password
    #[arg(long)]
    pub force: bool,
    /// Start a new day before the old one ends
    #[arg(long)]
    pub ahead: bool,
    /// Say how the sign-in is chosen
    #[arg(long, short)]
    pub verbose: bool,
}

/// `self …`.
#[derive(Debug, Subcommand)]
pub enum Own {
    /// Put this program in place with its manual pages and completions, and register it with git
    Install(Install),
    /// Take back what `self install` has put there, the registration first
    Uninstall(Uninstall),
    /// Ask whether a newer version is offered; never installs one
    Update {
        /// Only ask
        #[arg(long, required = true)]
        check: bool,
    },
}

/// `self install`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are flags as typed")]
pub struct Install {
    /// For every user of this machine
    #[arg(long)]
    pub system: bool,
    /// Put the program into this directory
    #[arg(long, value_name = "DIR")]
    pub bin_dir: Option<PathBuf>,
    /// Leave git's configuration alone
    #[arg(long)]
    pub no_git_config: bool,
    /// Only say what would be written
    #[arg(long)]
    pub dry_run: bool,
    /// Replace a newer version too
    #[arg(long)]
    pub allow_downgrade: bool,
}

/// `self uninstall`.
#[derive(Debug, Args)]
pub struct Uninstall {
    /// What was installed for every user of this machine
    #[arg(long)]
    pub system: bool,
    /// Sign out, and remove your configuration, state and audit trail too
    #[arg(long, conflicts_with = "system")]
    pub purge: bool,
}

/// `logout`.
#[derive(Debug, Args)]
pub struct Logout {
    /// Only the grant and token of this host
    #[arg(long, value_name = "URL", conflicts_with = "all")]
    pub host: Option<String>,
    /// Every account
    #[arg(long)]
    pub all: bool,
}

/// Output for people or for machines.
#[derive(Debug, Args)]
pub struct Format {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `setup`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("agreed").args(["sha256", "migrate"]))]
#[command(group = ArgGroup::new("job").args(["migrate", "admin"]))]
pub struct Setup {
    /// Take the organisation's configuration from this domain
    #[arg(value_name = "DOMAIN", conflicts_with = "from")]
    pub domain: Option<String>,
    /// Take the organisation's configuration from a file, an https URL, or `-`
    #[arg(long, value_name = "FILE|URL")]
    pub from: Option<String>,
    /// Register for all users of this machine (a fallback only)
    #[arg(long)]
    pub system: bool,
    /// Show what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask; needs `--sha256`, a signature by a key that policy names, or `--migrate`
    #[arg(long)]
    pub yes: bool,
    /// The SHA-256 that the configuration must have
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<String>,
    #[command(flatten)]
    pub more: Onboarding,
}

/// `unsetup`.
#[derive(Debug, Args)]
pub struct Unsetup {
    /// Take back the registration for all users
    #[arg(long)]
    pub system: bool,
}

/// `token`.
#[derive(Debug, Args)]
pub struct Token {
    /// The host whose credential is wanted
    #[arg(long, value_name = "URL")]
    pub host: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = TokenFormat::Json)]
    pub format: TokenFormat,
}

/// The forms of `token`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenFormat {
    /// An object with username, token and expiry
    Json,
    /// An `Authorization` header line
    Header,
    /// Lines for a shell
    Env,
}

/// `renew`.
#[derive(Debug, Args)]
pub struct Renew {
    /// The host
    #[arg(long, value_name = "URL")]
    pub host: String,
    /// The repository, where the host is asked per repository
    #[arg(long)]
    pub path: Option<String>,
}

/// `doctor`.
#[derive(Clone, Copy, Debug, Args)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Ask nothing over the network
    #[arg(long)]
    pub offline: bool,
    /// Repair first what is safe: the registration with git, permissions of our files
    #[arg(long)]
    pub fix: bool,
}

/// `audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Show what was decided and handed out
    Show {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        rows: AuditRows,
    },
    /// Check that nothing was changed, removed, moved or added; exit code 5 if something was
    Verify {
        /// Anything that names heads kept elsewhere: an extract of syslog or journald, Entra's sign-in export
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
    },
    /// Print the trail for other programs
    Export {
        /// How it is printed
        #[arg(long, value_enum)]
        format: AuditFormat,
        #[command(flatten)]
        rows: AuditRows,
    },
    /// Say which sign-in led to which token led to which push, without any network
    Join {
        /// Entra's sign-in export, CSV or JSON
        #[arg(long, value_name = "FILE")]
        entra: PathBuf,
        /// Bitbucket's or Atlassian's audit export, CSV or JSON
        #[arg(long, value_name = "FILE")]
        atlassian: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which rows of the trail are wanted.
#[derive(Debug, Args)]
pub struct AuditRows {
    /// Only from then on: a date, a time (RFC 3339), or a span such as `24h` or `7d`
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only this host
    #[arg(long, value_name = "URL")]
    pub host: Option<String>,
}

/// The forms of `audit export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// One object a line
    Jsonl,
    /// A table with a header
    Csv,
    /// OCSF events of the class Authentication, one a line
    Ocsf,
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Every value in force, and which layer decided it (secrets masked)
    Show(Format),
    /// Check one configuration file, without any network
    Validate {
        /// The file
        file: PathBuf,
    },
    /// Print the JSON Schema of the configuration
    Schema {
        /// Print the reference page instead
        #[arg(long)]
        markdown: bool,
    },
}
