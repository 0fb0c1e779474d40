//! Gets an organisation's document, and the signature beside it, from wherever it lies.

use super::{BootstrapError, LARGEST, Origin};
use crate::net::{Call, Http, Reply};
use std::io::{self, ErrorKind, Read};

/// A document as received: one byte over [`LARGEST`] at most, or the body of an answer.
pub(super) struct Received {
    pub bytes: Vec<u8>,
    /// The server's name for this version.
    pub etag: Option<String>,
}

/// The document. Redirects are not followed: an answer speaks for its own address only.
pub(super) fn document(origin: &Origin, http: &dyn Http, stdin: &mut dyn Read) -> Result<Received, BootstrapError> {
    let bytes = match origin {
        Origin::Domain(url) | Origin::Url(url) => {
            return received(&http.send(&call(&url.to_string()))?, &url.to_string());
        }
        Origin::File(path) => std::fs::File::open(path).and_then(|mut file| capped(&mut file)),
        Origin::Stdin => capped(stdin),
    };
    let bytes = bytes.map_err(|error| unreadable(origin, &error))?;
    Ok(Received { bytes, etag: None })
}

/// The document of an address, unless it is still the one that the server called `etag`. Sent once: whoever waits for a
/// sign-in does not wait for a second try.
pub(super) fn if_changed(
    origin: &Origin,
    http: &dyn Http,
    etag: Option<&str>,
) -> Result<Option<Received>, BootstrapError> {
    let (Origin::Domain(url) | Origin::Url(url)) = origin else { return Ok(None) };
    let place = url.to_string();
    let mut call = Call { repeatable: false, ..call(&place) };
    if let Some(etag) = etag {
        call = call.header("if-none-match", etag);
    }
    let reply = http.send(&call)?;
    if reply.status == 304 && etag.is_some() { Ok(None) } else { received(&reply, &place).map(Some) }
}

/// The signature at the document's address with `.sig` behind it; `None` where there is none.
pub(super) fn signature(origin: &Origin, http: &dyn Http) -> Result<Option<Vec<u8>>, BootstrapError> {
    match origin {
        Origin::Domain(url) | Origin::Url(url) => {
            let place = format!("{url}.sig");
            let reply = http.send(&call(&place))?;
            // Some servers of files say 403 of what is not there.
            let missing = matches!(reply.status, 403 | 404 | 410);
            if missing { Ok(None) } else { received(&reply, &place).map(|received| Some(received.bytes)) }
        }
        Origin::File(path) => {
            let mut beside = path.clone().into_os_string();
            beside.push(".sig");
            match std::fs::File::open(beside).and_then(|mut file| capped(&mut file)) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                other => other.map(Some).map_err(|error| unreadable(origin, &error)),
            }
        }
        Origin::Stdin => Ok(None),
    }
}

fn call(url: &str) -> Call {
    Call::get(url).header("accept", "application/json")
}

fn received(reply: &Reply, place: &str) -> Result<Received, BootstrapError> {
    if reply.status != 200 {
        return Err(BootstrapError::Status { place: place.to_owned(), status: reply.status });
    }
    // It will be a header of ours and a line in a file of ours.
    let plain = |etag: &&str| etag.len() <= 200 && etag.bytes().all(|byte| byte.is_ascii_graphic());
    let etag = reply.header("etag").filter(plain).map(str::to_owned);
    Ok(Received { bytes: reply.body.expose().to_vec(), etag })
}

fn capped(source: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte over the limit is enough to know.
    source.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map(|_| bytes)
}

fn unreadable(origin: &Origin, error: &io::Error) -> BootstrapError {
    let gone = error.kind() == ErrorKind::NotFound;
    let why = if gone { "there is no such file".to_owned() } else { error.kind().to_string() };
    BootstrapError::Unreadable { origin: origin.to_string(), why }
}
