//! Entra's error codes and what to do about each (`facts/entra.md` 4.5, 4.6; DESIGN.md section 8).

use super::refusal::Moment;
use std::time::Duration;

/// What the caller does about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sign in again; the session stays until then.
    SignIn,
    /// The same, and hand on the refusal's claims.
    SignInWithClaims,
    /// Sign in with `prompt=consent`.
    Consent,
    /// The account is disabled, deleted or its sessions were revoked: remove session, grants, credentials.
    Gone,
    /// The session is over; its grants stay for the next sign-in.
    Expired,
    /// Policy, or a decision of the person: tell it, try nothing again.
    Stop,
    /// Something is registered or configured wrong; an administrator can help.
    Configuration,
    /// Try again later, not before the refusal's `retry_after`.
    Later,
    /// A device state is needed that only the browser can show: try that flow once.
    BrowserInstead,
    /// Our request was wrong.
    Bug,
}

/// The column "class" of the table in `facts/entra.md` 4.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Ui,
    /// Once from a stored session; a sign-in that meets it stops.
    UiOnce,
    Consent,
    Gone,
    Expired,
    Stop,
    Configuration,
    Later,
    Browser,
    /// A device-code sign-in cannot show the device; a browser that cannot either stops.
    Device,
    Bug,
}

/// Action and stable name. `error` goes first where it says that trying again helps, then the code, then the
/// suberror, then the error alone.
pub(super) fn action(
    error: &str,
    suberror: Option<&str>,
    code: Option<u32>,
    claims: bool,
    moment: Moment,
) -> (Action, &'static str) {
    let known = code.and_then(find);
    let name = known.map_or_else(|| name_of_error(error), |(_, name)| name);
    let class = match (error, known) {
        ("temporarily_unavailable" | "server_error", Some((class @ (Class::Stop | Class::Configuration), _))) => class,
        ("temporarily_unavailable" | "server_error", _) => Class::Later,
        (error, Some((Class::Gone | Class::Expired, _))) if !ENDS_SESSIONS.contains(&error) => Class::Stop,
        (_, Some((class, _))) => class,
        (error, None) => suberror.and_then(of_suberror).unwrap_or_else(|| of_error(error)),
    };
    (of_class(class, claims, moment), name)
}

/// The code that says most, where several are given: some only name a family (`[70002,54005]`).
pub(super) fn telling(codes: &[u32]) -> Option<u32> {
    let telling = |code: &&u32| find(**code).is_some() && !FAMILIES.contains(*code);
    codes.iter().find(telling).or(codes.first()).copied()
}

/// How long to wait before the next try: what Entra said, at least what the code needs.
pub(super) fn pause(code: Option<u32>, said: Option<Duration>) -> Duration {
    let least = if code == Some(LOOP) { Duration::from_secs(300) } else { Duration::ZERO };
    said.unwrap_or(Duration::from_secs(60)).max(least)
}

fn of_class(class: Class, claims: bool, moment: Moment) -> Action {
    let sign_in = if claims { Action::SignInWithClaims } else { Action::SignIn };
    let stored = moment == Moment::Refresh;
    match class {
        // A refused sign-in says nothing about the session that is stored: it may be another account's.
        Class::UiOnce | Class::Gone if !stored => Action::Stop,
        Class::Ui | Class::UiOnce => sign_in,
        Class::Consent => Action::Consent,
        Class::Gone => Action::Gone,
        Class::Expired if !stored => Action::SignIn,
        Class::Expired => Action::Expired,
        Class::Browser if moment == Moment::Browser => Action::Stop,
        Class::Device if moment != Moment::Device => Action::Stop,
        Class::Browser | Class::Device => Action::BrowserInstead,
        Class::Stop => Action::Stop,
        Class::Configuration => Action::Configuration,
        Class::Later => Action::Later,
        Class::Bug => Action::Bug,
    }
}

fn of_suberror(suberror: &str) -> Option<Class> {
    Some(match suberror {
        "basic_action" | "additional_action" | "user_password_expired" => Class::Ui,
        "message_only" => Class::UiOnce,
        "consent_required" => Class::Consent,
        "bad_token" | "token_expired" => Class::Expired,
        "client_mismatch" | "protection_policy_required" | "device_authentication_failed" => Class::Stop,
        _ => return None,
    })
}

fn of_error(error: &str) -> Class {
    match error {
        "invalid_grant" | "interaction_required" | "login_required" => Class::Ui,
        "consent_required" => Class::Consent,
        "unauthorized_client"
        | "invalid_client"
        | "invalid_resource"
        | "invalid_scope"
        | "invalid_tenant"
        | "invalid_instance" => Class::Configuration,
        "invalid_request" | "unsupported_grant_type" | "unsupported_response_type" | "bad_verification_code" => {
            Class::Bug
        }
        _ => Class::Stop,
    }
}

/// Stable names where no code is known.
fn name_of_error(error: &str) -> &'static str {
    const NAMES: [(&str, &str); 9] = [
        ("access_denied", "access-denied"),
        ("consent_required", "consent-needed"),
        ("interaction_required", "sign-in-needed"),
        ("invalid_client", "client-invalid"),
        ("invalid_grant", "sign-in-needed"),
        ("login_required", "sign-in-needed"),
        ("server_error", "entra-unavailable"),
        ("temporarily_unavailable", "entra-unavailable"),
        ("unauthorized_client", "client-invalid"),
    ];
    NAMES.iter().find(|(known, _)| *known == error).map_or("refused", |(_, name)| name)
}

fn find(code: u32) -> Option<(Class, &'static str)> {
    TABLE.iter().find(|(_, _, codes)| codes.contains(&code)).map(|(class, name, _)| (*class, *name))
}

