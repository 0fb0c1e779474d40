//! Who sits in front of the browser: a sign-in at Entra as a web application (`facts/entra.md` 3, 4.1, 5.2).

use super::Connect;
use super::consent::Onward;
use super::memory::{Memory, Step};
use super::page::Page;
use super::trouble::Trouble;
use crate::basis::clock::Timestamp;
use crate::basis::form::Fields;
use crate::basis::oauth_reply::Refusal;
use crate::basis::secret::{RawIdToken, Verifier};
use crate::basis::session::Who;
use crate::basis::url::WebUrl;
use crate::basis::{pkce, text};
use crate::broker::ground::issued::IssueError;
use crate::broker::outward::oauth::{self, with_query};
use crate::broker::outward::{Call, Outward};
use crate::broker::settings::{IssuerKind, SignIn};
use crate::idtoken::{self, Expect, KeySet};
use serde::Deserialize;

/// The web application, and the tenant that it signs people in at.
pub struct Entra<'a> {
    sign_in: &'a SignIn,
    tenant: &'a str,
    authority: &'a WebUrl,
    keys: &'a WebUrl,
}

/// What the sign-in was asked with.
struct Asked<'a> {
    redirect_uri: &'a str,
    verifier: &'a Verifier,
    nonce: &'a str,
}

impl<'a> Connect<'a> {
    pub(super) fn entra(&self) -> Result<Entra<'a>, Trouble> {
        let sign_in = self.settings.sign_in.as_ref().ok_or(Trouble::NoSignIn)?;
        let issuer = self.settings.issuers.iter().find(|issuer| issuer.name == sign_in.issuer);
        let issuer = issuer.ok_or(Trouble::NoSignIn)?;
        match &issuer.kind {
            IssuerKind::Entra { tenant, authority, .. } => Ok(Entra { sign_in, tenant, authority, keys: &issuer.keys }),
            IssuerKind::Jobs(_) => Err(Trouble::NoSignIn),
        }
    }

    /// Entra's redirect: who it is, and on to Bitbucket.
    pub(super) async fn of_entra(&self, fields: &Fields, memory: &Memory, now: Timestamp) -> Result<Page, Trouble> {
        let Step::Entra { rights, nonce, verifier } = &memory.step else { return Err(Trouble::Malformed) };
        if let Some(error) = fields.get("error") {
            let description = fields.get("error_description").unwrap_or_default();
            return Err(Trouble::EntraRefused(named(error, description)));
        }
        let code = fields.get("code").filter(|code| !code.is_empty()).ok_or(Trouble::Malformed)?;
        let (entra, redirect_uri) = (self.entra()?, self.entra_callback());
        let asked = Asked { redirect_uri: &redirect_uri, verifier, nonce };
        let who = entra.redeem(self.outward, code, &asked, now).await?;
        let allowed = entra.sign_in.administrators.iter().any(|id| id.eq_ignore_ascii_case(&who.oid));
        if memory.service.is_some() && !allowed {
            return Err(Trouble::NotAdministrator { who: who.to_string() });
        }
        let next = self.next_consent(memory, Onward { who: &who, rights, known: None }, now).await?;
        next.map(Page::redirect).ok_or(Trouble::NotNeeded)
    }
}

impl Entra<'_> {
    /// By `query`: the cookie that binds the browser does not come with a form from another site.
    pub(super) fn authorize_url(&self, redirect_uri: &str, state: &str, nonce: &str, verifier: &Verifier) -> String {
        let challenge = pkce::challenge(verifier);
        let pairs = [
            ("client_id", self.sign_in.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", redirect_uri),
            ("response_mode", "query"),
            ("scope", SCOPE),
            ("state", state),
            ("nonce", nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        with_query(&self.at("authorize"), pairs)
    }

    /// Trades the code for an ID token and believes it, or not. The keys are fetched each time: people connect once.
    async fn redeem(&self, outward: &Outward, code: &str, asked: &Asked<'_>, now: Timestamp) -> Result<Who, Trouble> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", self.sign_in.client_id.as_str()),
            ("client_secret", self.sign_in.client_secret.expose()),
            ("code", code),
            ("redirect_uri", asked.redirect_uri),
            ("code_verifier", asked.verifier.expose()),
            ("scope", SCOPE),
        ];
        let failed = |error: IssueError| Trouble::EntraFailed(text::clean(&error.to_string()));
        let reply = oauth::send(outward, Call::form(self.at("token"), fields)).await.map_err(failed)?;
        let refused = Refusal::of(&reply.body);
        let not_ok = (!(200..300).contains(&reply.status)).then(|| format!("status {}", reply.status));
        if let Some(error) = refused.error.or(not_ok) {
            return Err(Trouble::EntraRefused(named(&error, &refused.description)));
        }
        let Signed { id_token } = serde_json::from_slice(reply.body.expose())
            .map_err(|_| Trouble::EntraFailed("its answer holds no ID token".into()))?;
        let keys = oauth::send(outward, Call::get(self.keys.to_string())).await.map_err(failed)?;
        let keys = KeySet::parse(keys.body.expose());
        let keys = keys.ok_or_else(|| Trouble::EntraFailed("its keys cannot be read".into()))?;
        let issuer = format!("{}/{}/v2.0", self.authority, self.tenant);
        let (audience, nonce) = (&self.sign_in.client_id, Some(asked.nonce));
        let expect = Expect { issuer: &issuer, audience, tid: self.tenant, nonce };
        let token = idtoken::verify(&id_token, &keys, &expect, now);
        token.map(|token| token.who().clone()).map_err(|error| Trouble::NotBelieved(error.to_string()))
    }

    fn at(&self, what: &str) -> String {
        self.authority.join(&format!("/{}/oauth2/v2.0/{what}", self.tenant))
    }
}

#[derive(Deserialize)]
struct Signed {
    id_token: RawIdToken,
}

/// The registered name of a refusal with Entra's number; the rest of what it says may hold names and addresses.
fn named(error: &str, description: &str) -> String {
    let number = description.split([':', ' ']).next().filter(|word| word.starts_with("AADSTS"));
    match number {
        Some(number) => text::clean(&format!("{error} ({number})")),
        None => text::clean(error),
    }
}

/// The account, its name and its address; no token for anything.
const SCOPE: &str = "openid profile email";
