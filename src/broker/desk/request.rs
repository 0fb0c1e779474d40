//! What a request for a token asks for, in the configuration's own terms.

use crate::basis::secret::{Assertion, RefreshToken};
use crate::basis::text::clean;
use crate::basis::url::WebUrl;
use crate::broker::ground::ask::{Ask, Refusal};
use crate::broker::ground::resource::{BadResource, Resource};
use crate::broker::ground::right::{HostKind, Right};
use crate::broker::settings::Host;
use std::time::Duration;

/// A request whose form was read: what is not there is `None`, never empty.
#[derive(Clone, Debug)]
pub struct Request {
    pub subject_token: Assertion,
    pub subject_token_type: String,
    /// An absolute URL of a host or repository.
    pub resource: Option<String>,
    /// A host: its authority, with its context path if it has one, or its URL.
    pub audience: Option<String>,
    pub scope: Option<String>,
    pub life: Option<Duration>,
    /// The sealed grant that an earlier answer had (`grants = "sealed"`).
    pub brought: Option<RefreshToken>,
}

impl Request {
    /// What is asked for, and of which host.
    pub fn ask<'a>(&self, hosts: &'a [Host]) -> Result<(Ask, &'a Host), Refusal> {
        let (resource, host) = self.resource(hosts)?;
        let scope = self.scope.as_deref().unwrap_or_default();
        let right = Right::asked(host.kind(), scope).map_err(|error| Refusal::Scope(error.to_string()))?;
        Ok((Ask { resource, right, life: self.life }, host))
    }

    fn resource<'a>(&self, hosts: &'a [Host]) -> Result<(Resource, &'a Host), Refusal> {
        let audience = self.audience.as_deref().map(|audience| named(audience, hosts)).transpose()?;
        let Some(resource) = &self.resource else {
            let host = audience.ok_or_else(|| Refusal::Target("name a resource or an audience".into()))?;
            return Ok((Resource { host: host.url.clone(), kind: host.kind(), repository: None }, host));
        };
        let resource = parse(resource, hosts)?;
        let host = hosts.iter().find(|host| host.url == resource.host);
        let host = host.ok_or_else(|| Refusal::Target("the resource is on no host of this broker".into()))?;
        match audience {
            Some(audience) if audience.url != host.url => {
                Err(Refusal::Target("resource and audience are different hosts".into()))
            }
            _ => Ok((resource, host)),
        }
    }
}

/// Reads a resource against the hosts.
pub fn parse(text: &str, hosts: &[Host]) -> Result<Resource, Refusal> {
    let known: Vec<(&WebUrl, HostKind)> = hosts.iter().map(|host| (&host.url, host.kind())).collect();
    Resource::parse(text, known).map_err(|error: BadResource| Refusal::Target(error.to_string()))
}

/// The one host that an audience names.
fn named<'a>(audience: &str, hosts: &'a [Host]) -> Result<&'a Host, Refusal> {
    let (scheme, place) = match audience.split_once("://") {
        Some((scheme, place)) => (Some(scheme), place.trim_end_matches('/')),
        None => (None, audience),
    };
    let hosts = || hosts.iter().filter(|host| scheme.is_none_or(|scheme| scheme == host.url.scheme()));
    if let Some(host) = hosts().find(|host| place == format!("{}{}", host.url.authority(), host.url.path())) {
        return Ok(host);
    }
    let mut loose = hosts().filter(|host| host.url.authority() == place);
    match (loose.next(), loose.next()) {
        (Some(host), None) => Ok(host),
        (Some(_), Some(_)) => Err(Refusal::Target(format!("several hosts are on `{audience}`: add the path"))),
        (None, _) => Err(Refusal::Target(format!("no host of this broker is called `{}`", clean(audience)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::settings::{DataCenter, HostTerms, Tokens};

    fn hosts(urls: &[&str]) -> Vec<Host> {
        let tokens = || Tokens::Minted {
            user: "svc".into(),
            password: crate::basis::secret::ClientSecret::new("p".into()),
            prefix: "sso-".into(),
        };
        let host = |url: &&str| Host {
            url: url.parse().unwrap(),
            max_life: Duration::from_secs(3600),
            terms: HostTerms::DataCenter(DataCenter { tokens: tokens() }),
        };
        urls.iter().map(host).collect()
    }

    fn asked(resource: Option<&str>, audience: Option<&str>, scope: &str) -> Result<(String, Option<Right>), String> {
        let request = Request {
            subject_token: Assertion::new("t".into()),
            subject_token_type: String::new(),
            resource: resource.map(str::to_owned),
            audience: audience.map(str::to_owned),
            scope: Some(scope.to_owned()),
            life: None,
            brought: None,
        };
        let hosts = hosts(&["https://git.example.com/one", "https://git.example.com/two", "https://other.example.com"]);
        let asked = request.ask(&hosts);
        asked.map(|(ask, _)| (ask.resource.name(), ask.right)).map_err(|refusal| refusal.name().to_owned())
    }

    #[test]
    fn a_resource_or_an_audience_names_one_host() {
        let one = "https://git.example.com/one/scm/pay/api.git";
        let name = |name: &str| Ok((name.to_owned(), None));
        assert_eq!(asked(Some(one), None, ""), name("git.example.com/one/PAY/api"));
        assert_eq!(asked(None, Some("git.example.com/two"), ""), name("git.example.com/two"));
        assert_eq!(asked(None, Some("https://git.example.com/two/"), ""), name("git.example.com/two"));
        assert_eq!(asked(None, Some("other.example.com"), ""), name("other.example.com"));
        assert_eq!(asked(None, Some("https://other.example.com"), ""), name("other.example.com"));
        assert_eq!(asked(Some(one), Some("git.example.com/one"), "REPO_READ").unwrap().1, Some(Right::Read));
        let target = Err("invalid_target".to_owned());
        for (resource, audience) in [
            (None, None),
            (None, Some("git.example.com")),
            (None, Some("evil.example.com")),
            (None, Some("http://other.example.com")),
            (None, Some("https://u@other.example.com")),
            (Some(one), Some("git.example.com/two")),
            (Some(one), Some("other.example.com")),
            (Some("https://evil.example.com/a/b"), None),
            (Some("git.example.com/one"), None),
            (Some("https://git.example.com/one/../two/PAY/api"), None),
        ] {
            assert_eq!(asked(resource, audience, ""), target, "{resource:?} {audience:?}");
        }
        assert_eq!(asked(Some(one), None, "REPO_ADMIN"), Err("invalid_scope".to_owned()));
    }
}
