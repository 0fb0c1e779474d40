//! What a policy may refer to: the hosts, issuers and service users of `broker.toml`.

use crate::basis::url::WebUrl;
use crate::broker::ground::right::HostKind;
use crate::broker::ground::subject::Kind;
use crate::broker::settings::{HostTerms, IssuerKind, Settings, Tokens};
use serde::Deserialize;

/// The rest of the configuration, as far as a policy sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub hosts: Vec<KnownHost>,
    pub issuers: Vec<KnownIssuer>,
    pub service_users: Vec<KnownUser>,
}

/// A `[[host]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    pub url: WebUrl,
    pub kind: HostKind,
    /// Whether its tokens reach one repository only. OAuth tokens reach whatever their account may.
    pub confined: bool,
}

/// An `[[issuer]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownIssuer {
    pub name: String,
    /// Whom it vouches for.
    pub kinds: Vec<Kind>,
    /// The app role that every app-only token must have anyway, so that naming it binds a rule to nobody.
    pub role: Option<String>,
}

/// A `[[service_user]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownUser {
    pub name: String,
    pub host: WebUrl,
}

impl Surroundings {
    /// Those of a running broker.
    pub fn of(settings: &Settings) -> Self {
        let hosts = settings.hosts.iter().map(|host| KnownHost {
            url: host.url.clone(),
            kind: host.kind(),
            confined: matches!(&host.terms, HostTerms::DataCenter(at) if matches!(at.tokens, Tokens::Minted { .. })),
        });
        let issuers = settings.issuers.iter().map(|issuer| match &issuer.kind {
            IssuerKind::Entra { role, .. } => KnownIssuer::entra(&issuer.name, role),
            IssuerKind::Jobs(kind) => KnownIssuer { name: issuer.name.clone(), kinds: vec![*kind], role: None },
        });
        let users = settings.service_users.iter();
        let users = users.map(|user| KnownUser { name: user.name.clone(), host: user.host.clone() });
        Self { hosts: hosts.collect(), issuers: issuers.collect(), service_users: users.collect() }
    }

    /// Those of a `broker.toml` of which only `[[host]]` (`url`, `kind`, `tokens`), `[[issuer]]` (`name`, `kind`,
    /// `role`) and `[[service_user]]` (`name`, `host`) are looked at and no secret is read: for `policy test`, `diff`
    /// and `show`, also where the broker's secrets are not.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let hosts = file.host.into_iter().map(|host| KnownHost {
            confined: host.kind == HostKind::DataCenter && host.tokens.as_deref() != Some("oauth"),
            url: host.url,
            kind: host.kind,
        });
        let issuers = file.issuer.into_iter().map(|issuer| match issuer.kind {
            IssuerWord::Entra => KnownIssuer::entra(&issuer.name, issuer.role.as_deref().unwrap_or(ROLE)),
            IssuerWord::Pipelines => issuer.of(Kind::Pipelines),
            IssuerWord::GithubActions => issuer.of(Kind::GithubActions),
            IssuerWord::Gitlab => issuer.of(Kind::Gitlab),
            IssuerWord::Kubernetes => issuer.of(Kind::Kubernetes),
        });
        let users = file.service_user.into_iter().map(|user| KnownUser { name: user.name, host: user.host });
        Ok(Self { hosts: hosts.collect(), issuers: issuers.collect(), service_users: users.collect() })
    }

    /// The issuers that vouch for callers of a kind.
    pub(super) fn issuers_of(&self, kind: Kind) -> impl Iterator<Item = &KnownIssuer> {
        self.issuers.iter().filter(move |issuer| issuer.kinds.contains(&kind))
    }
}

impl KnownHost {
    /// Authority and context path, which patterns begin with.
    pub fn name(&self) -> String {
        format!("{}{}", self.url.authority(), self.url.path())
    }
}

impl KnownIssuer {
    fn entra(name: &str, role: &str) -> Self {
        Self { name: name.to_owned(), kinds: vec![Kind::Person, Kind::App], role: Some(role.to_owned()) }
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    host: Vec<HostTable>,
    #[serde(default)]
    issuer: Vec<IssuerTable>,
    #[serde(default)]
    service_user: Vec<UserTable>,
}

#[derive(Deserialize)]
struct HostTable {
    url: WebUrl,
    kind: HostKind,
    tokens: Option<String>,
}

#[derive(Deserialize)]
struct IssuerTable {
    name: String,
    kind: IssuerWord,
    role: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum IssuerWord {
    Entra,
    Pipelines,
    GithubActions,
    Gitlab,
    Kubernetes,
}

#[derive(Deserialize)]
struct UserTable {
    name: String,
    host: WebUrl,
}

impl IssuerTable {
    fn of(self, kind: Kind) -> KnownIssuer {
        KnownIssuer { name: self.name, kinds: vec![kind], role: None }
    }
}

/// The default of `role` in an `[[issuer]]` of Entra.
const ROLE: &str = "token.issue";
