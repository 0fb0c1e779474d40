//! What is remembered of a browser between two of its requests. It lies sealed in the store.

use super::trouble::Trouble;
use crate::basis::form::Fields;
use crate::basis::secret::{SecretBytes, Verifier};
use crate::basis::session::Who;
use crate::basis::url::WebUrl;
use crate::broker::ground::right::Right;
use crate::broker::outward::oauth::with_query;
use crate::broker::store::carried::Carried;
use serde::{Deserialize, Serialize, Serializer};

/// One journey.
#[derive(Serialize, Deserialize)]
pub struct Memory {
    /// SHA-256 of the cookie of the browser that began.
    pub browser: String,
    /// The host's URL as configured.
    pub host: String,
    /// The service user that is being connected; `None`: the person themself.
    pub service: Option<String>,
    pub back: Option<Back>,
    pub step: Step,
}

/// What comes next.
#[derive(Serialize, Deserialize)]
pub enum Step {
    /// Entra's answer.
    Entra {
        rights: Vec<Right>,
        nonce: String,
        #[serde(serialize_with = "open_verifier")]
        verifier: Verifier,
    },
    /// Bitbucket's answer for `right`; then the rest.
    Bitbucket {
        who: Who,
        right: Right,
        rest: Vec<Right>,
        /// The account that was bound a moment ago, for another right.
        known: Option<String>,
        #[serde(serialize_with = "open_verifier")]
        verifier: Verifier,
    },
    /// The person's word on the two accounts.
    Confirm { who: Who, right: Right, rest: Vec<Right>, grant: Carried },
}

/// The helper's own page, which the tab ends on.
#[derive(Clone, Serialize, Deserialize)]
pub struct Back {
    to: String,
    state: Option<String>,
}

impl Memory {
    pub fn to_bytes(&self) -> SecretBytes {
        SecretBytes::json(self)
    }

    pub fn read(bytes: &SecretBytes) -> Option<Self> {
        serde_json::from_slice(bytes.expose()).ok()
    }

    /// The same journey, one step on.
    pub fn next(&self, step: Step) -> Self {
        let Self { browser, host, service, back, step: _ } = self;
        let (browser, host) = (browser.clone(), host.clone());
        Self { browser, host, service: service.clone(), back: back.clone(), step }
    }
}

impl Back {
    /// `return_to` may only be the person's own machine, where nobody else learns anything.
    pub fn asked(fields: &Fields) -> Result<Option<Self>, Trouble> {
        let Some(to) = fields.get("return_to") else { return Ok(None) };
        let url: WebUrl = to.parse().map_err(|_| Trouble::Malformed)?;
        let here = matches!(url.host(), "127.0.0.1" | "localhost" | "[::1]") && url.scheme() == "http";
        let state = fields.get("state").map(str::to_owned);
        let plain = |state: &String| {
            let letters = state.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
            letters && state.len() <= 256
        };
        if !here || !state.as_ref().is_none_or(plain) {
            return Err(Trouble::Malformed);
        }
        Ok(Some(Self { to: url.to_string(), state }))
    }

    /// Where the tab goes when everything is connected.
    pub fn url(&self) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        with_query(&self.to, [("connected", "1")].into_iter().chain(state))
    }
}

fn open_verifier<S: Serializer>(secret: &Verifier, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}
