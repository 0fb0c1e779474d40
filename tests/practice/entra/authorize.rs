//! The browser's side: authorize, sign-in page, redirect (facts/entra.md 3).

use super::super::codec::{self, Pairs, escape, guid, is_guid, value, with_query};
use super::super::http::Response;
use super::errors::{Refusal, missing, refuse};
use super::faults::Fault;
use super::issue;
use super::metadata::{self, Tenant};
use super::scopes::Asked;
use super::state::{Call, Code, State};

/// An authorize request that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub client_id: String,
    pub redirect_uri: String,
    pub segment: String,
    pub scope: String,
    pub nonce: Option<String>,
    pub challenge: Option<String>,
    pub plain: bool,
    pub claims: Option<String>,
    pub client_info: bool,
    mode: String,
    state: Option<String>,
    prompt: String,
    hint: Option<String>,
}

pub(super) fn authorize(state: &mut State, call: &Call) -> Response {
    let pairs = call.request.pairs();
    if call.request.query.len() > LONGEST_QUERY {
        return refuse("invalid_request", 90_015, "Requested query string is too long.").page(state, call);
    }
    let ask = match destination(state, call, &pairs) {
        Ok(ask) => ask,
        Err(refusal) => return refusal.page(state, call),
    };
    if let Err(refusal) = judge(state, &pairs, &ask) {
        return refused(state, call, &ask, &refusal);
    }
    let known = state.habits.single_sign_on.clone().or_else(|| call.request.cookie("ESTSAUTH").map(str::to_owned));
    let known = known.filter(|upn| state.user(upn).is_some());
    match (known, ask.prompt.as_str()) {
        (Some(upn), "" | "none" | "consent") => finish(state, call, &ask, &upn),
        (None, "none") => {
            let refusal = refuse(
                "login_required",
                50_058,
                "A silent sign-in request was sent but no user is signed \
                in.",
            );
            refused(state, call, &ask, &refusal)
        }
        _ => sign_in_page(state, ask),
    }
}

/// The sign-in page's button.
pub(super) fn login(state: &mut State, call: &Call) -> Response {
    let form = call.request.form().unwrap_or_default();
    let page = value(&form, "page").and_then(|page| state.pages.get(page).cloned());
    let Some(ask) = page else { return Response::page(400, "This page is too old", "") };
    match value(&form, "upn") {
        Some(upn) if !upn.is_empty() => finish(state, call, &ask, upn),
        _ => cancelled(state, &ask),
    }
}

pub(super) fn logout(call: &Call) -> Response {
    let pairs = call.request.pairs();
    let gone = "ESTSAUTH=; path=/; Max-Age=0; secure; HttpOnly";
    match value(&pairs, "post_logout_redirect_uri") {
        Some(target) => Response::redirect(target).with("Set-Cookie", gone),
        None => Response::page(200, "You signed out of your account", "").with("Set-Cookie", gone),
    }
}

/// What must be right before anything is sent to the redirect URI.
fn destination(state: &mut State, call: &Call, pairs: &Pairs) -> Result<Ask, Refusal> {
    let tenant = metadata::tenant(state, &call.segment)?;
    let client_id = value(pairs, "client_id").ok_or_else(|| missing("client_id"))?;
    let app = super::token::app(state, client_id)?;
    if tenant == Tenant::Any {
        let text = format!("Application '{client_id}' is not configured as a multi-tenant application.");
        return Err(refuse("invalid_request", 50_194, &text));
    }
    let redirect_uri = value(pairs, "redirect_uri").unwrap_or_default();
    if !app.redirect_uris.iter().any(|registered| matches(registered, redirect_uri)) {
        let text = format!(
            "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured \
             for the application '{client_id}'."
        );
        return Err(refuse("invalid_request", 50_011, &text));
    }
    let text = |name: &str| value(pairs, name).map(str::to_owned);
    Ok(Ask {
        client_id: app.client_id,
        redirect_uri: redirect_uri.to_owned(),
        segment: call.segment.clone(),
        scope: text("scope").unwrap_or_default(),
        nonce: text("nonce"),
        challenge: text("code_challenge"),
        plain: value(pairs, "code_challenge_method").is_none_or(|method| method == "plain"),
        claims: text("claims"),
        client_info: value(pairs, "client_info") == Some("1"),
        mode: text("response_mode").unwrap_or_else(|| "query".into()),
        state: text("state"),
        prompt: text("prompt").unwrap_or_default(),
        hint: text("login_hint"),
    })
}

