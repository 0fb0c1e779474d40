//! Device authorization grant (RFC 8628; `facts/entra.md` 2): a code to type in a browser anywhere.

use super::refusal::Moment;
use super::wire::{self, Wire};
use super::{Asked, Entra, SessionError, Tenant, Tokens, signing};
use crate::basis::clock::{Clock, Timestamp};
use crate::basis::text::clean;
use crate::basis::url::WebUrl;
use oauth2::{HttpRequest, HttpResponse, StandardDeviceAuthorizationResponse};
use std::time::{Duration, UNIX_EPOCH};

/// A code that waits for somebody to sign in with it.
pub struct DeviceCode {
    /// What the person types; cleaned for a terminal.
    pub user_code: String,
    /// Where; as received, for it changes (`facts/entra.md`, rule 7). https, or loopback http.
    pub verification_uri: String,
    /// The end by our clock, whatever Entra says later.
    pub expires: Timestamp,
    /// How often Entra may be asked.
    pub interval: Duration,
    response: StandardDeviceAuthorizationResponse,
}

/// Asks for a code.
pub fn start(entra: &Entra<'_>, tenant: &Tenant, asked: &Asked<'_>) -> Result<DeviceCode, SessionError> {
    signing::keys(entra, tenant)?;
    let wire = Wire::new(entra, asked, Moment::Device).repeatable();
    let client = wire::client(entra, tenant)?;
    let unknown = |_| SessionError::Metadata("it names no endpoint for device codes".into());
    let mut request = client.exchange_device_code().map_err(unknown)?.add_scopes(wire::scopes(asked));
    if let Some(claims) = asked.claims {
        request = request.add_extra_param("claims", claims);
    }
    let answer: Result<StandardDeviceAuthorizationResponse, _> = request.request(&|request| wire.send(request));
    let response = answer.map_err(|_| wire.failure())?;
    shown(entra, response)
}

impl DeviceCode {
    /// Waits until somebody has signed in, declined, or the code has run out. `nap` sleeps between two polls.
    pub fn wait(
        &self,
        entra: &Entra<'_>,
        tenant: &Tenant,
        asked: &Asked<'_>,
        nap: &dyn Fn(Duration),
    ) -> Result<Tokens, SessionError> {
        let wire = Wire::new(entra, asked, Moment::Device);
        let waiting = Waiting { clock: entra.clock, nap, code: self };
        let client = wire::client(entra, tenant)?;
        let mut request = client.exchange_device_access_token(&self.response);
        if let Some(claims) = asked.claims {
            request = request.add_extra_param("claims", claims);
        }
        waiting.pause(self.interval);
        let answer = request
            .set_time_fn(|| (UNIX_EPOCH + Timestamp(0).until(entra.clock.now())).into())
            .set_max_backoff_interval(LONGEST_PAUSE)
            .request(
                &|request| waiting.poll(&wire, request),
                |pause| waiting.pause(pause.max(wire.asked_pause.take())),
                Some(entra.clock.now().until(self.expires)),
            );
        match answer {
            Ok(answer) => wire.tokens(Some(answer), tenant, None),
            Err(_) if !wire.has_failed() && entra.clock.now() >= self.expires => Err(SessionError::DeviceExpired),
            Err(_) => Err(ended(wire.failure())),
        }
    }
}

/// The wait between two polls, never past the code's end.
struct Waiting<'a> {
    clock: &'a dyn Clock,
    nap: &'a dyn Fn(Duration),
    code: &'a DeviceCode,
}

impl Waiting<'_> {
    fn pause(&self, pause: Duration) {
        (self.nap)(pause.min(self.clock.now().until(self.code.expires)));
    }

    fn poll(&self, wire: &Wire<'_>, request: HttpRequest) -> Result<HttpResponse, wire::Failed> {
        if self.clock.now() >= self.code.expires {
            return wire.stop(SessionError::DeviceExpired);
        }
        wire.poll(request)
    }
}

/// RFC 8628's own ends have names of their own; an `access_denied` with a code is a policy's.
fn ended(error: SessionError) -> SessionError {
    match &error {
        SessionError::Refused(refusal) => match (refusal.error.as_str(), refusal.code) {
            ("expired_token", _) => SessionError::DeviceExpired,
            ("authorization_declined", _) | ("access_denied", None) => SessionError::DeviceDeclined,
            _ => error,
        },
        _ => error,
    }
}

fn shown(entra: &Entra<'_>, response: StandardDeviceAuthorizationResponse) -> Result<DeviceCode, SessionError> {
    let verification_uri = clean(response.verification_uri());
    let place = verification_uri.split(['?', '#']).next().unwrap_or_default();
    if place.parse::<WebUrl>().is_err() {
        return Err(SessionError::Metadata("the address for device codes is no https URL".into()));
    }
    Ok(DeviceCode {
        user_code: clean(response.user_code().secret()),
        verification_uri,
        expires: entra.clock.now().after(response.expires_in().min(LONGEST_LIFE)),
        interval: response.interval(),
        response,
    })
}

/// Between two polls while the network fails.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Entra gives 15 minutes.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);

#[cfg(test)]
impl DeviceCode {
    /// A code as Entra shows it.
    pub(crate) fn sample() -> Self {
        let (user_code, verification_uri) = ("FLFWYD9NG".to_owned(), "https://microsoft.com/devicelogin".to_owned());
        let response = serde_json::json!({
            "user_code": user_code, "device_code": "d", "verification_uri": verification_uri, "expires_in": 900,
        });
        let response = serde_json::from_value(response).expect("it is complete");
        Self { user_code, verification_uri, expires: Timestamp(900), interval: Duration::from_secs(5), response }
    }
}
