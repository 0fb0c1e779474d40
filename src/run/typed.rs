//! What was typed, as the app wants it.

use crate::app::login::Wish;
use crate::app::logout::Extent;
use crate::app::world::World;
use crate::app::{audit, commands, install, pick, token, words};
use crate::basis::failure::Failure;
use crate::basis::session::Flow;
use crate::cli;

pub(super) fn audit_form(format: cli::AuditFormat) -> audit::Form {
    match format {
        cli::AuditFormat::Jsonl => audit::Form::Jsonl,
        cli::AuditFormat::Csv => audit::Form::Csv,
        cli::AuditFormat::Ocsf => audit::Form::Ocsf,
    }
}

pub(super) fn wish(typed: cli::Login) -> Wish {
    let cli::Login { browser, device_code, host, force, ahead, verbose } = typed;
    let flow = match (browser, device_code) {
        (true, _) => Some(Flow::Browser),
        (_, true) => Some(Flow::DeviceCode),
        _ => None,
    };
    Wish { flow, host, force, ahead, verbose }
}

pub(super) fn extent(world: &World, typed: cli::Logout) -> Result<Extent, Failure> {
    let cli::Logout { host, all } = typed;
    match host {
        Some(host) => Ok(Extent::Host(host)),
        None if all || pick::accounts(world, None)?.len() == 1 => Ok(Extent::Everything),
        None => Err(words::which_account()),
    }
}

pub(super) fn setup(typed: cli::Setup) -> commands::SetupWish {
    let cli::Setup { domain, from, system, dry_run, yes, sha256 } = typed;
    commands::SetupWish { domain, from, system, dry_run, yes, sha256 }
}

pub(super) fn install(typed: cli::Install) -> install::Wish {
    let cli::Install { system, bin_dir, no_git_config, dry_run, allow_downgrade } = typed;
    install::Wish { system, bin_dir, no_git_config, dry_run, downgrade: allow_downgrade }
}

pub(super) fn form(format: cli::TokenFormat) -> token::Form {
    match format {
        cli::TokenFormat::Json => token::Form::Json,
        cli::TokenFormat::Header => token::Form::Header,
        cli::TokenFormat::Env => token::Form::Env,
    }
}
