//! Between the `oauth2` crate and `net`: requests go out with Entra's headers, answers come back in the shape
//! the crate understands, and what went wrong is kept here. The crate's own errors hold bodies; nobody reads them.

use super::refusal::Moment;
use super::{Asked, Entra, Refusal, SessionError, Tenant, Tokens, signing};
use crate::basis::secret::{AccessToken, RawIdToken, RefreshToken, SecretBytes};
use crate::net::{Call, Method, Reply};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::http::{Response, header::CONTENT_TYPE};
use oauth2::{
    AuthUrl, ClientId, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// One operation's way to Entra.
pub(super) struct Wire<'a> {
    entra: &'a Entra<'a>,
    asked: &'a Asked<'a>,
    moment: Moment,
    repeatable: bool,
    /// Why the last call failed.
    failed: RefCell<Option<SessionError>>,
    /// Entra's correlation id of the last call.
    correlation: RefCell<Option<String>>,
    /// How long Entra asked to wait, the last time a call failed for now.
    pub(super) asked_pause: Cell<Duration>,
}

/// Tells the crate only that there is no answer; the reason stays in [`Wire`].
#[derive(Debug, thiserror::Error)]
#[error("no usable answer")]
pub(super) struct Failed;

impl<'a> Wire<'a> {
    pub(super) fn new(entra: &'a Entra<'a>, asked: &'a Asked<'a>, moment: Moment) -> Self {
        let (failed, correlation) = (RefCell::default(), RefCell::default());
        Self { entra, asked, moment, repeatable: false, failed, correlation, asked_pause: Cell::default() }
    }

    /// The call may be sent twice.
    pub(super) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// One call; any failure is kept.
    pub(super) fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failed> {
        match self.exchange(request) {
            Ok(answer) => response(200, &answer).ok_or(Failed),
            Err(error) => {
                self.keep(error);
                Err(Failed)
            }
        }
    }

    /// One call of the device-code poll: the crate goes on after "pending", "slow down", and after a failure
    /// that may pass; everything else ends its loop.
    pub(super) fn poll(&self, request: HttpRequest) -> Result<HttpResponse, Failed> {
        let error = match self.exchange(request) {
            Ok(answer) => return response(200, &answer).ok_or(Failed),
            Err(error) => error,
        };
        self.asked_pause.set(pause_of(&error));
        match &error {
            SessionError::Refused(refusal) if GO_ON.contains(&refusal.error.as_str()) => {
                response(400, &serde_json::json!({ "error": refusal.error })).ok_or(Failed)
            }
            error if passing(error) => Err(Failed),
            _ => self.stop(error),
        }
    }

    /// Ends the crate's polling loop for this reason.
    pub(super) fn stop(&self, error: SessionError) -> Result<HttpResponse, Failed> {
        self.keep(error);
        response(400, &serde_json::json!({ "error": "access_denied" })).ok_or(Failed)
    }

    /// Whether there is a reason of ours for the crate's failure.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.borrow().is_some()
    }

    /// What is to be told about a failed operation.
    pub(super) fn failure(&self) -> SessionError {
        let senseless = || SessionError::Upstream {
            place: self.entra.profile.authority.to_string(),
            status: 200,
            what: "answered without what was asked for".into(),
        };
        self.failed.take().unwrap_or_else(senseless)
    }

    /// The tokens of an answer, the ID token verified.
    pub(super) fn tokens(
        &self,
        answer: Option<Answer>,
        tenant: &Tenant,
        nonce: Option<&str>,
    ) -> Result<Tokens, SessionError> {
        let answer = answer.ok_or_else(|| self.failure())?;
        let now = self.entra.clock.now();
        let id = match &answer.extra_fields().id_token {
            Some(raw) => Some(signing::verified(self.entra, tenant, raw, nonce)?),
            None if self.moment == Moment::Refresh => None,
            None => return Err(self.failure()),
        };
        let scopes = answer.scopes().map(|all| all.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "));
        Ok(Tokens {
            refresh_token: answer.refresh_token().map(|token| RefreshToken::new(token.secret().clone())),
            access: self.asked.scope.map(|_| AccessToken::new(answer.access_token().secret().clone())),
            expires: now.after(answer.expires_in().unwrap_or_default()),
            id,
            scope: scopes.unwrap_or_else(|| self.asked.scope.unwrap_or_default().to_owned()),
            correlation: self.correlation.take(),
        })
    }

    fn exchange(&self, request: HttpRequest) -> Result<Value, SessionError> {
        let url = request.uri().to_string();
        let form = Some(SecretBytes::new(request.into_body()));
        let (headers, way) = (Vec::new(), crate::net::Way::Usual);
        let call = Call { method: Method::Post, url, headers, form, repeatable: self.repeatable, way };
        let call = call.header("client-request-id", self.asked.correlation).header("return-client-request-id", "true");
        let reply = self.entra.http.send(&call)?;
        let echoed = reply.header("client-request-id").unwrap_or(self.asked.correlation);
        self.correlation.replace(Some(crate::basis::text::clean(echoed)));
        let mut answer = object(call.place(), &reply, self.moment)?;
        normalise(&mut answer);
        Ok(Value::Object(answer))
    }

    fn keep(&self, error: SessionError) {
        self.failed.replace(Some(error));
    }
}

