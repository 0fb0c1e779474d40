//! `setup DOMAIN` and `setup --from`: an organisation's configuration, fetched, shown, agreed to, written.
//!
//! A forged document would send people to somebody else's tenant. So it is never accepted silently, it can name
//! neither secrets nor programs, and what is shown is what is written.

mod changes;
mod fetch;
mod refusal;

pub use changes::Change;
pub use refusal::BootstrapError;

use super::replace::{Lock, Readers};
use super::schema::{self, BadDocument, Setting};
use super::{SetupError, target};
use crate::basis::digest;
use crate::basis::ssh_signature::{self, SigningKey};
use crate::basis::text::clean;
use crate::basis::url::WebUrl;
use crate::net::Http;
use fetch::Received;
use serde_json::Value;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where the document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `setup DOMAIN`: the well-known address of a domain.
    Domain(WebUrl),
    /// `--from URL`.
    Url(WebUrl),
    /// `--from FILE`; a name that ends in `.toml` is TOML, anything else JSON.
    File(PathBuf),
    /// `--from -`.
    Stdin,
}

/// A document as it is offered: nothing of it holds yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What would be written to the user file.
    pub toml_text: String,
    /// Of the document as received, 64 lower-case hex digits.
    pub sha256: String,
    pub summary: Summary,
    pub signed: Signed,
    /// The server's name for this version of it.
    pub etag: Option<String>,
    settings: Vec<Setting>,
}

/// Whether a key of policy vouches for a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Policy names no keys.
    Unasked,
    /// Policy names keys, and there is no signature.
    Nobody,
    /// The name of the key.
    By(String),
}

/// What a person must see before agreeing. The texts are the document's own: clean them before showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Where it came from.
    pub origin: String,
    /// Who signs people in, `login.microsoftonline.com` unless said otherwise.
    pub authorities: Vec<String>,
    pub tenants: Vec<String>,
    pub hosts: Vec<String>,
    pub client_ids: Vec<String>,
    /// Where tokens and codes are sent besides Entra and the hosts themselves.
    pub endpoints: Vec<String>,
}

/// What is left to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// `--yes`, and `--sha256 HEX` matched or a key of policy has signed.
    Given,
    /// Show the summary and ask once.
    Ask,
}

/// What became of the user file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Unchanged,
    Written,
}

/// Reads TOML for us: the parsed value as JSON's types, or why it is no TOML.
pub type TomlReader<'a> = &'a dyn Fn(&str) -> Result<Value, String>;

impl Origin {
    /// `DOMAIN`, optionally with a port: the document's address is fixed.
    pub fn domain(domain: &str) -> Result<Self, BootstrapError> {
        let bad = || BootstrapError::BadOrigin { given: clean(domain), what: "domain" };
        let root: WebUrl = format!("https://{domain}").parse().map_err(|_| bad())?;
        if !root.path().is_empty() || domain.contains(['/', '\\']) {
            return Err(bad());
        }
        Ok(Self::Domain(root.join(WELL_KNOWN).parse()?))
    }

