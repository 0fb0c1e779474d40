//! What Entra refused, in words: the cause, the one command or the one role that can help, the ids for a ticket.

use crate::app::wanted::Wanted;
use crate::app::words::{self, CONFIG_SHOW, login_command};
use crate::basis::failure::{Failure, Kind};
use crate::idtoken::IdTokenError;
use crate::session::loopback::LoopbackError;
use crate::session::{Action, Refusal, SessionError};

/// Why Entra gave nothing.
pub fn session(wanted: &Wanted<'_>, error: &SessionError) -> Failure {
    let what = || format!("the sign-in for {} did not succeed: {error}", wanted.host.url.host());
    let fail = |kind, id, help: String| Failure::new(kind, id, what(), help);
    match error {
        SessionError::Net(error) => words::net(wanted, error),
        SessionError::Refused(refusal) => self::refused(wanted, refusal),
        SessionError::IdToken(error) => id_token(wanted, error),
        SessionError::Upstream { .. } => fail(
            Kind::Upstream,
            "entra-bad-answer",
            "open the address in a browser: a captive portal or proxy may be in the way; then run the command again"
                .into(),
        ),
        SessionError::Metadata(_) => fail(Kind::Config, "entra-metadata", configuration_help()),
        SessionError::Throttled { after } => {
            fail(Kind::Network, "throttled", format!("run the command again in {}", words::duration(*after)))
        }
        SessionError::DeviceExpired => fail(
            Kind::Declined,
            "device-code-expired",
            format!(
                "{}    (if the page showed an access error, your organisation blocks device codes: add --browser)",
                login_command(wanted)
            ),
        ),
        SessionError::DeviceDeclined => fail(Kind::Declined, "device-code-declined", login_command(wanted)),
        SessionError::Stray => fail(Kind::Declined, "wrong-state", login_command(wanted)),
        SessionError::CancelledAtPage => fail(
            Kind::Declined,
            "cancelled",
            format!(
                "{}    (if the page asked for admin approval, ask the administrator of {})",
                login_command(wanted),
                wanted.profile.tenant
            ),
        ),
    }
}

/// An OAuth error of Entra (`facts/entra.md` 4.6).
fn refused(wanted: &Wanted<'_>, refusal: &Refusal) -> Failure {
    let host = wanted.host.url.host();
    let code = refusal.code.map_or_else(|| format!("`{}`", refusal.error), |code| format!("AADSTS{code}"));
    let what = match meaning(refusal.code) {
        Some(meaning) => format!("Entra refused the sign-in for {host}: {meaning} ({code})"),
        None if refusal.action == Action::Later => format!("Entra cannot answer for {host} just now ({code})"),
        None => {
            let said = refusal.text.strip_prefix(&format!("{code}: ")).unwrap_or(&refusal.text);
            format!("Entra refused the sign-in for {host}: {said} ({code})")
        }
    };
    let failure = Failure::new(kind(refusal.action), refusal.name, what, help(wanted, refusal));
    let ids = [("correlation", &refusal.correlation_id), ("trace", &refusal.trace_id)];
    let ids: Vec<String> = ids.iter().filter_map(|(name, id)| id.as_ref().map(|id| format!("{name} {id}"))).collect();
    failure.with_detail(format!("Entra {code} ({}) {}", refusal.error, ids.join(", ")).trim_end())
}

fn kind(action: Action) -> Kind {
    match action {
        Action::SignIn | Action::SignInWithClaims | Action::Consent | Action::Expired => Kind::SignInNeeded,
        Action::Gone | Action::Stop | Action::BrowserInstead => Kind::Declined,
        Action::Configuration => Kind::Config,
        Action::Later => Kind::Network,
        Action::Bug => Kind::Upstream,
    }
}