/// The JSON object of a successful reply. Any body is read as JSON before its status is looked at: Entra sends
/// errors with status 200, and plain text with 429 (`facts/entra.md`, rule 2).
pub(super) fn object(place: &str, reply: &Reply, moment: Moment) -> Result<Map<String, Value>, SessionError> {
    let upstream = |what: String| SessionError::Upstream { place: place.to_owned(), status: reply.status, what };
    if (300..400).contains(&reply.status) {
        let to = reply.header("location").unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
        return Err(upstream(format!("answered with a redirect to `{}`", crate::basis::text::clean(to))));
    }
    let read = serde_json::from_slice(reply.body.expose());
    if let Ok(Value::Object(object)) = &read
        && let Some(refusal) = Refusal::of(object, reply.retry_after(), moment)
    {
        return Err(SessionError::Refused(Box::new(refusal)));
    }
    match (reply.status, read) {
        (200, Ok(Value::Object(object))) => Ok(object),
        (429, _) => Err(SessionError::Throttled { after: reply.retry_after().unwrap_or(PAUSE) }),
        (503, _) if reply.retry_after().is_some() => {
            Err(SessionError::Throttled { after: reply.retry_after().unwrap_or(PAUSE) })
        }
        (status, _) if status != 200 => Err(upstream(format!("answered with status {status}{}", html_note(reply)))),
        _ => Err(upstream(nonsense(reply).to_owned())),
    }
}

/// Whether the same call may work a little later.
fn passing(error: &SessionError) -> bool {
    use crate::net::NetError::{TimedOut, Unreachable};
    match error {
        SessionError::Net(Unreachable { .. } | TimedOut { .. }) | SessionError::Throttled { .. } => true,
        SessionError::Upstream { status, .. } => *status >= 500,
        SessionError::Refused(refusal) => refusal.action == super::Action::Later,
        _ => false,
    }
}

fn pause_of(error: &SessionError) -> Duration {
    match error {
        SessionError::Throttled { after } => *after,
        SessionError::Refused(refusal) => refusal.retry_after.unwrap_or_default(),
        _ => Duration::ZERO,
    }
}

fn nonsense(reply: &Reply) -> &'static str {
    match reply.body.expose() {
        [] => "sent an empty answer",
        _ if is_html(reply) => "answered HTML instead of JSON: a captive portal or proxy?",
        [b'{', ..] => "sent an answer that is cut off or not JSON",
        _ => "answered something else than JSON",
    }
}

fn html_note(reply: &Reply) -> &'static str {
    if is_html(reply) { " and HTML instead of JSON" } else { "" }
}

fn is_html(reply: &Reply) -> bool {
    reply.body.expose().trim_ascii_start().starts_with(b"<")
        || reply.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"))
}

/// Numbers may come as text (rule 3), and an absent token as an empty one.
pub(super) fn normalise(answer: &mut Map<String, Value>) {
    for name in NUMBERS {
        let number = match answer.get(name) {
            Some(Value::String(text)) => text.trim().parse::<u64>().ok(),
            Some(Value::Number(number)) => number.as_u64().or_else(|| whole(number.as_f64())),
            _ => None,
        };
        match number {
            Some(number) => answer.insert(name.into(), number.into()),
            None => answer.remove(name),
        };
    }
    answer.retain(|_, value| !value.is_null() && value != "");
    if answer.contains_key("device_code") {
        // RFC 8628 3.2 and `facts/entra.md` 2.1, where they are missing; and nobody is asked without a pause.
        let interval = answer.get("interval").and_then(Value::as_u64).unwrap_or(5);
        answer.insert("interval".into(), interval.clamp(1, 60).into());
        answer.entry("expires_in").or_insert_with(|| 900.into());
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and the sign is looked at")]
fn whole(number: Option<f64>) -> Option<u64> {
    number.filter(|number| *number >= 0.0).map(|number| number as u64)
}

fn response(status: u16, body: &Value) -> Option<HttpResponse> {
    let builder = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    builder.body(body.to_string().into_bytes()).ok()
}

/// The crate's client for a public client of this tenant: its id goes in the body, no secret exists.
pub(super) fn client(entra: &Entra<'_>, tenant: &Tenant) -> Result<Client, SessionError> {
    let bad = |_| SessionError::Metadata("an endpoint is no URL".into());
    let device = tenant.device.as_ref().map(|url| oauth2::DeviceAuthorizationUrl::new(url.to_string()));
    Ok(oauth2::Client::new(ClientId::new(entra.profile.client_id.clone()))
        .set_auth_type(oauth2::AuthType::RequestBody)
        .set_auth_uri(AuthUrl::new(tenant.authorize.to_string()).map_err(bad)?)
        .set_token_uri(TokenUrl::new(tenant.token.to_string()).map_err(bad)?)
        .set_device_authorization_url_option(device.transpose().map_err(bad)?))
}

/// The scopes of a request, the resource's last.
pub(super) fn scopes(asked: &Asked<'_>) -> impl Iterator<Item = Scope> {
    let resource = asked.scope.unwrap_or_default().split_whitespace();
    let all = ["openid", "profile", "offline_access"].into_iter().chain(resource);
    all.map(|scope| Scope::new(scope.to_owned())).collect::<Vec<_>>().into_iter()
}

pub(super) type Answer = StandardTokenResponse<Extra, BasicTokenType>;

pub(super) type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointMaybeSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What Entra answers beyond RFC 6749.
#[derive(Debug, Deserialize)]
pub(super) struct Extra {
    id_token: Option<RawIdToken>,
}

impl oauth2::ExtraTokenFields for Extra {}

impl Serialize for Extra {
    /// The crate wants it; no token is ever written this way.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0)).and_then(serde::ser::SerializeMap::end)
    }
}

const NUMBERS: [&str; 5] = ["expires_in", "ext_expires_in", "refresh_in", "interval", "not_before"];
const GO_ON: [&str; 2] = ["authorization_pending", "slow_down"];
/// Where 429 comes without `Retry-After`.
const PAUSE: Duration = Duration::from_secs(60);
