//! `setup DOMAIN` and `setup --from`: an organisation's configuration, fetched, shown, agreed to, written.
//!
//! A forged document would send people to somebody else's tenant. So it is never accepted silently, it can name
//! neither secrets nor programs, and what is shown is what is written.

use super::replace::{Lock, Readers};
use super::schema::{self, BadDocument, Setting};
use super::{SetupError, target};
use crate::basis::digest;
use crate::basis::text::clean;
use crate::basis::url::{BadUrl, WebUrl};
use crate::net::{Call, Http, NetError};
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
    settings: Vec<Setting>,
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
    /// `--yes --sha256 HEX` matched.
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

/// Why an organisation's configuration was not taken; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The argument is no domain, file or https address.
    #[error("`{given}` is no {what}")]
    BadOrigin { given: String, what: &'static str },
    /// The address is not one that may be trusted.
    #[error(transparent)]
    BadUrl(#[from] BadUrl),
    /// No answer.
    #[error(transparent)]
    Net(#[from] NetError),
    /// An answer that is no document; redirects are not followed.
    #[error("{place} answered {status}")]
    Status { place: String, status: u16 },
    /// Over [`LARGEST`].
    #[error("the configuration of {origin} is larger than 64 KiB")]
    TooLarge { origin: String },
    /// The file or standard input cannot be read.
    #[error("{origin} cannot be read: {why}")]
    Unreadable { origin: String, why: String },
    /// It says something it may not.
    #[error("the configuration of {origin} is not accepted: {why}")]
    Document { origin: String, why: BadDocument },
    /// `--yes` alone agrees to anything.
    #[error("--yes needs --sha256")]
    DigestNeeded { sha256: String },
    /// It is not the document that was agreed to.
    #[error("the SHA-256 is {found}, not {wanted}")]
    DigestDiffers { found: String, wanted: String },
    /// Our own configuration check refuses it.
    #[error("the configuration of {origin} is not valid: {why}")]
    Invalid { origin: String, why: String },
    /// The user file was written by a person and says otherwise.
    #[error("{path} says otherwise")]
    Differs { path: PathBuf, difference: Vec<String> },
    /// The user file cannot be read or written.
    #[error(transparent)]
    Write(#[from] SetupError),
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

/// Fetches and checks a document. `stdin` is read for `-` only.
pub fn fetch(
    origin: &Origin,
    http: &dyn Http,
    stdin: &mut dyn Read,
    toml: TomlReader,
) -> Result<Offer, BootstrapError> {
    let bytes = read(origin, http, stdin)?;
    if bytes.len() > LARGEST {
        return Err(BootstrapError::TooLarge { origin: origin.to_string() });
    }
    let refused = |why| BootstrapError::Document { origin: origin.to_string(), why };
    let document = parse(origin, &bytes, toml).map_err(|why| refused(BadDocument::Syntax(clean(&why))))?;
    let settings = schema::check(&document).map_err(refused)?;
    let toml_text = format!("{MARKER} {origin}\n{}", schema::to_toml(&document));
    Ok(Offer { toml_text, sha256: digest::of(&bytes), summary: summary(origin, &settings), settings })
}

/// Whether the command line already agrees to this very document.
pub fn consent(offer: &Offer, yes: bool, sha256: Option<&str>) -> Result<Consent, BootstrapError> {
    match sha256 {
        Some(wanted) if !wanted.eq_ignore_ascii_case(&offer.sha256) => {
            Err(BootstrapError::DigestDiffers { found: offer.sha256.clone(), wanted: clean(wanted) })
        }
        Some(_) if yes => Ok(Consent::Given),
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

fn read(origin: &Origin, http: &dyn Http, stdin: &mut dyn Read) -> Result<Vec<u8>, BootstrapError> {
    let unreadable = |error: std::io::Error| {
        let gone = error.kind() == std::io::ErrorKind::NotFound;
        let why = if gone { "there is no such file".to_owned() } else { error.kind().to_string() };
        BootstrapError::Unreadable { origin: origin.to_string(), why }
    };
    let capped = |source: &mut dyn Read| {
        let mut bytes = Vec::new();
        // One byte over the limit is enough to know.
        source.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map(|_| bytes)
    };
    match origin {
        Origin::Domain(url) | Origin::Url(url) => {
            let call = Call::get(url.to_string()).header("accept", "application/json");
            let place = call.place().to_owned();
            let reply = http.send(&call)?;
            let status = reply.status;
            let bytes = reply.body.expose().to_vec();
            if status == 200 { Ok(bytes) } else { Err(BootstrapError::Status { place, status }) }
        }
        Origin::File(path) => std::fs::File::open(path).and_then(|mut file| capped(&mut file)).map_err(unreadable),
        Origin::Stdin => capped(stdin).map_err(unreadable),
    }
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
    let difference: Vec<String> = offer.settings.iter().filter_map(|wanted| compare(wanted, &present)).collect();
    // What a person added to a file of ours (a client secret, say) must not be lost either.
    let only_ours = text.starts_with(MARKER) && schema::check(&document).is_ok();
    match (difference.is_empty(), only_ours) {
        (true, false) => Ok(true),
        (true, true) => Ok(present.len() == offer.settings.len()),
        (false, true) => Ok(false),
        (false, false) => Err(differs(difference)),
    }
}

fn compare(wanted: &Setting, present: &[Setting]) -> Option<String> {
    let here = present.iter().find(|setting| setting.key == wanted.key);
    // A host's own key holds its URL in one spelling, so its `url` is the same however it is written.
    let is_url = wanted.key.rsplit('.').next() == Some("url");
    let same = |here: &Setting| here.value == wanted.value || is_url;
    match here {
        Some(here) if same(here) => None,
        Some(here) => Some(clean(&format!("{}: {} here, {} there", wanted.key, here.value, wanted.value))),
        None => Some(clean(&format!("{}: not set here, {} there", wanted.key, wanted.value))),
    }
}

/// A document over 64 KiB is none.
pub const LARGEST: usize = 64 * 1024;
const WELL_KNOWN: &str = "/.well-known/git-credential-bitbucket-sso.json";
/// A user file that starts with it is ours to replace.
const MARKER: &str = "# written by git-credential-bitbucket-sso setup from";
