//! What a person types. Git's own calls never come here: it may send verbs that nobody knows yet.

use clap::{CommandFactory, Parser, Subcommand};

mod onboarding;
mod options;
mod scripts;

pub use onboarding::{Ci, CiShell, Onboarding, Organisation};
pub use options::{
    Audit, AuditFormat, AuditRows, Config, Doctor, Format, Install, Login, Logout, Own, Renew, Setup, Token,
    TokenFormat, Uninstall, Unsetup,
};
pub use scripts::{Shell, completions, manual, papers};

/// Sign in to Bitbucket with your Microsoft Entra ID account, once a day.
#[derive(Debug, Parser)]
#[command(name = "git credential-bitbucket-sso", bin_name = "git credential-bitbucket-sso", version)]
#[command(disable_help_subcommand = true)]
#[command(
    after_help = "Git calls `get`, `store`, `erase` and `capability` by itself.\nAn error ends its first line with an identifier in square brackets: `explain ID` says more."
)]
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
    Setup(Box<Setup>),
    /// Take the registration with git back
    Unsetup(Unsetup),
    /// For pipelines and containers
    Ci {
        #[command(subcommand)]
        command: Ci,
    },
    /// Print the credential of a host, for curl, IDEs and scripts
    Token(Token),
    /// Replace a credential that is about to end; started by `get`, never by a person
    #[command(hide = true)]
    Renew(Renew),
    /// Examine this machine: git, helper chain, keyring, clock, network, Entra, policy; exit code 3 if something is wrong
    Doctor(Doctor),
    /// Explain an error: cause, what it means for you, what to do, whom to ask
    Explain {
        /// What stands in square brackets at the end of the error's first line
        id: String,
    },
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
    /// Install this program, take it back, ask for a newer one
    #[command(name = "self")]
    Own {
        #[command(subcommand)]
        command: Own,
    },
    /// Print the completions of a shell, to be loaded by it
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page of this program, or of one of its commands, for `man -l -`
    Man {
        /// The command; one of a command's own as in `audit-verify`
        #[arg(value_parser = scripts::visible)]
        command: Option<String>,
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
