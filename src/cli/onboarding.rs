//! The options of `setup` beyond a person's own registration, and of `ci`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `setup --user`, `--migrate` and `--admin`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are flags as typed")]
pub struct Onboarding {
    /// Register for this user, as `setup` does by itself
    #[arg(long, conflicts_with_all = ["domain", "from", "system", "migrate", "admin"])]
    pub user: bool,
    /// Say nothing and do nothing where there is nothing to do, for the first desktop sign-in
    #[arg(long, requires = "user", conflicts_with = "dry_run")]
    pub quiet: bool,
    /// Find stored Bitbucket passwords and SSH addresses: here, and in the repositories below these directories
    #[arg(long, value_name = "DIR", num_args = 0.., conflicts_with_all = ["domain", "from", "system", "sha256", "admin"])]
    pub migrate: Option<Vec<PathBuf>>,
    /// With `--migrate`: rewrite SSH addresses to https; `--undo` takes it back
    #[arg(long, requires = "migrate")]
    pub apply: bool,
    /// With `--migrate`: erase stored passwords and tokens for good
    #[arg(long, requires = "migrate")]
    pub erase: bool,
    /// With `--migrate`: take back what `--apply` rewrote
    #[arg(long, requires = "migrate", conflicts_with_all = ["apply", "erase"])]
    pub undo: bool,
    /// With `--migrate` or `--admin`: print JSON
    #[arg(long, requires = "job")]
    pub json: bool,
    /// Print what to enter in Entra and Bitbucket; DOMAIN is where the configuration will be published
    #[arg(long, conflicts_with_all = ["from", "system", "sha256"])]
    pub admin: bool,
    #[command(flatten)]
    pub organisation: Organisation,
}

/// What `--admin` is told; without `--tenant`, the configuration in force is taken.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --admin")]
pub struct Organisation {
    /// The tenant: GUID or verified domain
    #[arg(long, value_name = "TENANT", requires_all = ["admin", "host", "source"])]
    pub tenant: Option<String>,
    /// The application (client) id, once it is registered
    #[arg(long, value_name = "GUID", requires = "admin")]
    pub client_id: Option<String>,
    /// Base URL of the Bitbucket host
    #[arg(long, value_name = "URL", requires = "tenant")]
    pub host: Option<String>,
    /// How Bitbucket tokens are obtained
    #[arg(long, requires = "tenant", value_parser = ["cloud-oauth", "datacenter-oauth", "exchange", "entra"])]
    pub source: Option<String>,
    /// The scope asked of Entra, for `exchange` and `entra`
    #[arg(long, requires = "tenant")]
    pub scope: Option<String>,
    /// The broker's token endpoint, for `exchange`
    #[arg(long, value_name = "URL", requires = "tenant")]
    pub token_endpoint: Option<String>,
    /// Key of the Cloud consumer or id of the Data Center link, once there is one
    #[arg(long, value_name = "ID", requires = "tenant")]
    pub consumer: Option<String>,
    /// Write the files to deploy into this directory
    #[arg(long, value_name = "DIR", requires = "admin")]
    pub out: Option<PathBuf>,
}

/// `ci`.
#[derive(Debug, Subcommand)]
pub enum Ci {
    /// Print variables that register this program with git, so that a container needs no file
    Env {
        /// Only this host
        #[arg(long, value_name = "URL")]
        host: Option<String>,
        /// For whom the lines are
        #[arg(long, value_enum, default_value_t = CiShell::Sh)]
        shell: CiShell,
    },
}

/// The forms of `ci env`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CiShell {
    /// `eval "$(git-credential-bitbucket-sso ci env)"`
    Sh,
    /// `git-credential-bitbucket-sso ci env --shell powershell | Out-String | Invoke-Expression`
    Powershell,
    /// `git-credential-bitbucket-sso ci env --shell github >> "$GITHUB_ENV"`
    Github,
    /// A `variables:` block for `.gitlab-ci.yml`
    Gitlab,
}
