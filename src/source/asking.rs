//! What a broker wants of a person before it issues: an account to be connected, a newer or stronger sign-in
//! (RFC 9470), or somebody to be asked. Members of its error answer; other brokers send none of them.

use crate::basis::oauth_reply::Refusal;
use crate::basis::text;
use crate::basis::url::WebUrl;
use crate::net::{Call, Reply};
use crate::source::wire::upstream;
use crate::source::{Demand, SourceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// An error answer's members beyond RFC 6749; of any type until they are looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Said {
    error: Value,
    connect_uri: Value,
    claims: Value,
    acr_values: Value,
    max_age: Value,
    contact: Value,
    #[serde(skip)]
    description: String,
}

impl Said {
    /// Reads an answer that is no success.
    pub fn of(reply: &Reply) -> Self {
        if !(400..500).contains(&reply.status) || reply.status == 429 {
            return Self::default();
        }
        let said: Self = serde_json::from_slice(reply.body.expose()).unwrap_or_default();
        Self { description: Refusal::of(&reply.body).description, ..said }
    }

    /// Stops where a person has to do something first. The page must be one of the very server that was asked.
    pub fn asks_a_person(&self, call: &Call, asked: &WebUrl) -> Result<(), SourceError> {
        match self.error.as_str() {
            Some("connection_required") => {
                let page = self.connect_uri.as_str().filter(|page| is_page_of(asked, page));
                let connect = |page: &str| SourceError::Connect { page: page.to_owned() };
                Err(page.map_or_else(|| upstream(call, FOREIGN), connect))
            }
            Some("insufficient_user_authentication") => {
                Err(SourceError::StepUp { demand: self.demand(), description: self.description.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Adds whom to ask, where the server says so.
    pub fn whom_to_ask(&self, error: SourceError) -> SourceError {
        match (error, self.contact.as_str()) {
            (SourceError::NotAllowed { error, description, .. }, Some(contact)) => {
                SourceError::NotAllowed { error, description, contact: Some(text::clean(contact)) }
            }
            (error, _) => error,
        }
    }

    /// A claims request as it came, else one for the authentication contexts that are named.
    fn demand(&self) -> Demand {
        let whole = self.claims.as_str().filter(|claims| claims.len() <= LONGEST && is_object(claims));
        let contexts: Vec<&str> =
            self.acr_values.as_str().unwrap_or_default().split(' ').filter(|acr| plain(acr)).collect();
        let own = match contexts.as_slice() {
            [] => None,
            [one] => Some(json!({"access_token": {"acrs": {"essential": true, "value": one}}})),
            several => Some(json!({"access_token": {"acrs": {"essential": true, "values": several}}})),
        };
        let claims = whole.map(str::to_owned).or_else(|| own.map(|own| own.to_string()));
        // Nothing that Entra could be asked for: a plain new sign-in is the most that can be done.
        let fresh = !self.max_age.is_null() || claims.is_none();
        Demand { claims, fresh }
    }
}

/// The page of the broker's, with where on this machine it leads back to once it is done, and what it repeats there.
pub fn returning(page: &str, uri: &str, state: &str) -> String {
    let more = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("return_to", uri), ("state", state)])
        .finish();
    let joint = if page.contains('?') { '&' } else { '?' };
    format!("{page}{joint}{more}")
}

/// Whether an address is a page of this very server; it may have a query.
fn is_page_of(server: &WebUrl, page: &str) -> bool {
    let (place, query) = page.split_once('?').unwrap_or((page, ""));
    let plain = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') && page.len() <= LONGEST;
    plain && place.parse::<WebUrl>().is_ok_and(|place| place.same_origin(server))
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

fn plain(acr: &str) -> bool {
    !acr.is_empty() && acr.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte))
}

const FOREIGN: &str = "wants an account to be connected, but names no page of its own for it";
/// Longer claims than Entra takes in an address.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::script;

    fn asks(body: &str) -> Result<(), SourceError> {
        let endpoint: WebUrl = "https://sso.example.com/oauth2/token".parse().unwrap();
        let call = Call::post(endpoint.to_string(), []);
        Said::of(&script::reply(403, body).unwrap()).asks_a_person(&call, &endpoint)
    }

    #[test]
    fn an_account_is_connected_at_the_broker_itself_or_nowhere() {
        let at = |uri: &str| asks(&json!({"error": "connection_required", "connect_uri": uri}).to_string());
        let good = "https://sso.example.com/connect/bitbucket.org";
        assert!(matches!(at(good), Err(SourceError::Connect { page }) if page == good));
        assert!(matches!(at("https://sso.example.com/connect/b?right=write"), Err(SourceError::Connect { .. })));
        for foreign in [
            "https://evil.example/connect",
            "https://sso.example.com:8443/connect",
            "http://sso.example.com/connect",
            "https://sso.example.com@evil.example/",
            "https://sso.example.com.evil.example/",
            "https://evil.example/?https://sso.example.com/",
            "https://sso.example.com/connect?a=b#c",
            "https://sso.example.com/connect?a=b\u{1b}[2J",
            "javascript:alert(1)",
            "",
        ] {
            assert!(matches!(at(foreign), Err(SourceError::Upstream { .. })), "{foreign}");
        }
        assert!(matches!(asks(r#"{"error":"connection_required"}"#), Err(SourceError::Upstream { .. })));
        assert!(asks(r#"{"error":"access_denied","connect_uri":"https://sso.example.com/"}"#).is_ok());
    }

    #[test]
    fn the_page_learns_where_it_leads_back_to() {
        let back = |page| returning(page, "http://localhost:4711/", "s");
        assert_eq!(back("https://b/c"), "https://b/c?return_to=http%3A%2F%2Flocalhost%3A4711%2F&state=s");
        assert_eq!(back("https://b/c?r=w"), "https://b/c?r=w&return_to=http%3A%2F%2Flocalhost%3A4711%2F&state=s");
    }

    #[test]
    fn a_step_up_becomes_a_claims_request() {
        let demand = |members: Value| {
            let mut body = json!({"error": "insufficient_user_authentication", "error_description": "stronger"});
            body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            match asks(&body.to_string()) {
                Err(SourceError::StepUp { demand, description }) if description == "stronger" => demand,
                other => panic!("{other:?}"),
            }
        };
        let claims = |text: &str| Demand { claims: Some(text.to_owned()), fresh: false };
        let one = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
        assert_eq!(demand(json!({"acr_values": "c1"})), claims(one));
        assert_eq!(demand(json!({"acr_values": "c2", "claims": one})), claims(one));
        let two = r#"{"access_token":{"acrs":{"essential":true,"values":["c1","c2"]}}}"#;
        assert_eq!(demand(json!({"acr_values": "c1 c2 \"}"})), claims(two));
        assert_eq!(demand(json!({"max_age": 300})), Demand { claims: None, fresh: true });
        let nonsense = json!({"claims": "[]", "acr_values": 7});
        assert_eq!(demand(nonsense), Demand { claims: None, fresh: true });
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST));
        assert_eq!(demand(json!({"claims": long, "acr_values": "c1"})), claims(one));
    }
}