/// Only these errors speak about the token itself.
const ENDS_SESSIONS: [&str; 3] = ["invalid_grant", "interaction_required", "login_required"];
const FAMILIES: [u32; 2] = [70000, 70002];
const LOOP: u32 = 50196;

const TABLE: &[(Class, &str, &[u32])] = &[
    // Sign in again.
    (Class::Ui, "account-selection", &[16000, 16001, 16002, 16003]),
    (Class::Ui, "password-expired", &[50055, 50144]),
    (Class::Ui, "no-browser-session", &[50058]),
    (Class::Ui, "mfa-enrolment", &[50072, 50079]),
    (Class::Ui, "mfa-needed", &[50074, 50076, 50078, 50158, 500_121]),
    (Class::Ui, "sign-in-needed", &[50085, 50089, 50125, 50135, 50197, 70000, 700_020, 9_002_341]),
    (Class::Ui, "sign-in-frequency", &[70044]),
    (Class::Ui, "code-already-used", &[54005]),
    (Class::Ui, "device-flow-region", &[50134]),
    (Class::UiOnce, "conditional-access-block", &[53003]),
    (Class::UiOnce, "device-suspicious", &[50131]),
    (Class::Consent, "consent-needed", &[65001]),
    // The session ends.
    (Class::Gone, "account-deleted", &[50034]),
    (Class::Gone, "account-disabled", &[50057]),
    (Class::Gone, "session-revoked", &[50132, 50133, 50173]),
    (Class::Expired, "session-expired", &[70008, 70043, 700_082]),
    (Class::Expired, "wrong-platform", &[700_084]),
    // Tell it and stop.
    (Class::Stop, "identity-provider-error", &[40008, 40009, 40011, 40012, 40013, 40014, 40015, 90123]),
    (Class::Stop, "tenant-restriction", &[50002, 500_021, 500_022]),
    (Class::Stop, "account-not-in-tenant", &[50014, 50020, 51004, 90072]),
    (Class::Stop, "account-locked", &[50053]),
    (Class::Stop, "password-wrong", &[50056, 50126]),
    (Class::Stop, "not-assigned", &[50105]),
    (Class::Stop, "broker-app-needed", &[50127]),
    (Class::Device, "device-not-joined", &[50129, 53001]),
    (Class::Stop, "device-broken", &[50155, 50187, 700_003]),
    (Class::Stop, "cross-tenant-policy", &[500_208, 500_212, 500_213]),
    (Class::Device, "device-not-compliant", &[53000]),
    (Class::Stop, "app-not-approved", &[53002, 53009]),
    (Class::Stop, "mfa-set-up-blocked", &[53004, 53010, 53011]),
    (Class::Stop, "tenant-security-policy", &[530_032, 530_034, 530_035]),
    (Class::Stop, "token-protection", &[530_084]),
    (Class::Stop, "consent-declined", &[65004]),
    (Class::Stop, "admin-consent-needed", &[90094, 90095, 90099]),
    // Only a browser can show the device.
    (Class::Browser, "platform-unsupported", &[50005]),
    (Class::Browser, "device-needed", &[50097, 530_003]),
    (Class::Browser, "device-code-blocked", &[530_033]),
    // An administrator.
    (Class::Configuration, "resource-unknown", &[50001, 500_011, 500_014, 65005, 650_052, 650_053, 650_056, 650_057]),
    (Class::Configuration, "redirect-uri", &[50011, 70004]),
    (Class::Configuration, "assertion-invalid", &[50012, 50013, 500_133, 700_024, 700_027, 700_030]),
    (Class::Configuration, "authority-unknown", &[50049, 90019, 50059, 50128, 90002, 900_021, 900_023]),
    (Class::Configuration, "federation-missing", &[50107]),
    (Class::Configuration, "app-signing-key", &[50146]),
    (Class::Configuration, "app-single-tenant", &[50194, 9_001_023, 9_002_332]),
    (Class::Configuration, "app-disabled", &[70001, 7_000_112, 1_000_031]),
    (Class::Configuration, "app-not-in-tenant", &[700_011, 700_016]),
    (Class::Configuration, "app-preauthorization", &[65002]),
    (Class::Configuration, "app-credentials", &[70002, 700_025, 7_000_114, 7_000_215, 7_000_222]),
    (Class::Configuration, "app-not-public", &[7_000_218]),
    (Class::Configuration, "federated-credential", &[70021, 700_211, 700_212, 700_213, 7_002_137, 7_002_138, 700_229]),
    (Class::Configuration, "scope-invalid", &[70011]),
    (Class::Configuration, "redirect-platform", &[9_002_326, 9_002_327]),
    (Class::Configuration, "other-cloud", &[90038, 900_432, 900_382, 900_439]),
    (Class::Configuration, "client-id", &[90112]),
    // Later.
    (Class::Later, "entra-unavailable", &[40010, 50000, 50033, 50087, 50088, 90006, 90012, 90024, 90033, 90055, 90090]),
    (Class::Later, "request-loop", &[LOOP]),
    // Ours.
    (
        Class::Bug,
        "request-malformed",
        &[90004, 90014, 90015, 90023, 90056, 90100, 900_144, 900_561, 901_002, 9_002_313],
    ),
    (Class::Bug, "request-scope", &[28002, 28003, 700_022, 700_023, 1_002_012]),
    (Class::Bug, "request-pkce", &[50147, 501_481, 501_491]),
    (Class::Bug, "request-unsupported", &[70003, 70005, 70007, 700_054]),
    (Class::Bug, "code-of-other-tenant", &[700_005]),
];

#[cfg(test)]
mod tests;
