//! `[[issuer]]`: whose tokens are believed. The table is fixed; nothing in a token can add to it.

use crate::basis::url::WebUrl;
use crate::broker::ground::subject::Kind;

/// One issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// What rules and records call it.
    pub name: String,
    pub kind: IssuerKind,
    /// `iss` values that are its own, byte for byte.
    pub issuers: Vec<String>,
    /// Where its keys are.
    pub keys: WebUrl,
    /// `aud` values that are us.
    pub audiences: Vec<String>,
}

/// What is known of an issuer's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there are a handful, and they live as long as the program")]
pub enum IssuerKind {
    /// A tenant of Entra (`facts/entra.md` 1.3, 5.2).
    Entra {
        tenant: String,
        authority: WebUrl,
        /// `azp`/`appid` values that may ask on behalf of people; empty allows none.
        clients: Vec<String>,
        /// The delegated scope (`scp`) that a person's token must have.
        scope: String,
        /// The app role (`roles`) that an app-only token must have.
        role: String,
        /// Microsoft Graph, for group overage; `None` lets nobody with too many groups in by a group.
        graph: Option<Graph>,
    },
    /// Another issuer of workload tokens: `Pipelines`, `GithubActions`, `Gitlab` or `Kubernetes`.
    Jobs(Kind),
}

/// How group overage is resolved (`facts/entra.md` 5.3): the broker asks as the application below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// `https://graph.microsoft.com` unless a national cloud.
    pub url: WebUrl,
    pub client_id: String,
    /// A file with the client secret; `None`: the machine's managed identity.
    pub client_secret_file: Option<std::path::PathBuf>,
}
