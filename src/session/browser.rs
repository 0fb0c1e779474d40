//! Authorization code with PKCE in the system browser (RFC 6749 4.1, RFC 7636, RFC 8252; `facts/entra.md` 3).

use super::loopback::Fields;
use super::refusal::Moment;
use super::wire::{self, Wire};
use super::{Asked, Entra, Refusal, SessionError, Tenant, Tokens, signing};
use crate::basis::digest;
use crate::basis::random;
use crate::config::settings::ResponseMode;
use oauth2::{AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use std::borrow::Cow;

/// One attempt to sign in: its page, and what proves that an answer belongs to it.
pub struct Attempt {
    url: String,
    state: String,
    nonce: String,
    verifier: PkceCodeVerifier,
    redirect_uri: RedirectUrl,
}

/// What Entra's page is told to do beyond signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Single sign-on where the browser has a session; `reauthenticate` makes it `Login`.
    Auto,
    /// The password or its like again.
    Login,
    /// Consent again.
    Consent,
}

impl Attempt {
    /// Prepares an attempt. `redirect_uri` is the loopback's own, with its real port; `hint` is a user name; `mode` is
    /// how the answer comes.
    pub fn start(
        entra: &Entra<'_>,
        tenant: &Tenant,
        redirect_uri: &str,
        asked: &Asked<'_>,
        hint: Option<&str>,
        prompt: Prompt,
        mode: ResponseMode,
    ) -> Result<Self, SessionError> {
        let bad = |_| SessionError::Metadata("the redirect URI is no URL".into());
        let redirect_uri = RedirectUrl::new(redirect_uri.to_owned()).map_err(bad)?;
        let (state, nonce) = (random::token(32), random::token(32));
        let verifier = PkceCodeVerifier::new(random::token(32));
        let client = wire::client(entra, tenant)?;
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.clone()))
            .set_redirect_uri(Cow::Borrowed(&redirect_uri))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(wire::scopes(asked))
            .add_extra_param("response_mode", mode_value(mode))
            .add_extra_param("nonce", nonce.as_str())
            .add_extra_param("client-request-id", asked.correlation);
        let prompt = prompt_value(prompt, entra.profile.reauthenticate);
        for (name, value) in [("prompt", prompt), ("login_hint", hint), ("claims", asked.claims)] {
            if let Some(value) = value {
                request = request.add_extra_param(name, value);
            }
        }
        let url = request.url().0.to_string();
        Ok(Self { url, state, nonce, verifier, redirect_uri })
    }

    /// The page to open. It holds no secret that outlives the attempt.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the answer must repeat.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Turns the browser's answer into tokens: the code is redeemed once, the ID token verified with our nonce.
    /// `cloud_instance_host_name` in the answer is ignored (DESIGN.md section 8).
    pub fn redeem(
        self,
        entra: &Entra<'_>,
        tenant: &Tenant,
        asked: &Asked<'_>,
        fields: &Fields,
    ) -> Result<Tokens, SessionError> {
        let code = self.code(fields)?;
        signing::keys(entra, tenant)?;
        let wire = Wire::new(entra, asked, Moment::Browser);
        let client = wire::client(entra, tenant)?;
        let scopes = wire::scopes(asked).map(|scope| scope.to_string()).collect::<Vec<_>>().join(" ");
        let mut request = client
            .exchange_code(code)
            .set_pkce_verifier(self.verifier)
            .set_redirect_uri(Cow::Borrowed(&self.redirect_uri))
            .add_extra_param("scope", scopes);
        if let Some(claims) = asked.claims {
            request = request.add_extra_param("claims", claims);
        }
        let answer = request.request(&|request| wire.send(request));
        wire.tokens(answer.ok(), tenant, Some(&self.nonce))
    }

    fn code(&self, fields: &Fields) -> Result<AuthorizationCode, SessionError> {
        let ours = |state: &str| digest::equal(state.as_bytes(), self.state.as_bytes());
        if !fields.get("state").is_some_and(ours) {
            return Err(SessionError::Stray);
        }
        if fields.get("error_subcode") == Some("cancel") {
            return Err(SessionError::CancelledAtPage);
        }
        if let Some(refusal) = Refusal::of_fields(&|name| fields.get(name), Moment::Browser) {
            return Err(SessionError::Refused(Box::new(refusal)));
        }
        let code = fields.get("code").filter(|code| !code.is_empty());
        let without = || SessionError::Upstream {
            place: "Entra's page".into(),
            status: 200,
            what: "came back without a code".into(),
        };
        Ok(AuthorizationCode::new(code.ok_or_else(without)?.to_owned()))
    }
}

fn mode_value(mode: ResponseMode) -> &'static str {
    match mode {
        ResponseMode::FormPost => "form_post",
        ResponseMode::Query => "query",
    }
}

fn prompt_value(prompt: Prompt, reauthenticate: bool) -> Option<&'static str> {
    match prompt {
        Prompt::Auto if !reauthenticate => None,
        Prompt::Auto | Prompt::Login => Some("login"),
        Prompt::Consent => Some("consent"),
    }
}