    /// `--from FILE|URL|-`.
    pub fn from(given: &str) -> Result<Self, BootstrapError> {
        match given {
            "-" => Ok(Self::Stdin),
            url if url.contains("://") => Ok(Self::Url(url.parse()?)),
            "" => Err(BootstrapError::BadOrigin { given: String::new(), what: "file or address" }),
            file => Ok(Self::File(PathBuf::from(file))),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(url) | Self::Url(url) => url.fmt(f),
            Self::File(path) => f.write_str(&clean(&path.to_string_lossy())),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// Fetches and checks a document. `stdin` is read for `-` only. Where policy names `signers`, a signature beside the
/// document is looked for.
pub fn fetch(
    origin: &Origin,
    http: &dyn Http,
    stdin: &mut dyn Read,
    toml: TomlReader,
    signers: &[SigningKey],
) -> Result<Offer, BootstrapError> {
    let received = fetch::document(origin, http, stdin)?;
    let signed = signed(origin, http, &received.bytes, signers)?;
    Ok(Offer { signed, ..offer(origin, &received, toml)? })
}

/// Fetches a document that was taken before; `None` if it is still the version that the server called `etag`.
pub fn fetch_again(
    origin: &Origin,
    http: &dyn Http,
    toml: TomlReader,
    etag: Option<&str>,
) -> Result<Option<Offer>, BootstrapError> {
    let received = fetch::if_changed(origin, http, etag)?;
    received.map(|received| offer(origin, &received, toml)).transpose()
}

/// Where the user file's document came from, if it is one that [`keep`] wrote and the place is an address.
pub fn origin_of(user_file: &str) -> Option<Origin> {
    let line = user_file.strip_prefix(MARKER)?.lines().next()?;
    line.trim().parse().ok().map(Origin::Url)
}

/// What taking the offer would change in a user file of ours.
pub fn changes(offer: &Offer, user_file: &str, toml: TomlReader) -> Result<Vec<Change>, BootstrapError> {
    let broken = |why: String| BootstrapError::Invalid { origin: "the user file".into(), why: clean(&why) };
    Ok(changes::both_ways(&offer.settings, &schema::known(&toml(user_file).map_err(broken)?)))
}

fn signed(origin: &Origin, http: &dyn Http, document: &[u8], signers: &[SigningKey]) -> Result<Signed, BootstrapError> {
    if signers.is_empty() {
        return Ok(Signed::Unasked);
    }
    let Some(signature) = fetch::signature(origin, http)? else { return Ok(Signed::Nobody) };
    let key = ssh_signature::signer(&signature, document, NAMESPACE, signers);
    let key = key.map_err(|why| BootstrapError::Signature { origin: origin.to_string(), why })?;
    Ok(Signed::By(key.name.clone()))
}

fn offer(origin: &Origin, received: &Received, toml: TomlReader) -> Result<Offer, BootstrapError> {
    let Received { bytes, etag } = received;
    if bytes.len() > LARGEST {
        return Err(BootstrapError::TooLarge { origin: origin.to_string() });
    }
    let refused = |why| BootstrapError::Document { origin: origin.to_string(), why };
    let document = parse(origin, bytes, toml).map_err(|why| refused(BadDocument::Syntax(clean(&why))))?;
    let settings = schema::check(&document).map_err(refused)?;
    let toml_text = format!("{MARKER} {origin}\n{}", schema::to_toml(&document));
    let (sha256, summary) = (digest::of(bytes), summary(origin, &settings));
    Ok(Offer { toml_text, sha256, summary, signed: Signed::Unasked, etag: etag.clone(), settings })
}

/// Whether the command line already agrees to this very document.
pub fn consent(offer: &Offer, yes: bool, sha256: Option<&str>) -> Result<Consent, BootstrapError> {
    match sha256 {
        Some(wanted) if !wanted.eq_ignore_ascii_case(&offer.sha256) => {
            Err(BootstrapError::DigestDiffers { found: offer.sha256.clone(), wanted: clean(wanted) })
        }
        Some(_) if yes => Ok(Consent::Given),
        None if yes && matches!(offer.signed, Signed::By(_)) => Ok(Consent::Given),
        None if yes => Err(BootstrapError::DigestNeeded { sha256: offer.sha256.clone() }),
        _ => Ok(Consent::Ask),
    }
}

/// Writes the offer to the user file, once agreed to, if it says anything new. `validate` is the full check of a
/// configuration file; it sees the text under the name of the file's lock, before it holds.
pub fn keep(
    offer: &Offer,
    user_file: &Path,
    validate: &dyn Fn(&Path) -> Result<(), String>,
    toml: TomlReader,
) -> Result<Kept, BootstrapError> {
    let target = target::look(user_file)?;
    if target.bytes.as_deref() == Some(offer.toml_text.as_bytes()) {
        return Ok(Kept::Unchanged);
    }
    if let Some(bytes) = &target.bytes
        && says_all(offer, user_file, bytes, toml)?
    {
        return Ok(Kept::Unchanged);
    }
    if let Some(why) = target.blocked {
        let lines = offer.toml_text.lines().map(str::to_owned).collect();
        return Err(SetupError::ReadOnly { path: target.path, why, lines, remove: false }.into());
    }
    let mut lock = Lock::take(&target.real, Readers::Owner)?;
    if lock.current()? != target.bytes {
        return Err(SetupError::ChangedMeanwhile { path: target.path }.into());
    }
    lock.fill(offer.toml_text.as_bytes())?;
    let invalid = |why| BootstrapError::Invalid { origin: offer.summary.origin.clone(), why };
    validate(lock.path()).map_err(invalid)?;
    lock.commit()?;
    Ok(Kept::Written)
}

fn parse(origin: &Origin, bytes: &[u8], toml: TomlReader) -> Result<Value, String> {
    let is_toml = matches!(origin, Origin::File(path) if path.extension().is_some_and(|end| end == "toml"));
    if !is_toml {
        return serde_json::from_slice(bytes).map_err(|error| error.to_string());
    }
    toml(std::str::from_utf8(bytes).map_err(|error| error.to_string())?)
}

fn summary(origin: &Origin, settings: &[Setting]) -> Summary {
    let all = |head: &str, tails: &[&str]| {
        let ends = |key: &str| key.rsplit('.').next().is_some_and(|tail| tails.contains(&tail));
        let named = |setting: &&Setting| setting.key.starts_with(head) && ends(&setting.key);
        let mut values: Vec<String> =
            settings.iter().filter(named).filter_map(|setting| setting.value.as_str()).map(str::to_owned).collect();
        values.sort();
        values.dedup();
        values
    };
    Summary {
        origin: origin.to_string(),
        authorities: all("entra.", &["authority"]),
        tenants: all("entra.", &["tenant"]),
        hosts: all("host ", &["url"]),
        client_ids: all("entra.", &["client_id"]),
        endpoints: all("host ", &["token_endpoint", "authorize_url", "token_url", "api_url"]),
    }
}

/// Whether a user file already says everything that is offered; an error if a person wrote it and it does not.
fn says_all(offer: &Offer, path: &Path, bytes: &[u8], toml: TomlReader) -> Result<bool, BootstrapError> {
    let differs = |difference| BootstrapError::Differs { path: path.to_owned(), difference };
    let text = std::str::from_utf8(bytes).map_err(|_| differs(vec!["it is no text".into()]))?;
    if text.trim().is_empty() {
        return Ok(false);
    }
    let document = toml(text).map_err(|why| differs(vec![clean(&why)]))?;
    let present = schema::known(&document);
    let difference = changes::one_way(&offer.settings, &present);
    // What a person added to a file of ours (a client secret, say) must not be lost either.
    let only_ours = text.starts_with(MARKER) && schema::check(&document).is_ok();
    match (difference.is_empty(), only_ours) {
        (true, false) => Ok(true),
        (true, true) => Ok(present.len() == offer.settings.len()),
        (false, true) => Ok(false),
        (false, false) => Err(differs(difference)),
    }
}

/// A document over 64 KiB is none.
pub const LARGEST: usize = 64 * 1024;
/// What signatures are made for: `ssh-keygen -Y sign -n git-credential-bitbucket-sso`.
const NAMESPACE: &str = "git-credential-bitbucket-sso";
const WELL_KNOWN: &str = "/.well-known/git-credential-bitbucket-sso.json";
/// A user file that starts with it is ours to replace.
const MARKER: &str = "# written by git-credential-bitbucket-sso setup from";
