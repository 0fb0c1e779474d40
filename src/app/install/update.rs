//! Whether a newer version is offered. Nothing is ever fetched but that one line, and nothing installed.

use super::version::{self, OURS};
use crate::app::words;
use crate::app::world::World;
use crate::basis::failure::Failure;
use crate::net::{Call, NetError};

/// Why nobody knows whether there is a newer version.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// No file says where to ask.
    #[error("network.update_url is not set")]
    NoPlace,
    #[error(transparent)]
    Net(#[from] NetError),
    /// Something else than 200; redirects are not followed.
    #[error("{place} answered {status}")]
    Status { place: String, status: u16 },
    /// What came is no version.
    #[error("the answer of {place} is no version")]
    Nonsense { place: String },
}

/// Asks `network.update_url` for its `latest`.
pub fn check(world: &World) -> Result<String, Failure> {
    let (place, offered) = offered(world).map_err(|error| words::update(&error))?;
    Ok(words::offered(&place, &offered, version::newer(&offered, OURS)))
}

fn offered(world: &World) -> Result<(String, String), UpdateError> {
    let base = world.loaded.settings.update_url.as_ref().ok_or(UpdateError::NoPlace)?;
    let call = Call::get(base.join("/latest")).header("accept", "text/plain");
    let place = call.place().to_owned();
    let reply = world.http.get().send(&call)?;
    if reply.status != 200 {
        return Err(UpdateError::Status { place, status: reply.status });
    }
    let text = std::str::from_utf8(reply.body.expose()).unwrap_or_default().trim();
    if text.len() > LONGEST || !version::is_version(text) {
        return Err(UpdateError::Nonsense { place });
    }
    Ok((base.to_string(), text.to_owned()))
}

/// No version is longer.
const LONGEST: usize = 40;
