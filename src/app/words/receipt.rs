//! What a logout removed, and what lives on.

use crate::app::logout::Removed;
use crate::app::world::World;
use std::fmt::Write as _;

/// One account's receipt. No call ends a native client's tokens at Entra or Bitbucket, so it says what
/// stays valid, and until when.
pub fn receipt(world: &World, session: Option<&str>, removed: &[Removed]) -> String {
    let zone = world.clock.zone();
    let mut lines = match session {
        Some(who) => vec![
            format!("signed out {who}: the Entra session of this machine was removed"),
            "  Entra was not told: a program can end its own session there only with all others of the account. Where a copy of it \
             may be, end all of them: https://mysignins.microsoft.com, Sign out everywhere"
                .to_owned(),
        ],
        None => vec!["no Entra session was removed".to_owned()],
    };
    for Removed { host, source, grant, token } in removed {
        let mut line = format!("{host} ({source}):");
        line.push_str(match grant {
            Some(true) => " grant removed;",
            Some(false) => " no grant was stored;",
            None => "",
        });
        match token {
            Some(cached) => {
                let until = cached.credential.expires.local(&zone);
                // Writing to a String cannot fail.
                _ = write!(line, " a token was removed here, the server takes it until {until}");
            }
            None => line.push_str(" no valid token was cached"),
        }
        lines.push(line);
        if *grant == Some(true) {
            lines.push("  Bitbucket was not told: it has no call for it. End it there: Personal settings, authorized applications".into());
        }
    }
    lines.join("\n") + "\n"
}
