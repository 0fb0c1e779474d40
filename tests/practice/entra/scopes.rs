//! What a `scope` parameter asks for (facts/entra.md 4.3).

use super::errors::{Refusal, missing, refuse};
use super::state::State;

/// Microsoft Graph, the resource of bare scope names.
pub(super) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// A scope parameter that was understood.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// URI and client id of each resource, with the names asked of it.
    pub resources: Vec<(String, String, Vec<String>)>,
    pub openid: bool,
    pub profile: bool,
    pub email: bool,
    pub offline: bool,
}

impl Asked {
    /// Reads the parameter; every resource must exist and expose what is asked.
    pub fn read(state: &State, text: &str) -> Result<Self, Refusal> {
        let mut asked = Self::default();
        for scope in text.split_ascii_whitespace() {
            match scope {
                "openid" => asked.openid = true,
                "profile" => asked.profile = true,
                "email" => asked.email = true,
                "offline_access" => asked.offline = true,
                _ => asked.resource(state, scope)?,
            }
        }
        if text.trim().is_empty() {
            return Err(missing("scope"));
        }
        let mixed = |names: &[String]| names.len() > 1 && names.iter().any(|name| name == ".default");
        if asked.resources.iter().any(|(_, _, names)| mixed(names)) {
            return Err(refuse(
                "invalid_scope",
                70_011,
                ".default scope can't be combined with resource-specific \
                scopes.",
            ));
        }
        Ok(asked)
    }

    /// For the token endpoint: at most one resource, Graph if there is none.
    pub fn single(mut self) -> Result<Self, Refusal> {
        if self.resources.len() > 1 {
            let text = "Provided value for the input parameter scope is not valid because it contains more than one \
                resource.";
            return Err(refuse("invalid_scope", 28_000, text));
        }
        if self.resources.is_empty() {
            self.resources.push(("https://graph.microsoft.com".into(), GRAPH.into(), Vec::new()));
        }
        Ok(self)
    }

    /// For a redemption that names no scope: the first resource only.
    pub fn first(mut self) -> Self {
        self.resources.truncate(1);
        self
    }

    /// `aud` of the access token.
    pub fn audience(&self) -> &str {
        self.resources.first().map_or(GRAPH, |(_, client_id, _)| client_id)
    }

    /// `scp` of the access token.
    pub fn names(&self, state: &State) -> Vec<String> {
        let Some((_, client_id, names)) = self.resources.first() else { return Vec::new() };
        let api = state.apis.iter().find(|api| &api.client_id == client_id);
        match api {
            Some(api) if names.iter().any(|name| name == ".default") => api.scopes.clone(),
            _ => names.clone(),
        }
    }

    /// The answer's `scope`: full URIs first, no `offline_access`.
    pub fn echo(&self, state: &State) -> String {
        let uri = self.resources.first().map_or("", |(uri, _, _)| uri.as_str());
        let full = self.names(state).into_iter().map(|name| format!("{uri}/{name}"));
        let bare = [(self.email, "email"), (self.openid, "openid"), (self.profile, "profile")];
        let bare = bare.into_iter().filter(|(asked, _)| *asked).map(|(_, name)| name.to_owned());
        full.chain(bare).collect::<Vec<_>>().join(" ")
    }

    fn resource(&mut self, state: &State, scope: &str) -> Result<(), Refusal> {
        let (resource, name) = match scope.rsplit_once('/') {
            Some((resource, name)) => (resource.trim_end_matches('/'), name),
            None => ("https://graph.microsoft.com", scope),
        };
        // In other clouds Graph's resource is named by its own address; so it is here.
        let graph = resource == "https://graph.microsoft.com" || resource == state.base;
        let (uri, client_id) = if graph {
            (resource.to_owned(), GRAPH.to_owned())
        } else {
            let api = state.apis.iter().find(|api| api.uri == resource || api.client_id == resource);
            let api = api.ok_or_else(|| {
                let text = format!("The resource principal named {resource} was not found in the tenant.");
                refuse("invalid_resource", 500_011, &text)
            })?;
            if name != ".default" && !api.scopes.iter().any(|known| known == name) {
                let text = format!(
                    "The scope '{scope}' isn't exposed by the application with the app ID \
                    '{}'.",
                    api.client_id
                );
                return Err(refuse("invalid_scope", 650_053, &text));
            }
            (resource.to_owned(), api.client_id.clone())
        };
        match self.resources.iter_mut().find(|(_, known, _)| *known == client_id) {
            Some((_, _, names)) => names.push(name.to_owned()),
            None => self.resources.push((uri, client_id, vec![name.to_owned()])),
        }
        Ok(())
    }
}
