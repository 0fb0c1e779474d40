//! The `datacenter-oauth` source: an incoming application link with PKCE (`facts/bitbucket.md` B1, B5).

use crate::basis::account::BitbucketAccount;
use crate::basis::clock::Timestamp;
use crate::basis::credential::TOKEN_USER;
use crate::basis::oauth_reply::TokenReply;
use crate::basis::secret::{ClientSecret, Code, GitToken, RefreshToken, Verifier};
use crate::basis::url::WebUrl;
use crate::config::settings::DataCenterOauth;
use crate::net::{Call, Http};
use crate::source::refusal::{self, Step};
use crate::source::wire::{self, upstream};
use crate::source::{Granted, Mint, Probe, SourceError};
use std::time::Duration;
use url::form_urlencoded::Serializer;

/// Where the person consents. `base` is the host's URL with its context path; the redirect URI goes out exactly
/// as it is configured, because Data Center compares it byte for byte.
pub fn authorize_url(base: &WebUrl, settings: &DataCenterOauth, state: &str, challenge: &str) -> String {
    let query = Serializer::new(String::new())
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", &settings.redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("state", state)
        .append_pair("scope", &settings.scopes.join(" "))
        .append_pair("code_challenge", challenge)
        .append_pair("code_challenge_method", "S256")
        .finish();
    base.join(&format!("/rest/oauth2/latest/authorize?{query}"))
}

/// Redeems an authorization code; at once, it lives ten seconds by default. The secret may be left out where
/// the server does not want one with PKCE.
pub fn redeem(
    mint: &Mint<'_>,
    base: &WebUrl,
    settings: &DataCenterOauth,
    secret: Option<&ClientSecret>,
    code: &Code,
    verifier: &Verifier,
) -> Result<Granted, SourceError> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("redirect_uri", &settings.redirect_uri),
        ("code_verifier", verifier.expose()),
    ];
    let issued = mint.clock.now();
    let call = token_call(base, settings, secret, &fields);
    let reply = wire::token(mint.http, &call, Step::Redeem)?;
    granted(mint, settings, &call, issued, reply)
}

/// Refreshes a grant. Both old tokens are dead once the server has answered: what comes back has to be durable
/// before anything else happens. `redirect_uri` is the grant's own.
pub fn refresh(
    mint: &Mint<'_>,
    base: &WebUrl,
    settings: &DataCenterOauth,
    secret: Option<&ClientSecret>,
    refresh_token: &RefreshToken,
    redirect_uri: &str,
) -> Result<Granted, SourceError> {
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose()), ("redirect_uri", redirect_uri)];
    let issued = mint.clock.now();
    let call = token_call(base, settings, secret, &fields);
    let reply = wire::token(mint.http, &call, Step::Refresh)?;
    granted(mint, settings, &call, issued, reply)
}

/// Whose token it is. Data Center has no user call of its own for that; it names the user in a header. Its
/// e-mail addresses are verified by nobody, so none is reported.
pub fn account(http: &dyn Http, base: &WebUrl, token: &GitToken) -> Result<BitbucketAccount, SourceError> {
    let (call, reply) = wire::api(http, base.join("/rest/api/latest/application-properties"), token)?;
    match reply.status {
        401 => Err(upstream(&call, "does not take the token that was just issued")),
        403 => Err(refusal::not_allowed(&reply)),
        _ => match reply.header("x-ausername").filter(|name| !name.is_empty()) {
            Some(name) => {
                Ok(BitbucketAccount { id: name.to_owned(), name: name.to_owned(), verified_emails: Vec::new() })
            }
            None => Err(upstream(&call, "does not say whose token it is (X-AUSERNAME); perhaps a proxy removes it")),
        },
    }
}

/// Whether Data Center still takes the token. 403 means that it is taken, but not for this call.
pub fn probe(http: &dyn Http, base: &WebUrl, token: &GitToken) -> Result<Probe, SourceError> {
    let (_, reply) = wire::api(http, base.join("/rest/api/latest/inbox/pull-requests/count"), token)?;
    Ok(if reply.status == 401 { Probe::Refused } else { Probe::Accepted })
}

fn token_call(
    base: &WebUrl,
    settings: &DataCenterOauth,
    secret: Option<&ClientSecret>,
    fields: &[(&str, &str)],
) -> Call {
    let client =
        [("client_id", Some(settings.client_id.as_str())), ("client_secret", secret.map(ClientSecret::expose))];
    let client = client.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Call::post(base.join("/rest/oauth2/latest/token"), fields.iter().copied().chain(client))
        .header("Accept", "application/json")
}

fn granted(
    mint: &Mint<'_>,
    settings: &DataCenterOauth,
    call: &Call,
    issued: Timestamp,
    reply: TokenReply,
) -> Result<Granted, SourceError> {
    wire::bearer_only(call, &reply)?;
    let (life, scopes) = (reply.life(UNSAID), reply.scopes(&settings.scopes.join(" ")));
    let credential = mint.credential(issued, life, TOKEN_USER.to_owned(), reply.access_token, scopes)?;
    Ok(Granted { credential, refresh_token: reply.refresh_token })
}

/// The administrator sets how long a token lives, an hour by default, anything in practice: never assumed.
const UNSAID: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
