//! Access tokens of one Entra tenant for the broker's own API (`facts/entra.md` 1.3, 5.1, 5.2).

use super::read::{NotBefore, Read};
use super::refused;
use crate::basis::clock::Timestamp;
use crate::basis::text;
use crate::broker::ground::ask::Refusal;
use crate::broker::ground::subject::{Claims, Kind, Subject};
use crate::broker::settings::Issuer;
use crate::idtoken;
use serde_json::{Map, Value};

/// What the configuration wants of a tenant's tokens.
pub struct Terms<'a> {
    pub tenant: &'a str,
    /// Programs that may ask on behalf of people.
    pub clients: &'a [String],
    /// The delegated scope of people.
    pub scope: &'a str,
    /// The app role of programs.
    pub role: &'a str,
}

/// The caller, if the claims say what they must. The signature was checked before.
pub fn judged(
    issuer: &Issuer,
    terms: &Terms<'_>,
    claims: Map<String, Value>,
    token_sha256: String,
    now: Timestamp,
) -> Result<Subject, Refusal> {
    let read = Read(&claims);
    known_types(&read)?;
    let version = version(&read, read.from(issuer)?)?;
    for_us(&read, issuer, terms)?;
    let (issued, expires) = read.in_time(NotBefore::Needed, now)?;
    no_other_kind(&read)?;
    let client = read.text(version.client_claim())?;
    let kind = kind(&read, terms, client)?;
    let id = read.guid("oid")?;
    let names = ["preferred_username", "upn", "unique_name", "name", "app_displayname"];
    let name = names.iter().find_map(|name| claims.get(*name)?.as_str()).unwrap_or(&id);
    let vouched = claims.get("xms_edov").is_some_and(idtoken::is_true);
    let email = read.maybe_text("email")?.filter(|email| vouched && !email.is_empty());
    Ok(Subject {
        kind,
        issuer: issuer.name.clone(),
        tid: Some(terms.tenant.to_ascii_lowercase()),
        name: text::clean(name),
        email: email.map(text::clean),
        issued,
        expires,
        token_sha256,
        uti: read.maybe_text("uti")?.map(text::clean),
        client: Some(text::clean(client)),
        id,
        claims: Claims(claims),
    })
}

/// Which of Entra's two formats; the API's registration chooses.
#[derive(Clone, Copy)]
enum Version {
    One,
    Two,
}

impl Version {
    fn client_claim(self) -> &'static str {
        match self {
            Self::One => "appid",
            Self::Two => "azp",
        }
    }
}

/// `ver` goes with the form of `iss`: `https://sts.windows.net/TID/` or `https://HOST/TID/v2.0`.
fn version(read: &Read<'_>, iss: &str) -> Result<Version, Refusal> {
    match (read.text("ver")?, iss.ends_with("/v2.0")) {
        ("1.0", false) => Ok(Version::One),
        ("2.0", true) => Ok(Version::Two),
        _ => Err(refused("`ver` of the token does not go with its issuer")),
    }
}

fn for_us(read: &Read<'_>, issuer: &Issuer, terms: &Terms<'_>) -> Result<(), Refusal> {
    let audience = read.text("aud")?;
    if !issuer.audiences.iter().any(|ours| ours == audience) {
        return Err(refused(format!("the token is for the audience `{}`, not for this broker", text::clean(audience))));
    }
    let tenant = read.guid("tid")?;
    if !tenant.eq_ignore_ascii_case(terms.tenant) {
        return Err(refused(format!("the token is from the tenant `{tenant}`")));
    }
    Ok(())
}

/// An ID token says who signed in, not what its bearer may do; a token with `cnf` is for the holder of a key.
fn no_other_kind(read: &Read<'_>) -> Result<(), Refusal> {
    if ["nonce", "at_hash", "c_hash"].iter().any(|name| read.0.contains_key(*name)) {
        return Err(refused("the token is an ID token; an access token is needed"));
    }
    if read.0.contains_key("cnf") {
        return Err(refused("the token is bound to a key, which cannot be proven here"));
    }
    Ok(())
}

/// A person has the scope, by an allowed program; a program has the role and says that it is one. Anything in between
/// is nobody: without `idtyp`, a token with roles may be a person's.
fn kind(read: &Read<'_>, terms: &Terms<'_>, client: &str) -> Result<Kind, Refusal> {
    let scopes = read.maybe_text("scp")?;
    match (read.maybe_text("idtyp")?, scopes) {
        (None | Some("user"), Some(scopes)) => person(terms, scopes, client),
        (Some("app"), None) => app(read, terms),
        (Some("app"), Some(_)) => Err(refused("the token says to be an application's and has a person's `scp`")),
        (None | Some("user"), None) => Err(refused("the token has no `scp`, and no `idtyp` that says `app`")),
        (Some(other), _) => Err(refused(format!("`idtyp` of the token is `{}`", text::clean(other)))),
    }
}

fn person(terms: &Terms<'_>, scopes: &str, client: &str) -> Result<Kind, Refusal> {
    if !terms.clients.iter().any(|allowed| allowed.eq_ignore_ascii_case(client)) {
        return Err(refused(format!("the program `{}` may not ask for people", text::clean(client))));
    }
    if !scopes.split(' ').any(|scope| scope == terms.scope) {
        return Err(refused(format!("`scp` of the token does not have `{}`", terms.scope)));
    }
    Ok(Kind::Person)
}

fn app(read: &Read<'_>, terms: &Terms<'_>) -> Result<Kind, Refusal> {
    if !read.texts("roles")?.contains(&terms.role) {
        return Err(refused(format!("`roles` of the token does not have `{}`", terms.role)));
    }
    Ok(Kind::App)
}

/// What rules may compare with is of the documented type, or the token is not believed.
fn known_types(read: &Read<'_>) -> Result<(), Refusal> {
    for name in TEXTS {
        read.maybe_text(name)?;
    }
    for name in LISTS {
        read.texts(name)?;
    }
    let acrs = |value: &Value| value.is_string().then_some(()).or_else(|| value.is_array().then_some(()));
    read.maybe("acrs", acrs)?;
    if read.0.get("acrs").is_some_and(Value::is_array) {
        read.texts("acrs")?;
    }
    read.maybe("auth_time", Value::as_i64)?;
    read.maybe("acct", |value| value.as_i64().map(drop).or_else(|| value.as_str().map(drop)))?;
    read.maybe("hasgroups", |value| value.as_bool().map(drop).or_else(|| value.as_str().map(drop)))?;
    read.maybe("_claim_names", Value::as_object).map(drop)
}

const TEXTS: [&str; 18] = [
    "acr",
    "app_displayname",
    "appid",
    "appidacr",
    "azp",
    "azpacr",
    "email",
    "idp",
    "idtyp",
    "ipaddr",
    "name",
    "oid",
    "preferred_username",
    "scp",
    "sid",
    "sub",
    "unique_name",
    "upn",
];
const LISTS: [&str; 4] = ["amr", "groups", "roles", "wids"];
