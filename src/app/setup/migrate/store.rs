//! The files of `git credential-store`: one URL a line.

use super::{Edit, Found, Length, Spot, What, address, lines};
use crate::config::settings::Settings;
use std::path::Path;

/// The lines of configured hosts; each is taken out whole.
pub(super) fn spots(file: &Path, bytes: &[u8], settings: &Settings) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (number, range, line) in lines(bytes) {
        let named = address::named(line, settings).into_iter().next();
        let Some(named) = named.filter(|_| line.starts_with("http")) else { continue };
        spots.push(Spot {
            found: Found {
                what: What::StoreLine,
                place: file.to_owned(),
                line: number,
                host: named.host,
                user: Some(named.user.to_owned()).filter(|user| !user.is_empty()),
                length: named.secret.map(Length::of),
                left: None,
            },
            edit: Some(Edit { at: range, with: String::new() }),
        });
    }
    spots
}
