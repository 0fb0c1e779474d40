//! The `exchange` source: the organisation's broker turns an Entra access token into a Bitbucket token
//! (RFC 8693, `facts/entra.md` 11, `facts/bitbucket.md` E3).

use crate::basis::credential::{Ask, Credential, Ruling, Subject, TOKEN_USER};
use crate::basis::oauth_reply::TokenReply;
use crate::basis::url::WebUrl;
use crate::config::settings::{AuthScheme, ClientAuth, Exchange, Host};
use crate::net::Call;
use crate::source::asking::Said;
use crate::source::entra::no_access_token;
use crate::source::refusal::Step;
use crate::source::wire::{self, bearer, upstream};
use crate::source::{Mint, SourceError};
use std::fmt::Write as _;
use std::time::Duration;

/// Exchanges the proof's access token. With `per_repository` the token is for the asked repository only, and
/// asking without one is [`SourceError::Configuration`] (`useHttpPath` is missing). A refresh token in the
/// answer is dropped: the session is the only thing that lasts.
pub fn exchange(mint: &Mint<'_>, host: &Host, settings: &Exchange, ask: &Ask) -> Result<Credential, SourceError> {
    let issued = mint.clock.now();
    let call = request(mint, host, settings, ask)?;
    let reply = wire::send(mint.http, &call)?;
    let said = Said::of(&reply);
    said.asks_a_person(&call, &settings.token_endpoint)?;
    let reply = wire::read(&call, &reply, Step::Exchange).map_err(|error| said.whom_to_ask(error))?;
    usable(&call, settings, &reply)?;
    let life = reply.life(UNSAID);
    let scopes = reply.scopes(settings.request_scope.as_deref().unwrap_or_default());
    let username = reply.username.filter(|name| !name.is_empty()).unwrap_or_else(|| TOKEN_USER.to_owned());
    let credential = mint.credential(issued, life, username, reply.access_token, scopes)?;
    Ok(Credential { ruling: Ruling { rule: reply.rule, policy: reply.policy_digest }, ..credential })
}

fn request(mint: &Mint<'_>, host: &Host, settings: &Exchange, ask: &Ask) -> Result<Call, SourceError> {
    let subject = mint.proof.access_token.as_ref().ok_or_else(no_access_token)?;
    let resource =
        if settings.per_repository { Some(repository_url(&host.url, ask)?) } else { settings.resource.clone() };
    let fixed = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", subject.expose()),
        ("subject_token_type", kind_of(mint.proof.subject)),
        ("requested_token_type", ACCESS_TOKEN),
    ];
    let optional = [
        ("audience", settings.audience.as_deref()),
        ("resource", resource.as_deref()),
        ("scope", settings.request_scope.as_deref()),
    ];
    let given = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let call = Call::post(settings.token_endpoint.to_string(), fixed.into_iter().chain(given))
        .header("Accept", "application/json");
    Ok(match settings.client_auth {
        ClientAuth::None => call,
        ClientAuth::Entra => call.header("Authorization", bearer(subject.expose())),
    })
}

fn kind_of(subject: Subject) -> &'static str {
    match subject {
        Subject::EntraAccessToken => ACCESS_TOKEN,
        Subject::Jwt => "urn:ietf:params:oauth:token-type:jwt",
    }
}

/// `https://host/context/project/repo`: the host's URL and the repository's path. git's path includes a context
/// path, which the host's URL has already.
fn repository_url(host: &WebUrl, ask: &Ask) -> Result<String, SourceError> {
    let path = ask.repository.as_deref().unwrap_or_default();
    let context = host.path().trim_start_matches('/');
    let inner = path.strip_prefix(context).and_then(|rest| rest.strip_prefix('/'));
    let path = inner.filter(|_| !context.is_empty()).unwrap_or(path);
    if path.is_empty() {
        return Err(refused(NO_REPOSITORY, "git named no repository path"));
    }
    // What the broker reads and what git fetches must be the same place.
    if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(SourceError::NotAllowed {
            error: "invalid_target".to_owned(),
            description: "the repository path has empty or dot segments".to_owned(),
            contact: None,
        });
    }
    Ok(host.join(&format!("/{}", encoded(path))))
}

fn refused(error: &str, description: &str) -> SourceError {
    SourceError::Configuration { error: error.to_owned(), description: description.to_owned() }
}

/// Percent-encodes what a URI's path may not hold (RFC 3986 section 3.3).
fn encoded(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// Whether the issued token is one that git may send.
///
/// `N_A` says that OAuth's token types do not apply, because what was issued is no access token (RFC 8693
/// section 2.2.1): for instance one of Data Center's HTTP access tokens. As a Basic password it is as good as
/// any, since git uses no OAuth token type there; sent as `Bearer` it would be used as the very thing it is
/// said not to be. What must never leave for a git server is refused by kind: refresh, ID and SAML tokens.
fn usable(call: &Call, settings: &Exchange, reply: &TokenReply) -> Result<(), SourceError> {
    let wrong = |clause: &str| Err(upstream(call, clause));
    match reply.issued_token_type.as_deref() {
        None | Some("") => return wrong("does not say what kind of token it issued (issued_token_type)"),
        Some(kind) if NEVER.contains(&kind) => return wrong("issued a token of a kind that git must not send"),
        Some(_) => {}
    }
    match reply.token_type.as_deref() {
        None | Some("") => wrong("does not say how the token is used (token_type)"),
        Some(kind) if kind.eq_ignore_ascii_case("bearer") => Ok(()),
        Some("N_A") if settings.auth_scheme == AuthScheme::Basic => Ok(()),
        Some("N_A") => wrong("issued a token that cannot be sent as Bearer (N_A); use auth_scheme = \"basic\""),
        Some(_) => wrong("issued a token of a type that git cannot send"),
    }
}

/// The error where the host is asked per repository and git named none: `useHttpPath` is missing.
pub const NO_REPOSITORY: &str = "no_repository";

/// A broker that does not say how long its token lives may have any policy. Five minutes is short enough for
/// every one of them and long enough for one git command.
const UNSAID: Duration = Duration::from_secs(300);

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

const NEVER: [&str; 4] = [
    "urn:ietf:params:oauth:token-type:refresh_token",
    "urn:ietf:params:oauth:token-type:id_token",
    "urn:ietf:params:oauth:token-type:saml1",
    "urn:ietf:params:oauth:token-type:saml2",
];

#[cfg(test)]
mod tests;
