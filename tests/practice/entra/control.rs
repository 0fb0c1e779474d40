//! Switches for tests and demonstrations in another process: `POST /control/fault`, `/control/keys`,
//! `/control/weather`.

use super::super::codec::{Pairs, escape, value};
use super::super::http::Response;
use super::super::weather::{Rule, Trouble, Weather};
use super::faults::{Fault, Target};
use super::state::{Call, State};

/// Switches a fault on. Those that end sessions strike the refresh tokens that exist now.
pub(super) fn switch_on(state: &mut State, fault: Fault, target: Target, times: Option<u32>, value: i64) {
    let ends = [Fault::Revoked, Fault::PasswordChanged, Fault::Inactive, Fault::SignInFrequency];
    match (ends.contains(&fault), &target) {
        (true, Target::User(upn)) => state.kill(Some(upn), fault),
        (true, _) => state.kill(None, fault),
        (false, Target::User(upn)) => state.faults.on(fault, Target::User(upn.to_lowercase()), times, value),
        (false, _) => state.faults.on(fault, target, times, value),
    }
}

/// A page with all switches.
pub(super) fn page(state: &State) -> Response {
    let options: String = Fault::NAMES.iter().map(|name| format!("<option>{name}</option>")).collect();
    let users = state.users.iter().map(|user| escape(&user.upn)).collect::<Vec<_>>().join(", ");
    let markup = format!(
        "<form method=\"post\" action=\"/control/fault\"><select name=\"fault\">{options}</select> for user \
         <input name=\"user\" placeholder=\"everyone\"> <select name=\"on\"><option>true</option>\
         <option>false</option></select><button>Set</button></form><p>{users}</p>"
    );
    Response::page(200, "Practice tenant", &markup)
}

/// `fault`: `fault`, `user` or `app`, `on`, `times`, `value`. `keys`: rotates. `calm`: all faults off.
/// `weather`: `path`, `trouble` (drop, hang, endless, truncated, html, throttled), `times`, `value`, `after`.
pub(super) fn command(state: &mut State, weather: &Weather, command: &str, call: &Call) -> Response {
    let form = call.request.form().unwrap_or_default();
    let done = match command {
        "fault" => fault(state, &form),
        "weather" => rule(&form).map(|rule| weather.add(rule)),
        "keys" => {
            state.keys.rotated = !state.keys.rotated;
            Some(())
        }
        "calm" => {
            state.faults.clear();
            state.forgery = None;
            weather.clear();
            Some(())
        }
        _ => None,
    };
    match done {
        Some(()) => Response::text(200, "done"),
        None => Response::text(400, "no such switch"),
    }
}

fn fault(state: &mut State, form: &Pairs) -> Option<()> {
    let fault = Fault::named(value(form, "fault")?)?;
    let named = |name: &str| value(form, name).filter(|value| !value.is_empty()).map(str::to_owned);
    let target = match (named("user"), named("app")) {
        (Some(upn), _) => Target::User(upn.to_lowercase()),
        (None, Some(client_id)) => Target::App(client_id),
        (None, None) => Target::Everyone,
    };
    if named("on").as_deref() == Some("false") {
        state.faults.off(fault, &target);
        return Some(());
    }
    let times = named("times").and_then(|times| times.parse().ok());
    let value = named("value").and_then(|value| value.parse().ok()).unwrap_or(0);
    switch_on(state, fault, target, times, value);
    Some(())
}

fn rule(form: &Pairs) -> Option<Rule> {
    let number: Option<u64> = value(form, "value").and_then(|value| value.parse().ok());
    let status = number.and_then(|number| u16::try_from(number).ok());
    let trouble = match value(form, "trouble")? {
        "drop" => Trouble::Drop,
        "hang" => Trouble::Hang,
        "endless" => Trouble::Endless,
        "truncated" => Trouble::Truncated,
        "slow" => Trouble::Slow(number.unwrap_or(1000)),
        "html" => Trouble::Html(status.unwrap_or(502)),
        "throttled" => Trouble::Throttled(429, number),
        _ => return None,
    };
    let times = value(form, "times").and_then(|times| times.parse().ok());
    let path = value(form, "path").unwrap_or_default().to_owned();
    Some(Rule { path, trouble, times, after: value(form, "after") == Some("true") })
}
