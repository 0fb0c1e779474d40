//! `keys status`, `keys rotate`: which key seals what, and sealing all of it with the first one.

use super::{At, Failed, read, said, wait};
use crate::basis::clock::Clock;
use crate::basis::env::Env;
use crate::broker::outward::Outward;
use crate::broker::sealing::Sealer;
use crate::broker::settings::Settings;
use crate::broker::store::Store;
use clap::Subcommand;
use std::io::Write;
use std::sync::Arc;

#[derive(Subcommand)]
pub enum KeysCommand {
    /// Which key seals how much
    Status(At),
    /// Seal everything with the first key; behind Key Vault, with a new one
    Rotate(At),
}

pub fn run(command: &KeysCommand, clock: Arc<dyn Clock>, out: &mut dyn Write) -> Result<(), Failed> {
    let text = match command {
        KeysCommand::Status(at) => wait(status(read(&at.file)?, clock))??,
        KeysCommand::Rotate(at) => wait(rotate(read(&at.file)?, clock))??,
    };
    said(out, &text)
}

async fn status(settings: Settings, clock: Arc<dyn Clock>) -> Result<String, Failed> {
    let store = opened(&settings, clock).await?;
    let uses = store.key_uses().await.map_err(|error| Failed::unavailable(error.to_string()))?;
    store.close().await;
    let line = |one: &crate::broker::store::KeyUse| {
        let what = match (one.seals, one.at_hand) {
            (true, _) => "seals",
            (false, true) => "opens",
            (false, false) => "is missing",
        };
        format!("{}  {what}, {} rows\n", one.id, one.rows)
    };
    Ok(uses.iter().map(line).collect())
}

async fn rotate(settings: Settings, clock: Arc<dyn Clock>) -> Result<String, Failed> {
    let store = opened(&settings, clock).await?;
    let rotated = store.rotate().await.map_err(|error| Failed::unavailable(error.to_string()))?;
    store.close().await;
    let line = format!("{} seals; {} rows sealed anew\n", rotated.key, rotated.resealed);
    match rotated.remaining {
        0 => Ok(line),
        rows => Err(Failed::refused(format!("{line}{rows} rows are still sealed with another key: keep the old keys"))),
    }
}

async fn opened(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Store, Failed> {
    let outward = Outward::new(settings.ca_file.as_deref()).map_err(|error| Failed::config(error.to_string()))?;
    let sealer = Sealer::of(&settings.sealing, &outward, &Env::Process);
    let sealer = sealer.map_err(|error| Failed::config(error.to_string()))?;
    let store = Store::open(&settings.store, Arc::new(sealer), clock).await;
    store.map_err(|error| Failed::unavailable(error.to_string()))
}