/// What is answered by an error on the redirect.
fn judge(state: &State, pairs: &Pairs, ask: &Ask) -> Result<(), Refusal> {
    let bad = |code, text: &str| Err(refuse("invalid_request", code, text));
    if pairs.iter().enumerate().any(|(at, (name, _))| pairs[..at].iter().any(|(known, _)| known == name)) {
        return bad(90_023, "A parameter was given more than once.");
    }
    match value(pairs, "response_type") {
        Some("code") => {}
        None => return Err(missing("response_type")),
        Some(_) => return Err(refuse("unsupported_response_type", 700_054, "response_type is not enabled.")),
    }
    if !["query", "form_post", "fragment"].contains(&ask.mode.as_str()) {
        return Err(refuse("unsupported_response_type", 70_007, "response_mode is not a supported value."));
    }
    if !["", "login", "none", "consent", "select_account", "create"].contains(&ask.prompt.as_str()) {
        return bad(90_023, "Unsupported 'prompt' value.");
    }
    let method = value(pairs, "code_challenge_method");
    let known = method.is_none_or(|method| method == "S256" || method == "plain");
    if !known || method.is_some() && ask.challenge.is_none() {
        return bad(501_491, "Invalid code_challenge_method.");
    }
    if ask.challenge.as_ref().is_some_and(|challenge| !(43..=128).contains(&challenge.len())) {
        return bad(501_491, "Invalid size of Code_Challenge parameter.");
    }
    let claims: Option<Result<serde_json::Value, _>> = ask.claims.as_deref().map(serde_json::from_str);
    if claims.is_some_and(|claims| !claims.is_ok_and(|claims| claims.is_object())) {
        return bad(9_002_313, "Invalid request. The claims parameter is malformed.");
    }
    Asked::read(state, &ask.scope).map(drop)
}

fn sign_in_page(state: &mut State, ask: Ask) -> Response {
    let page = guid();
    let hinted = |upn: &str| ask.hint.as_deref().is_some_and(|hint| hint.eq_ignore_ascii_case(upn));
    let mut users: Vec<_> = state.users.iter().map(|user| (user.upn.clone(), user.name.clone())).collect();
    users.sort_by_key(|(upn, _)| !hinted(upn));
    let form = |choice: &str, upn: &str, label: &str| {
        let (choice, upn, label) = (escape(choice), escape(upn), escape(label));
        format!(
            "<form method=\"post\" action=\"/{}/login\" data-choice=\"{choice}\"><input type=\"hidden\" name=\"page\" \
             value=\"{page}\"><input type=\"hidden\" name=\"upn\" value=\"{upn}\"><button>{label}</button></form>",
            escape(&ask.segment)
        )
    };
    let buttons = users.iter().map(|(upn, name)| form(&format!("sign-in:{upn}"), upn, &format!("Sign in as {name}")));
    let markup = buttons.collect::<String>() + &form("cancel", "", "Cancel");
    state.pages.insert(page.clone(), ask);
    Response::page(200, "Sign in to your account", &markup)
}

/// The person has proved who they are.
fn finish(state: &mut State, call: &Call, ask: &Ask, upn: &str) -> Response {
    let admitted = issue::may_sign_in(state, upn, &ask.client_id);
    if let Err(refusal) = admitted.and_then(|()| device_fits(state, call, ask, upn)) {
        return refusal.page(state, call);
    }
    if state.faults.meet(Fault::UserCancel, Some(upn), &ask.client_id).is_some() {
        return cancelled(state, ask);
    }
    if state.faults.meet(Fault::AdminConsent, Some(upn), &ask.client_id).is_some() {
        let refusal = refuse("access_denied", 90_094, "The grant requires admin permission.");
        return refused(state, call, ask, &refusal);
    }
    issue::signed_in(state, ask, upn);
    let session = format!("ESTSAUTH={upn}; path=/; secure; HttpOnly; SameSite=None");
    let big = state.faults.meet(Fault::BigTokens, Some(upn), &ask.client_id).is_some();
    let code = format!("1.A{}", codec::opaque(if big { 2100 } else { 900 }));
    let code = state.journal.secret(code);
    let issued = state.now();
    let record = Code { ask: ask.clone(), upn: upn.to_owned(), issued, used: false };
    state.codes.insert(code.clone(), record);
    let mut pairs = vec![("code".to_owned(), code)];
    if ask.client_info {
        pairs.push(("client_info".to_owned(), issue::client_info(state, upn)));
    }
    if state.faults.meet(Fault::CloudInstance, Some(upn), &ask.client_id).is_some() {
        pairs.push(("cloud_instance_host_name".to_owned(), "login.microsoftonline.us".to_owned()));
    }
    pairs.push(("session_state".to_owned(), guid()));
    deliver(state, ask, Some(upn), pairs).with("Set-Cookie", &session)
}