/// What the best-known codes mean, said for the person who meets them.
fn meaning(code: Option<u32>) -> Option<&'static str> {
    Some(match code? {
        50011 => "the redirect URI is not registered for this application",
        50020 | 90072 | 51004 => "this account is not in the tenant",
        50034 => "the account does not exist any more",
        50053 => "the account is locked",
        50055 | 50144 => "the password has expired",
        50057 => "the account is disabled",
        50105 => "the account is not assigned to the application",
        50072 | 50079 => "the account has to set up multi-factor authentication",
        50074 | 50076 | 50078 => "multi-factor authentication is needed",
        50132 | 50133 | 50173 => "the sessions of this account were revoked",
        50194 => "the application is not registered for several tenants",
        50196 => "the same request was made too often",
        53000 | 53001 | 530_003 | 50097 | 50129 | 530_033 => "a device that your organisation manages is needed",
        53003 => "a Conditional Access policy blocks it",
        530_084 => "a token-protection policy blocks it",
        65001 | 90094 | 90095 => "the application needs consent first",
        65004 => "consent was declined",
        70043 | 700_082 | 70008 => "the last sign-in is too long ago",
        700_016 => "the application is not known in the tenant",
        7_000_218 => "the application does not allow public clients",
        90002 => "the tenant is not known",
        _ => return None,
    })
}

/// One command, or one role to ask.
fn help(wanted: &Wanted<'_>, refusal: &Refusal) -> String {
    let login = login_command(wanted);
    let admin = format!("the Entra administrator of {}", wanted.profile.tenant);
    match (refusal.code, refusal.action) {
        (Some(7_000_218), _) => format!(
            "ask {admin} to set \"Allow public client flows\" to Yes for application {}",
            wanted.profile.client_id
        ),
        (Some(50105), _) => format!("ask {admin} to assign you to application {}", wanted.profile.client_id),
        (Some(50011), _) => {
            format!("ask {admin} to register {} under \"Mobile and desktop applications\"", wanted.profile.redirect_uri)
        }
        (Some(65001 | 90094 | 90095), _) => format!(
            "ask {admin} to grant consent: {}/{}/v2.0/adminconsent?client_id={}",
            wanted.profile.authority, wanted.profile.tenant, wanted.profile.client_id
        ),
        (Some(530_084), _) => format!("ask {admin} to exclude the application from token protection"),
        (Some(53003 | 50131), _) if refusal.by_code => format!(
            "{login} --browser    (a code cannot show a managed device; if the browser is refused too, ask {admin} which \
             policy blocks it, with the ids below)"
        ),
        (Some(53003), _) => format!("ask {admin} which policy blocks it; they need the ids below"),
        (Some(53000 | 53001 | 530_003 | 50097 | 50129 | 530_033), Action::BrowserInstead) => {
            format!("{login} --browser")
        }
        (Some(53000 | 53001 | 530_003 | 50097 | 50129 | 530_033), _) => {
            "use a browser that is signed in to your work profile and not private, on a managed device".into()
        }
        (Some(50196), _) => "wait five minutes, then run the command again".into(),
        (Some(50057 | 50034), _) => format!("ask {admin} about this account; they need the ids below"),
        (_, Action::BrowserInstead) => format!("{login} --browser"),
        (_, Action::SignIn | Action::SignInWithClaims | Action::Consent | Action::Expired | Action::Gone) => login,
        (_, Action::Later) => "run the command again in a minute".into(),
        (_, Action::Configuration) => format!("ask {admin} to compare the application with: {CONFIG_SHOW}"),
        (_, Action::Stop) => format!("ask {admin}; they need the ids below"),
        (_, Action::Bug) => "report it with the ids below".into(),
    }
}

