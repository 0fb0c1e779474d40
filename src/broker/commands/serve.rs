//! `serve`: until a signal says stop.

use super::{Failed, said};
use crate::basis::clock::Clock;
use crate::broker::desk::OpenError;
use crate::broker::serve::{StartError, start};
use crate::broker::settings::Settings;
use std::io::Write;
use std::sync::Arc;

/// Serves; returns once it was told to stop and has.
pub fn serve(settings: Settings, clock: Arc<dyn Clock>, out: &mut dyn Write) -> Result<(), Failed> {
    let public = settings.public_url.to_string();
    let running = start(settings, clock).map_err(|error| failed(&error))?;
    said(out, &format!("listening on {} as {public}\n", running.address))?;
    running.stop_on_signals();
    running.wait();
    said(out, "stopped\n")
}

fn failed(error: &StartError) -> Failed {
    let why = error.to_string();
    match error {
        StartError::Listen { .. } | StartError::Threads(_) | StartError::Open(OpenError::Store(_)) => {
            Failed::unavailable(why)
        }
        StartError::Tls(_) | StartError::Open(_) => Failed::config(why),
    }
}
