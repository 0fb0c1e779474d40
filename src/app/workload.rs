//! The identity of a workload instead of a person's session: shown anew, never asked of anybody, gone with the token.

use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::app::{sessions, status, trail, turns};
use crate::basis::clock::Timestamp;
use crate::basis::credential::{Proof, Subject, Vouched};
use crate::basis::failure::Failure;
use crate::basis::secret::AccessToken;
use crate::basis::session::Who;
use crate::config::settings::{Identity, Source};
use crate::identity::{self, Claims, Detected, Here, Means, Shown, Statement};
use crate::session::{self, SessionError};
use crate::vault;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A proof for this host from one leader; everybody else adopts how it went.
pub fn prove(world: &World, wanted: &Wanted<'_>) -> Result<Proof, Failure> {
    if matches!(wanted.host.source, Source::CloudOauth(_) | Source::DataCenterOauth(_)) {
        return Err(words::person_needed(wanted));
    }
    if let Some(proof) = sessions::recent(world, wanted) {
        return Ok(proof);
    }
    let turn = turns::account(world, wanted)?;
    if let Some(proof) = sessions::recent(world, wanted) {
        return Ok(proof);
    }
    if let Some(adopted) = turn.adopted().filter(|adopted| adopted.is_about(&wanted.grant)) {
        return Err(adopted.failure);
    }
    let pause = turns::state(world, wanted).not_before.filter(|until| world.clock.now() < *until);
    if let Some(until) = pause {
        return Err(words::not_before(world, wanted, until));
    }
    turns::announce(world, &*turn, words::leader_shows(wanted), A_SHOW);
    let proved = shown(world, wanted);
    turn.conclude(&wanted.grant, proved.as_ref().err());
    proved
}

/// What is known of a workload without asking anybody.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// Which identity was detected, and by what; or why none was.
    pub identity: String,
    /// What its token says of itself, if one is at hand; never the token.
    #[serde(serialize_with = "by_name")]
    pub claims: Vec<(&'static str, String)>,
    pub storage: &'static str,
}

/// How a workload's account stands; `None` for a person's.
pub fn standing(world: &World, wanted: &Wanted<'_>) -> Option<Standing> {
    if wanted.profile.identity == Identity::User {
        return None;
    }
    let identity = identity_of(world, wanted).unwrap_or_default();
    let recent = sessions::recent(world, wanted).and_then(|proof| proof.access_token);
    let claims = recent.and_then(|token| Claims::of(token.expose())).map(|claims| shown_claims(&claims));
    let storage = status::storage_name(vault::place_apart(&world.places.state, &world.env, Arc::clone(&world.clock)));
    Some(Standing { identity, claims: claims.unwrap_or_default(), storage })
}

fn by_name<S: serde::Serializer>(claims: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(claims.iter().map(|(name, value)| (name, value)))
}

/// For `status` and the trail: which identity was detected and why. `None` for a person.
pub fn identity_of(world: &World, wanted: &Wanted<'_>) -> Option<String> {
    let found = || match identity::detect(&world.env, Path::new(ROOT), wanted.profile) {
        Ok(detected) => words::detected_as(&detected),
        Err(error) => error.to_string(),
    };
    (wanted.profile.identity != Identity::User).then(found)
}

/// The claims by the names that they have in a token.
pub fn shown_claims(claims: &Claims) -> Vec<(&'static str, String)> {
    let Claims { issuer, subject, audience, tid, oid, app, roles, expires, begins: _ } = claims;
    let ends = expires.map(Timestamp::rfc3339);
    let all = [("iss", issuer), ("sub", subject), ("aud", audience), ("tid", tid), ("oid", oid), ("app", app)];
    let all = all.into_iter().chain([("roles", roles), ("exp", &ends)]);
    all.filter_map(|(name, value)| Some((name, value.clone()?))).collect()
}

/// The identity that this machine has for a host, without asking anybody.
pub fn detected(world: &World, wanted: &Wanted<'_>) -> Result<Detected, Failure> {
    let detected = identity::detect(&world.env, Path::new(ROOT), wanted.profile);
    detected.map_err(|error| words::identity(wanted, &error))
}

