//! What was typed, as the app wants it.

use crate::app::interaction::Means;
use crate::app::login::Wish;
use crate::app::logout::Extent;
use crate::app::onboard::Migration;
use crate::app::setup::{admin as organisation, migrate};
use crate::app::world::World;
use crate::app::{audit, ci, commands, install, pick, token, words};
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

pub(super) fn means(typed: &cli::Login) -> Means {
    Means { paste: typed.no_browser, port: typed.redirect_port }
}

pub(super) fn wish(typed: cli::Login) -> Wish {
    let cli::Login { browser, device_code, no_browser, redirect_port, host, force, ahead, verbose } = typed;
    let by_browser = browser || no_browser || redirect_port.is_some();
    let flow = if device_code { Some(Flow::DeviceCode) } else { by_browser.then_some(Flow::Browser) };
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
    let cli::Setup { domain, from, system, dry_run, yes, sha256, more: _ } = typed;
    commands::SetupWish { domain, from, system, dry_run, yes, sha256 }
}

pub(super) fn migration(typed: cli::Setup) -> Migration {
    let cli::Setup { dry_run, yes, more, .. } = typed;
    let wish = migrate::Wish { rewrite: more.apply, erase: more.erase };
    Migration { roots: more.migrate.unwrap_or_default(), wish, undo: more.undo, dry_run, yes, json: more.json }
}

pub(super) fn admin(typed: cli::Setup) -> organisation::Wish {
    let cli::Setup { domain, dry_run, more, .. } = typed;
    let cli::Organisation { tenant, client_id, host, source, scope, token_endpoint, consumer, out } = more.organisation;
    let json = more.json;
    organisation::Wish { domain, tenant, client_id, host, source, scope, token_endpoint, consumer, out, dry_run, json }
}

pub(super) fn ci_form(shell: cli::CiShell) -> ci::Form {
    match shell {
        cli::CiShell::Sh => ci::Form::Sh,
        cli::CiShell::Powershell => ci::Form::Powershell,
        cli::CiShell::Github => ci::Form::Github,
        cli::CiShell::Gitlab => ci::Form::Gitlab,
    }
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