/// The ID token is not believed: nobody is signed in.
fn id_token(wanted: &Wanted<'_>, error: &IdTokenError) -> Failure {
    let host = wanted.host.url.host();
    let what = format!("the sign-in for {host} is not believed: {error}");
    let (id, help) = match error {
        IdTokenError::Expired { .. } | IdTokenError::NotYetValid { .. } => {
            ("id-token-time", "set this machine's clock, then sign in again".to_owned())
        }
        IdTokenError::Tenant(_) => (
            "id-token-tenant",
            format!("sign in with an account of {}: {}", wanted.profile.tenant, login_command(wanted)),
        ),
        _ => (
            "id-token-invalid",
            format!("{}    (if it stays, something is between you and Entra)", login_command(wanted)),
        ),
    };
    Failure::new(disbelief(error), id, what, help)
}

/// Trying again helps only where a clock is set, a new key is published, or an answer was garbled.
fn disbelief(error: &IdTokenError) -> Kind {
    match error {
        IdTokenError::Malformed
        | IdTokenError::MissingClaim(_)
        | IdTokenError::UnknownKey(_)
        | IdTokenError::Expired { .. }
        | IdTokenError::NotYetValid { .. } => Kind::Upstream,
        IdTokenError::Algorithm(_)
        | IdTokenError::ForeignKey(_)
        | IdTokenError::Signature
        | IdTokenError::Version
        | IdTokenError::Issuer(_)
        | IdTokenError::Tenant(_)
        | IdTokenError::Audience(_)
        | IdTokenError::Nonce => Kind::Declined,
    }
}

/// The browser did not bring the answer.
pub fn loopback(wanted: &Wanted<'_>, error: &LoopbackError) -> Failure {
    let failed = match error {
        LoopbackError::TimedOut => "was not finished",
        LoopbackError::Taken { .. }
        | LoopbackError::Fixed { .. }
        | LoopbackError::BadUri(_)
        | LoopbackError::Broken(_) => "could not begin",
    };
    let what = format!("the sign-in for {} {failed}: {error}", wanted.host.url.host());
    match error {
        LoopbackError::Taken { port } => Failure::new(
            Kind::Config,
            "redirect-port-taken",
            what,
            format!("ss -ltnp 'sport = :{port}'    (end that program)"),
        ),
        LoopbackError::Fixed { port } => Failure::new(
            Kind::Usage,
            "redirect-port-fixed",
            what,
            format!("leave --redirect-port out, or write {port}"),
        ),
        LoopbackError::BadUri(_) => Failure::new(Kind::Config, "redirect-uri", what, configuration_help()),
        LoopbackError::Broken(_) => {
            Failure::new(Kind::Busy, "loopback", what, format!("{} --device-code", login_command(wanted)))
        }
        LoopbackError::TimedOut => Failure::new(
            Kind::Declined,
            "sign-in-timed-out",
            what,
            format!(
                "{}    (if the browser showed an AADSTS number, look it up with your administrator)",
                login_command(wanted)
            ),
        ),
    }
}

/// What only a browser can show, asked for by device code.
pub fn browser_needed(wanted: &Wanted<'_>) -> Failure {
    let what =
        format!("Entra wants to see the device that signs in for {}; a code cannot show it", wanted.host.url.host());
    Failure::new(Kind::Declined, "browser-needed", what, format!("{} --browser", login_command(wanted)))
}

/// A sign-in without an ID token.
pub fn no_id_token(wanted: &Wanted<'_>) -> Failure {
    let what = "Entra did not say who signed in";
    Failure::new(
        Kind::Upstream,
        "no-id-token",
        what,
        format!("ask the Entra administrator of {} whether the application may use openid", wanted.profile.tenant),
    )
}

/// A sign-in that cannot be renewed.
pub fn no_refresh_token(wanted: &Wanted<'_>) -> Failure {
    let what = "Entra gave no refresh token, so the sign-in could not last";
    let help = format!("ask the Entra administrator of {} to allow offline_access", wanted.profile.tenant);
    Failure::new(Kind::Config, "no-refresh-token", what, help)
}

fn configuration_help() -> String {
    format!("{CONFIG_SHOW}    (compare [entra] with what your administrator gave you)")
}