/// The identity is shown, and believed.
fn shown(world: &World, wanted: &Wanted<'_>) -> Result<Proof, Failure> {
    let detected = detected(world, wanted)?;
    if detected.means == Means::Pipelines && matches!(wanted.host.source, Source::Entra(_)) {
        return Err(words::broker_needed(wanted));
    }
    let here = here(world, wanted);
    match identity::show(&here, detected.means).map_err(|error| words::identity(wanted, &error))? {
        Shown::Token { token, subject, expires } => {
            Ok(proof(world, wanted, &detected, Given { token, subject, expires, correlation: None }))
        }
        Shown::Statement(statement) => {
            let token = redeemed(world, wanted, &statement)?;
            Ok(proof(world, wanted, &detected, token))
        }
    }
}

/// Where the identity is looked for.
pub fn here<'a>(world: &'a World, wanted: &Wanted<'a>) -> Here<'a> {
    let scope = wanted.host.source.entra_scope().unwrap_or_default();
    Here {
        http: world.http.get(),
        clock: &*world.clock,
        env: &world.env,
        root: Path::new(ROOT),
        profile: wanted.profile,
        scope,
    }
}

/// What vouches for the workload.
pub struct Given {
    pub token: AccessToken,
    pub subject: Subject,
    pub expires: Timestamp,
    pub correlation: Option<String>,
}

/// Entra turns a statement into a token; a pause that it asks for binds every process.
pub fn redeemed(world: &World, wanted: &Wanted<'_>, statement: &Statement) -> Result<Given, Failure> {
    let correlation = trail::anchor(world);
    world.asked.replace(Some(correlation.clone()));
    let Statement { assertion, client_id, endpoint, way } = statement;
    let scope = identity::app_scope(wanted.host.source.entra_scope().unwrap_or_default());
    let shown = session::Shown { endpoint, way, client_id, assertion, scope: &scope, correlation: &correlation };
    match session::by_assertion(world.http.get(), &*world.clock, &shown) {
        Ok(session::AppToken { access, expires, correlation }) => {
            let correlation = Some(correlation);
            Ok(Given { token: access, subject: Subject::EntraAccessToken, expires, correlation })
        }
        Err(error) => {
            if let SessionError::Throttled { after } = &error {
                let until = world.clock.now().after(*after);
                turns::change(world, wanted, |state| state.not_before = Some(until));
            }
            let claims = Claims::of(assertion.expose()).unwrap_or_default();
            Err(words::statement_refused(wanted, &error, client_id, &claims))
        }
    }
}

fn proof(world: &World, wanted: &Wanted<'_>, detected: &Detected, given: Given) -> Proof {
    let now = world.clock.now();
    let Given { token, subject, expires, correlation } = given;
    let who = who(wanted, detected, &Claims::of(token.expose()).unwrap_or_default());
    let session_ends = now.after(wanted.profile.max_session);
    let vouched = Vouched { correlation, uti: None };
    let proof = Proof { who, vouched, access_token: Some(token), subject, expires, confirmed: now, session_ends };
    sessions::remember(world, wanted, &proof);
    turns::change(world, wanted, |state| state.not_before = None);
    proof
}

/// Only for display and the trail: nobody believes these claims here.
fn who(wanted: &Wanted<'_>, detected: &Detected, claims: &Claims) -> Who {
    let Claims { tid, oid, app, subject, .. } = claims;
    let name = app.as_ref().or(subject.as_ref());
    let username = match name {
        Some(name) => format!("{} {name}", detected.means.name()),
        None => detected.means.name().to_owned(),
    };
    let oid = oid.as_ref().or(subject.as_ref()).cloned().unwrap_or_default();
    Who { tid: tid.clone().unwrap_or_else(|| wanted.profile.tenant.clone()), oid, username, email: None }
}

/// An update of the metadata service, and two calls.
const A_SHOW: Duration = Duration::from_secs(120);
const ROOT: &str = "/";