fn device_fits(state: &mut State, call: &Call, ask: &Ask, upn: &str) -> Result<(), Refusal> {
    if state.faults.meet(Fault::DeviceRequired, Some(upn), &ask.client_id).is_none() {
        return Ok(());
    }
    let device = call.request.header("x-emul-device").or_else(|| call.request.cookie("x-emul-device"));
    if device == Some("compliant") { Ok(()) } else { Err(issue::not_compliant()) }
}

fn cancelled(state: &mut State, ask: &Ask) -> Response {
    let pairs = [("error", "access_denied"), ("error_subcode", "cancel")];
    deliver(state, ask, None, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
}

fn refused(state: &mut State, call: &Call, ask: &Ask, refusal: &Refusal) -> Response {
    let pairs = refusal.pairs(state, call);
    deliver(state, ask, None, pairs)
}

/// Sends parameters to the redirect URI in the mode that was asked for.
fn deliver(state: &mut State, ask: &Ask, upn: Option<&str>, mut pairs: Pairs) -> Response {
    let mut met = |fault| state.faults.meet(fault, upn, &ask.client_id).is_some();
    let mangled = met(Fault::StateMangle);
    let wrong_path = met(Fault::WrongPath);
    let mischief: Vec<&str> = MISCHIEF.iter().filter(|(fault, _)| met(*fault)).map(|(_, name)| *name).collect();
    let mischief = mischief.join(" ");
    let echoed = ask.state.clone().map(|state| if mangled { codec::opaque(state.len()) } else { state });
    pairs.extend(echoed.map(|state| ("state".to_owned(), state)));
    let mut target = ask.redirect_uri.clone();
    let bare = target.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
    if bare && ask.mode != "form_post" || wrong_path {
        target.push('/');
    }
    if wrong_path {
        target.push_str("elsewhere");
    }
    match ask.mode.as_str() {
        "form_post" => form_post(&target, &pairs, &mischief),
        "fragment" => Response::redirect(&format!("{target}#{}", codec::write_form(&pairs))),
        _ => Response::redirect(&format!("{}#", with_query(&target, &pairs))).with("x-emul-mischief", &mischief),
    }
}

fn form_post(target: &str, pairs: &Pairs, mischief: &str) -> Response {
    let input = |(name, value): &(String, String)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value))
    };
    let inputs: String = pairs.iter().map(input).collect();
    let markup = format!(
        "<form method=\"post\" action=\"{}\" data-choice=\"auto\" data-mischief=\"{mischief}\">{inputs}<noscript>\
         <button>Continue</button></noscript></form><script>document.forms[0].submit()</script>",
        escape(target)
    );
    Response::page(200, "Working...", &markup)
}

/// Registered and requested redirect URI: the port is free on http loopback, everything else is exact.
fn matches(registered: &str, requested: &str) -> bool {
    let (Ok(known), Ok(given)) = (url::Url::parse(registered), url::Url::parse(requested)) else { return false };
    let host = given.host_str().unwrap_or_default();
    let loopback = given.scheme() == "http" && (host == "localhost" || host == "127.0.0.1");
    let rest = |url: &url::Url| format!("{} {:?} {}", url.scheme(), url.host_str(), url.path());
    if loopback { rest(&known) == rest(&given) && given.query().is_none() } else { registered == requested }
}

/// Whether a client id has the right form.
pub(super) fn check_client_id(client_id: &str) -> Result<(), Refusal> {
    let text = "Application identifier is expected to be a GUID.";
    if is_guid(client_id) { Ok(()) } else { Err(refuse("invalid_request", 90_112, text)) }
}

const MISCHIEF: &[(Fault, &str)] = &[
    (Fault::DoubleRedirect, "double"),
    (Fault::Favicon, "favicon"),
    (Fault::GetForPost, "get"),
    (Fault::SlowLoris, "loris"),
    (Fault::HugeBody, "huge"),
];
const LONGEST_QUERY: usize = 16 * 1024;
