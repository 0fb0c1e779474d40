//! What a person types. Git's own calls never come here: it may send verbs that nobody knows yet.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Sign in to Bitbucket with your Microsoft Entra ID account, once a day.
#[derive(Debug, Parser)]
#[command(name = "git credential-bitbucket-sso", bin_name = "git credential-bitbucket-sso", version)]
#[command(disable_help_subcommand = true)]
#[command(after_help = "Git calls `get`, `store`, `erase` and `capability` by itself.")]
pub struct Cli {
    /// Set a configuration key for this run, e.g. `--set entra.flow=device-code`
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,

    #[command(subcommand)]
    pub command: Command,
}

/// The commands of DESIGN.md section 4 that people use.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign in now, and have the consents that hosts need in the same browser tab
    Login(Login),
    /// Forget tokens, and say what stays valid until when
    Logout(Logout),
    /// Show account, end of the day, and every host's source and expiry
    Status(Format),
    /// Show who is signed in
    Whoami(Format),
    /// Register with git for the configured hosts
    Setup(Setup),
    /// Take the registration with git back
    Unsetup(Unsetup),
    /// Print the credential of a host, for curl, IDEs and scripts
    Token(Token),
    /// Replace a credential that is about to end; started by `get`, never by a person
    #[command(hide = true)]
    Renew(Renew),
    /// Read the audit trail: who got which token when
    Audit {
        #[command(subcommand)]
        command: Audit,
    },
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        command: Config,
    },
}

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
    /// Do not ask; needs `--sha256`
    #[arg(long, requires = "sha256")]
    pub yes: bool,
    /// The SHA-256 that the configuration must have
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<String>,
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

/// Reads the arguments; help and version come back as text with exit code 0, mistakes with exit code 2.
pub fn parse(args: &[String]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(args)
}

/// Whether a word is one of our commands.
pub fn knows(word: &str) -> bool {
    Cli::command().get_subcommands().any(|command| command.get_name() == word)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| "write it as KEY=VALUE".to_owned())?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
