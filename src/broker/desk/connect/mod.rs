//! A person connects their Bitbucket account once, by browser: Entra says who they are, Bitbucket gives the grant, and
//! both accounts are compared before it is kept (DESIGN section 7). An administrator connects a service user so, too.
//!
//! `GET /connect/{host}` → Entra → `GET /connect/callback` → Bitbucket → `GET /connect/{host}/callback` → perhaps our
//! own question and `POST /connect/confirm` → once more for a second consumer → the last page.
//!
//! What has to be remembered lies sealed in the store under the OAuth `state`, so that any replica may answer, and
//! serves once. It is bound to the browser by a cookie: whoever finishes is who has begun, and the grant belongs to
//! whom Entra names in that browser. Sending somebody a link gains nothing.

mod accounts;
mod consent;
mod entra;
mod memory;
mod page;
mod pickup;
mod place;
mod trouble;

pub use page::{Page, Told};
pub use pickup::pick_up;
pub use place::{redirect_uri, segment};

use crate::basis::clock::Timestamp;
use crate::basis::form::Fields;
use crate::basis::secret::Verifier;
use crate::basis::{digest, random};
use crate::broker::ground::right::Right;
use crate::broker::outward::Outward;
use crate::broker::settings::{Host, Settings};
use crate::broker::store::{Journey, Store};
use memory::{Back, Memory, Step};
use std::time::Duration;
use trouble::Trouble;

/// The pages of `/connect`, and what they need.
#[derive(Clone, Copy)]
pub struct Connect<'a> {
    pub settings: &'a Settings,
    pub store: &'a Store,
    pub outward: &'a Outward,
}

/// What a browser sent.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// The query without `?`, or the form of a POST.
    pub fields: &'a str,
    /// The `Cookie` header; several are joined by `; `.
    pub cookies: Option<&'a str>,
}

