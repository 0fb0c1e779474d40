//! Azure Arc gives tokens to whoever can read a file that only administrators and the group `himds` can read.

use crate::basis::secret::SecretBytes;
use crate::identity::{Here, IdentityError, Shown, reply};
use crate::net::{Call, Reply};
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Answers the challenge: the file that it names is read and shown.
pub(super) fn answered(here: &Here<'_>, call: Call, answer: &Reply) -> Result<Shown, IdentityError> {
    if answer.status != 401 {
        return confirmed(here, &call, answer);
    }
    let header = answer.header("www-authenticate").unwrap_or_default();
    let realm = header.split_once("realm=").map(|(_, realm)| realm.trim().trim_matches('"'));
    let realm = realm.filter(|_| header.to_ascii_lowercase().starts_with("basic "));
    let path = allowed(here, realm.unwrap_or_default())?;
    let key = read(&path).map_err(|why| match why {
        Unfit::Rule(why) => IdentityError::Challenge(format!("the file {} {why}", path.display())),
        Unfit::Closed(error) => IdentityError::Key(format!("cannot be read: {}: {error}", path.display())),
    })?;
    let proof = SecretBytes::new([b"Basic ".as_slice(), key.expose().trim_ascii()].concat());
    let call = call.header("Authorization", proof.expose());
    let answer = here.http.send(&call).map_err(IdentityError::Silent)?;
    confirmed(here, &call, &answer)
}

/// An agent that knows one identity only ignores which one is asked for: a token counts if the agent says whose it is.
fn confirmed(here: &Here<'_>, call: &Call, answer: &Reply) -> Result<Shown, IdentityError> {
    let shown = reply::token(call, answer, here.clock.now())?;
    let Some((name, wanted)) = super::named(&here.profile.workload, super::IDS)? else { return Ok(shown) };
    let body: Value = serde_json::from_slice(answer.body.expose()).unwrap_or_default();
    let said = |name: &str| body.get(name).and_then(Value::as_str).is_some_and(|id| id.eq_ignore_ascii_case(wanted));
    if said(name) || (name == "msi_res_id" && said("mi_res_id")) {
        return Ok(shown);
    }
    let said =
        "the agent of Azure Arc gave the machine's own identity instead; only newer agents know others".to_owned();
    Err(IdentityError::NotAssigned { said })
}

/// Whoever answers on that port may name any file: only a key in the agent's own directory is read.
fn allowed(here: &Here<'_>, realm: &str) -> Result<PathBuf, IdentityError> {
    let refuse = |why: String| Err(IdentityError::Challenge(why));
    let windows = || here.env.os("ProgramData").map(|dir| Path::new(&dir).join("AzureConnectedMachineAgent/Tokens"));
    let tokens = if cfg!(windows) { windows() } else { Some(here.root.join("var/opt/azcmagent/tokens")) };
    let path = Path::new(realm);
    if realm.is_empty() {
        return refuse("it names no file".into());
    }
    if path.parent() != tokens.as_deref() || realm.contains("..") {
        return refuse(format!("the file {} is outside the agent's directory", crate::basis::text::clean(realm)));
    }
    if path.extension().is_none_or(|extension| extension != "key") {
        return refuse(format!("the file {} is no .key file", crate::basis::text::clean(realm)));
    }
    Ok(path.to_owned())
}

/// Why a key is not used.
enum Unfit {
    Rule(String),
    Closed(std::io::Error),
}

fn read(path: &Path) -> Result<SecretBytes, Unfit> {
    let unreadable = Unfit::Closed;
    let about = std::fs::symlink_metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(Unfit::Rule("is no regular file".into()));
    }
    let mut bytes = Vec::with_capacity(MOST + 1);
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(MOST as u64 + 1).read_to_end(&mut bytes);
    let bytes = SecretBytes::new(bytes);
    read.map_err(unreadable)?;
    if bytes.expose().len() > MOST {
        return Err(Unfit::Rule(format!("is larger than {MOST} bytes")));
    }
    Ok(bytes)
}

const MOST: usize = 4096;
