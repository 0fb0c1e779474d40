//! An identity-aware proxy (facts/bitbucket.md E4): git with the Entra access token itself.

use super::cast;
use super::entra::{self, Entra};
use super::git::{Place, Repos};
use super::http::{Door, Presented, Reply, Request, Response, Server};
use super::journal::Journal;
use super::tls::{Authority, Leaf};
use super::weather::{self, Weather};
use std::sync::{Arc, Mutex};

/// A running proxy.
pub struct Proxy {
    /// `https://localhost:PORT`; repositories at `/{workspace}/{name}.git`.
    pub base: String,
    pub server: Server,
    pub weather: Arc<Weather>,
}

impl Proxy {
    pub(super) fn start(authority: &Authority, repos: &Repos, entra: &Entra, journal: &Arc<Journal>) -> Self {
        let door = Door::new();
        let base = door.https();
        let weather = Arc::new(Weather::default());
        let (tenant, repos) = (entra.shared(), repos.clone());
        let handler =
            weather::behind("proxy", journal, &weather, move |request| Reply::Answer(answer(&tenant, &repos, request)));
        let server = door.serve(Some(authority.server(Leaf::Good, &[])), handler);
        Self { base, server, weather }
    }
}

fn answer(tenant: &Mutex<entra::State>, repos: &Repos, request: &Request) -> Response {
    let Some(place) = Place::read(&request.path).filter(|place| repos.has(place) && !place.is_large()) else {
        return Response::text(404, "no such repository");
    };
    let token = match request.authorization() {
        Some(Presented::Basic { user, password }) if user == "x-token-auth" => password,
        Some(Presented::Bearer(token)) => token,
        _ => return unauthorized("no token"),
    };
    let claims = entra::verify(&tenant.lock().unwrap(), &token, cast::PROXY_API);
    match claims {
        Ok(claims) if claims["scp"] == "git.access" || claims["idtyp"] == "app" => {
            let user = claims["oid"].as_str().unwrap_or_default();
            repos.serve(request, &place, user)
        }
        Ok(_) => Response::text(403, "The token lacks the scope git.access."),
        Err(why) => unauthorized(why),
    }
}

fn unauthorized(why: &str) -> Response {
    Response::text(401, &format!("The proxy wants an Entra access token: {why}."))
        .with("WWW-Authenticate", "Basic realm=\"git proxy\"")
}