impl Connect<'_> {
    /// `GET /connect/{host}`: `right` (`read` or `write`; otherwise all there is), `service` (the name of a service
    /// user), `return_to` and `state` (the helper's own page, and what it wants to hear again).
    pub async fn start(&self, host: &str, visit: Visit<'_>, now: Timestamp) -> Page {
        self.begin(host, visit, now).await.unwrap_or_else(|trouble| Page::of_trouble(&trouble, None))
    }

    /// `GET /connect/callback`: Entra's redirect.
    pub async fn signed_in(&self, visit: Visit<'_>, now: Timestamp) -> Page {
        match self.arrived(visit, now).await {
            Ok((fields, memory)) => told(self.of_entra(&fields, &memory, now).await, &memory),
            Err(trouble) => Page::of_trouble(&trouble, None),
        }
    }

    /// `GET /connect/{host}/callback`: Bitbucket's redirect.
    pub async fn consented(&self, host: &str, visit: Visit<'_>, now: Timestamp) -> Page {
        match self.arrived(visit, now).await {
            Ok((fields, memory)) => told(self.of_bitbucket(host, &fields, &memory, now).await, &memory),
            Err(trouble) => Page::of_trouble(&trouble, None),
        }
    }

    /// `POST /connect/confirm`: the answer to our own question.
    pub async fn confirmed(&self, visit: Visit<'_>, now: Timestamp) -> Page {
        match self.arrived(visit, now).await {
            Ok((fields, memory)) => told(self.of_person(&fields, &memory, now).await, &memory),
            Err(trouble) => Page::of_trouble(&trouble, None),
        }
    }

    async fn begin(&self, host: &str, visit: Visit<'_>, now: Timestamp) -> Result<Page, Trouble> {
        let fields = fields(visit.fields)?;
        let host = self.host(host)?;
        let entra = self.entra()?;
        let rights = wanted_rights(host, fields.get("right"))?;
        let service = fields.get("service").map(|name| self.service_user(host, name)).transpose()?;
        let cookie = self.cookie(visit.cookies).unwrap_or_else(|| random::token(RANDOM));
        let (nonce, verifier) = (random::token(RANDOM), Verifier::new(random::token(48)));
        let state = random::token(RANDOM);
        let url = entra.authorize_url(&self.entra_callback(), &state, &nonce, &verifier);
        let memory = Memory {
            browser: digest::of(cookie.as_bytes()),
            host: host.url.to_string(),
            service: service.map(|user| user.name.clone()),
            back: Back::asked(&fields)?,
            step: Step::Entra { rights, nonce, verifier },
        };
        self.remember(state, &memory, now).await?;
        Ok(Page::redirect(url).with_cookie(self.set_cookie(&cookie)))
    }

    /// Takes the journey out: it serves once, whoever comes with its state, and only in the browser that began it.
    async fn arrived(&self, visit: Visit<'_>, now: Timestamp) -> Result<(Fields, Memory), Trouble> {
        let fields = fields(visit.fields)?;
        let state = fields.get("state").filter(|state| is_random(state)).ok_or(Trouble::Malformed)?;
        let journey = self.store.take_journey(state, now).await.map_err(|error| Trouble::store(&error))?;
        let memory = Memory::read(&journey.ok_or(Trouble::Expired)?.memory).ok_or(Trouble::Expired)?;
        let browser = self.cookie(visit.cookies).map(|cookie| digest::of(cookie.as_bytes())).unwrap_or_default();
        if !digest::equal(browser.as_bytes(), memory.browser.as_bytes()) {
            return Err(Trouble::OtherBrowser);
        }
        Ok((fields, memory))
    }

    async fn remember(&self, state: String, memory: &Memory, now: Timestamp) -> Result<(), Trouble> {
        let journey = Journey { state, memory: memory.to_bytes(), expires: now.after(PATIENCE) };
        self.store.put_journey(&journey).await.map_err(|error| Trouble::store(&error))
    }

    fn host(&self, segment: &str) -> Result<&Host, Trouble> {
        let host = place::find(&self.settings.hosts, segment).ok_or(Trouble::UnknownHost)?;
        if consent::rights_of(host).is_empty() { Err(Trouble::NotNeeded) } else { Ok(host) }
    }

    fn entra_callback(&self) -> String {
        self.settings.public_url.join("/connect/callback")
    }

    fn cookie(&self, cookies: Option<&str>) -> Option<String> {
        let pairs = cookies.unwrap_or_default().split(';').filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(name, _)| *name == self.cookie_name()).map(|(_, value)| value.to_owned());
        // Two of one name: somebody else has set one of them.
        ours.next().filter(|value| is_random(value) && ours.next().is_none())
    }

    /// `__Host-`: no other host of the domain, and nobody on the way, can set it.
    fn cookie_name(&self) -> &'static str {
        if self.settings.public_url.scheme() == "https" { "__Host-bitbucket-sso" } else { "bitbucket-sso" }
    }

    /// `Lax`: it comes with the redirects of Entra and Bitbucket, and with no form of another site.
    fn set_cookie(&self, value: &str) -> String {
        let secure = if self.settings.public_url.scheme() == "https" { "; Secure" } else { "" };
        let (name, age) = (self.cookie_name(), PATIENCE.as_secs());
        format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
    }
}

fn wanted_rights(host: &Host, asked: Option<&str>) -> Result<Vec<Right>, Trouble> {
    let there = consent::rights_of(host);
    let one = match asked {
        None => return Ok(there),
        Some("read") => Right::Read,
        Some("write") => Right::Write,
        Some(_) => return Err(Trouble::Malformed),
    };
    if there.contains(&one) { Ok(vec![one]) } else { Err(Trouble::NotNeeded) }
}

fn told(step: Result<Page, Trouble>, memory: &Memory) -> Page {
    step.unwrap_or_else(|trouble| Page::of_trouble(&trouble, Some(memory)))
}

fn fields(text: &str) -> Result<Fields, Trouble> {
    let short = Some(text).filter(|text| text.len() <= LARGEST);
    short.and_then(Fields::of_form).ok_or(Trouble::Malformed)
}

/// Whether a text has the form of [`random::token`] of [`RANDOM`] bytes.
fn is_random(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Bytes of a state, a nonce, a cookie.
const RANDOM: usize = 32;
/// From one page to the next.
const PATIENCE: Duration = Duration::from_secs(900);
/// Codes are 1 to 2 KB, some tenants' far longer.
const LARGEST: usize = 32 * 1024;

#[cfg(test)]
mod tests;
