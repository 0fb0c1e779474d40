//! The `cloud-oauth` source: a Bitbucket Cloud consumer, old and new shapes (`facts/bitbucket.md` A1, A4).

use crate::basis::account::BitbucketAccount;
use crate::basis::base64;
use crate::basis::clock::Timestamp;
use crate::basis::credential::TOKEN_USER;
use crate::basis::oauth_reply::TokenReply;
use crate::basis::secret::{ClientSecret, Code, GitToken, RefreshToken, SecretBytes, Verifier};
use crate::config::settings::CloudOauth;
use crate::net::{Call, Http};
use crate::source::refusal::{self, Step};
use crate::source::wire::{self, shape, upstream};
use crate::source::{Granted, Mint, Probe, SourceError};
use serde::Deserialize;
use std::time::Duration;
use url::form_urlencoded::Serializer;

/// Where the person consents. The challenge is sent though Cloud may ignore it: it does no harm.
pub fn authorize_url(settings: &CloudOauth, redirect_uri: &str, state: &str, challenge: &str) -> String {
    let scope = settings.scopes.join(" ");
    let query = Serializer::new(String::new())
        .append_pair("client_id", &settings.client_id)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", &scope)
        .append_pair("state", state)
        .append_pair("code_challenge", challenge)
        .append_pair("code_challenge_method", "S256")
        .finish();
    settings.authorize_url.join(&format!("?{query}"))
}

/// Redeems an authorization code. `redirect_uri` is the one consent was asked with, byte for byte.
pub fn redeem(
    mint: &Mint<'_>,
    settings: &CloudOauth,
    secret: Option<&ClientSecret>,
    code: &Code,
    redirect_uri: &str,
    verifier: &Verifier,
) -> Result<Granted, SourceError> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier.expose()),
    ];
    let issued = mint.clock.now();
    let call = token_call(settings, secret, &fields)?;
    let reply = wire::token(mint.http, &call, Step::Redeem)?;
    granted(mint, settings, &call, issued, reply)
}

/// Refreshes a grant. Keep the refresh token that comes back before using the credential: in the new shape the
/// old one dies ten minutes later. [`SourceError::GrantDead`] on 400 and 401 `invalid_grant` alike.
pub fn refresh(
    mint: &Mint<'_>,
    settings: &CloudOauth,
    secret: Option<&ClientSecret>,
    refresh_token: &RefreshToken,
) -> Result<Granted, SourceError> {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
    let issued = mint.clock.now();
    let call = token_call(settings, secret, &fields)?;
    let reply = wire::token(mint.http, &call, Step::Refresh)?;
    granted(mint, settings, &call, issued, reply)
}

/// Whose token it is; with the scope `email` also which addresses are confirmed. If the consumer does not grant
/// that scope after all, no address is known.
pub fn account(http: &dyn Http, settings: &CloudOauth, token: &GitToken) -> Result<BitbucketAccount, SourceError> {
    let user: User = read(http, settings.api_url.join("/2.0/user"), token)?;
    let may_ask = settings.scopes.iter().any(|scope| scope == "email");
    let verified_emails = if may_ask { confirmed_emails(http, settings, token)? } else { Vec::new() };
    let names = [user.username, user.nickname, user.display_name];
    let name = names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_else(|| user.account_id.clone());
    Ok(BitbucketAccount { id: user.account_id, name, verified_emails })
}

/// Whether Cloud still takes the token. 403 means that it is taken, but may not read the account.
pub fn probe(http: &dyn Http, settings: &CloudOauth, token: &GitToken) -> Result<Probe, SourceError> {
    let (_, reply) = wire::api(http, settings.api_url.join("/2.0/user"), token)?;
    Ok(if reply.status == 401 { Probe::Refused } else { Probe::Accepted })
}

fn token_call(
    settings: &CloudOauth,
    secret: Option<&ClientSecret>,
    fields: &[(&str, &str)],
) -> Result<Call, SourceError> {
    let secret = secret.ok_or(SourceError::SecretMissing)?;
    let pair = SecretBytes::new([settings.client_id.as_bytes(), b":", secret.expose().as_bytes()].concat());
    let basic = [b"Basic ", base64::standard(pair.expose()).expose()].concat();
    Ok(Call::post(settings.token_url.to_string(), fields.iter().copied())
        .header("Accept", "application/json")
        .header("Authorization", basic))
}

fn granted(
    mint: &Mint<'_>,
    settings: &CloudOauth,
    call: &Call,
    issued: Timestamp,
    reply: TokenReply,
) -> Result<Granted, SourceError> {
    wire::bearer_only(call, &reply)?;
    let (life, scopes) = (reply.life(UNSAID), reply.scopes(&settings.scopes.join(" ")));
    let credential = mint.credential(issued, life, TOKEN_USER.to_owned(), reply.access_token, scopes)?;
    Ok(Granted { credential, refresh_token: reply.refresh_token })
}

fn confirmed_emails(http: &dyn Http, settings: &CloudOauth, token: &GitToken) -> Result<Vec<String>, SourceError> {
    let url = settings.api_url.join("/2.0/user/emails?pagelen=100");
    let page: Page = match read(http, url, token) {
        Err(SourceError::NotAllowed { .. }) => return Ok(Vec::new()),
        other => other?,
    };
    Ok(page.values.into_iter().filter(|entry| entry.is_confirmed).map(|entry| entry.email).collect())
}

fn read<T: for<'a> Deserialize<'a>>(http: &dyn Http, url: String, token: &GitToken) -> Result<T, SourceError> {
    let (call, reply) = wire::api(http, url, token)?;
    match reply.status {
        401 => Err(upstream(&call, "does not take the token that was just issued")),
        403 => Err(refusal::not_allowed(&reply)),
        _ => serde_json::from_slice(reply.body.expose()).map_err(|_| upstream(&call, shape(&reply))),
    }
}

#[derive(Deserialize)]
struct User {
    account_id: String,
    username: Option<String>,
    nickname: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    values: Vec<Email>,
}

#[derive(Deserialize)]
struct Email {
    email: String,
    #[serde(default)]
    is_confirmed: bool,
}

/// Cloud has always said how long: 7200 seconds, 3600 in its older documentation. Should it stop, the shorter of
/// the two is safe.
const UNSAID: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
