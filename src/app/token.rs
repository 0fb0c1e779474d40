//! The same credential that git gets, for curl, IDEs and scripts.

use crate::app::get::{self, Manner};
use crate::app::pick;
use crate::app::words;
use crate::app::world::World;
use crate::basis::credential::Credential;
use crate::basis::failure::Failure;
use crate::basis::text;

/// How the credential is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON object.
    Json,
    /// `Authorization: Bearer …`
    Header,
    /// Two lines for a POSIX shell.
    Env,
}

/// The credential of a host in the asked form; it goes to standard output and nowhere else.
pub fn token(world: &World, host: &str, form: Form) -> Result<String, Failure> {
    get::new_enough(world)?;
    let hosts = pick::hosts(world, Some(host))?;
    let wanted = hosts.first().ok_or_else(words::no_hosts)?;
    let cached = match get::hit(world, wanted)? {
        Some(cached) => cached,
        None => get::obtain(world, wanted, Manner::Git)?,
    };
    let Credential { username, token, expires, .. } = &cached.credential;
    if text::breaks_git(username) || text::breaks_git(token.expose()) {
        return Err(words::unprintable(wanted));
    }
    Ok(match form {
        Form::Json => {
            let object = serde_json::json!({
                "host": wanted.host.url.to_string(), "username": username, "token": token.expose(),
                "expires": expires.rfc3339(),
            });
            format!("{object}\n")
        }
        Form::Header => format!("Authorization: Bearer {}\n", token.expose()),
        Form::Env => format!("BITBUCKET_USERNAME={}\nBITBUCKET_TOKEN={}\n", quoted(username), quoted(token.expose())),
    })
}

/// A word in single quotes for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
