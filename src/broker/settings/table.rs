//! THE table of the broker's settings: every key, once. Reading and `docs/broker-reference.md` come from it.

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The table it is in: `host.read`, or nothing for the top.
    pub table: &'static str,
    pub name: &'static str,
    pub kind: Kind,
    /// As written; empty where there is none.
    pub default: &'static str,
    /// One sentence.
    pub doc: &'static str,
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// https, or http on a loopback address.
    Url,
    /// A path; a relative one begins beside the file.
    Path,
    Paths,
    Words,
    Flag,
    Choice(&'static [&'static str]),
    /// Both ends included.
    Number(u64, u64),
    /// Seconds, both ends included.
    Duration(u64, u64),
    /// `ADDRESS:PORT`.
    Socket,
    /// A list of networks in CIDR notation.
    Networks,
    Guid,
}

impl Key {
    /// `host.read.client_id`.
    pub fn path(&self) -> String {
        full(self.table, self.name)
    }
}

/// A name in a table.
pub fn full(table: &str, name: &str) -> String {
    if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") }
}

/// The key of that name in that table.
pub fn find(table: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.table == table && key.name == name)
}

/// Whether tables of that name come in a list, `[[NAME]]`.
pub fn is_list(table: &str) -> bool {
    matches!(table, "issuer" | "host" | "service_user")
}

/// The tables inside a table, as full names.
pub fn inner(table: &str) -> impl Iterator<Item = &'static str> {
    let parent = table.to_owned();
    let is_inner = move |name: &str| match name.rsplit_once('.') {
        Some((before, _)) => before == parent,
        None => parent.is_empty() && !name.is_empty(),
    };
    TABLES.iter().map(|(name, _)| *name).filter(move |name| is_inner(name))
}

/// All tables with a sentence each, in the order of the documentation.
pub const TABLES: [(&str, &str); 16] = [
    ("", "The keys before the first table."),
    ("tls", "TLS by the broker itself. Exactly one of `[tls]` and `[proxy]`; neither only on a loopback address."),
    ("proxy", "TLS ends at a proxy that is named here; whoever else connects is turned away."),
    ("store", "Grants and minted tokens."),
    ("sealing", "The key that seals everything secret in the store. Exactly one of `key_files` and `key_vault`."),
    ("policy", "Who may have what."),
    ("audit", "The record of every decision. It cannot be switched off."),
    ("limits", "Bounds on what callers can do."),
    ("sign_in", "The web application that `/connect` signs people in with. Needed where Bitbucket grants are used."),
    ("issuer", "Whose tokens are believed. The list is fixed: nothing in a token can add to it."),
    ("issuer.graph", "How the groups of somebody with too many of them are asked for. Entra only."),
    ("host", "One Bitbucket each."),
    ("host.read", "The OAuth consumer for reading (Cloud), scope `repository`."),
    ("host.write", "The OAuth consumer for writing (Cloud), scope `repository:write`."),
    ("host.link", "The incoming application link (Data Center, `tokens = \"oauth\"`)."),
    ("service_user", "A Bitbucket account that is nobody's, whose grant serves workloads."),
];

const fn key(table: &'static str, name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { table, name, kind, default, doc }
}

/// All keys, in the order of the documentation.
pub const KEYS: &[Key] = &[
    key("", "listen", Kind::Socket, "127.0.0.1:8443", "Where the broker listens."),
    key("", "public_url", Kind::Url, "", "How clients reach it: no path."),
    key("", "ca_file", Kind::Path, "", "PEM file added to the system's authorities for outgoing calls."),
    key("", "bootstrap", Kind::Path, "", "What `setup DOMAIN` is given, instead of the document made from this file."),
    key("", "metrics_from", Kind::Networks, PRIVATE, "Who may read `/metrics`."),
    key("tls", "certificate", Kind::Path, "", "PEM chain; read again when it changes."),
    key("tls", "key", Kind::Path, "", "PEM key; read again when it changes."),
    key("proxy", "from", Kind::Networks, "", "The proxy's addresses: `10.0.0.0/8`, `10.1.2.3`."),
    key("store", "url", Kind::Text, "", "`sqlite:PATH`, or `postgres://…` without a password."),
    key("store", "url_file", Kind::Path, "", "A file with the URL, for one that holds a password."),
    key("store", "connections", Kind::Number(1, 256), "16", "At most this many connections to the store."),
    key("sealing", "key_files", Kind::Paths, "", "Files with 32 bytes in base64 each: the first seals, all open."),
    key("sealing", "key_vault", Kind::Url, "", "`https://VAULT.vault.azure.net/keys/NAME`, which wraps the key."),
    key("sealing", "identity", Kind::Guid, "", "Client id of a user-assigned managed identity, for the key vault."),
    key("policy", "path", Kind::Path, "", "A file, or a directory whose `*.toml` are read in byte order."),
    key(
        "policy",
        "keep",
        Kind::Duration(0, DAY),
        "15m",
        "How long the last good policy holds when the files are broken.",
    ),
    key("audit", "file", Kind::Path, "", "JSON lines, chained."),
    key("audit", "key_file", Kind::Path, "", "32 bytes in base64: the key that seals each line."),
    key("audit", "otlp", Kind::Url, "", "OTLP over HTTP with JSON: `https://collector:4318/v1/logs`."),
    key("limits", "per_subject", Kind::Number(1, 1_000_000), "120", "Decisions per caller and minute."),
    key("limits", "per_rule", Kind::Number(1, 1_000_000), "", "Tokens per rule and minute, of all callers together."),
    key("limits", "connections", Kind::Number(1, 1_000_000), "1024", "Open connections."),
    key("limits", "header_timeout", Kind::Duration(1, 60), "5s", "How long a request's head may take."),
    key("limits", "request_timeout", Kind::Duration(1, 300), "30s", "How long a request may take."),
    key("limits", "grace", Kind::Duration(0, 300), "20s", "How long running requests may take after SIGTERM."),
    key("sign_in", "issuer", Kind::Text, "", "The `name` of an issuer of kind `entra`."),
    key("sign_in", "client_id", Kind::Guid, "", "The web application's client id."),
    key("sign_in", "client_secret_file", Kind::Path, "", "A file with its secret."),
    key("sign_in", "administrators", Kind::Words, "", "Object ids of the people who may connect service users."),
    key("issuer", "name", Kind::Text, "", "What rules and records call it: letters, digits, `-`, `_`."),
    key("issuer", "kind", Kind::Choice(&ISSUER_KINDS), "", "What is known of its tokens."),
    key("issuer", "tenant", Kind::Guid, "", "Entra only: the tenant's GUID."),
    key("issuer", "authority", Kind::Url, "https://login.microsoftonline.com", "Entra only: the cloud."),
    key(
        "issuer",
        "issuer",
        Kind::Url,
        "",
        "Others only: `iss`, byte for byte; known for `github-actions` and `gitlab`.",
    ),
    key("issuer", "keys", Kind::Url, "", "Where its keys are, if not where its kind has them."),
    key("issuer", "audiences", Kind::Words, "", "`aud` values that mean the broker."),
    key("issuer", "clients", Kind::Words, "", "Entra only: client ids that may ask on behalf of people."),
    key("issuer", "scope", Kind::Text, "token.issue", "Entra only: the delegated scope that people's tokens have."),
    key("issuer", "role", Kind::Text, "token.issue", "Entra only: the app role that workloads' tokens have."),
    key("issuer.graph", "url", Kind::Url, "https://graph.microsoft.com", "Microsoft Graph."),
    key("issuer.graph", "client_id", Kind::Guid, "", "The application that asks."),
    key(
        "issuer.graph",
        "client_secret_file",
        Kind::Path,
        "",
        "A file with its secret; without, the managed identity asks.",
    ),
    key("host", "url", Kind::Url, "", "As in `git clone`, with Data Center's context path."),
    key("host", "kind", Kind::Choice(&["cloud", "data-center"]), "", "Which Bitbucket."),
    key("host", "max_life", Kind::Duration(60, 12 * 3600), "1h", "Longest life of a token; 2h at most on Cloud."),
    key("host", "api", Kind::Url, "", "Cloud only: `https://api.bitbucket.org`, unless `url` is another."),
    key("host", "grants", Kind::Choice(&["stored", "sealed"]), "stored", "Cloud only: where people's grants are kept."),
    key("host", "check_permission", Kind::Flag, "true", "Cloud only: ask Bitbucket for the person's own permission."),
    key(
        "host",
        "tokens",
        Kind::Choice(&["minted", "oauth"]),
        "minted",
        "Data Center only: which tokens are handed out.",
    ),
    key("host", "user", Kind::Text, "", "Data Center, `minted`: the service account."),
    key("host", "password_file", Kind::Path, "", "Data Center, `minted`: a file with its password."),
    key("host", "prefix", Kind::Text, "sso-", "Data Center, `minted`: how names of tokens begin; the sweeper's mark."),
    key("host.read", "client_id", Kind::Text, "", "The consumer's key."),
    key("host.read", "client_secret_file", Kind::Path, "", "A file with its secret."),
    key("host.write", "client_id", Kind::Text, "", "The consumer's key."),
    key("host.write", "client_secret_file", Kind::Path, "", "A file with its secret."),
    key("host.link", "client_id", Kind::Text, "", "The link's client id."),
    key("host.link", "client_secret_file", Kind::Path, "", "A file with its secret."),
    key("service_user", "name", Kind::Text, "", "What rules call it: letters, digits, `-`, `_`."),
    key("service_user", "host", Kind::Url, "", "The `url` of its host."),
    key("service_user", "account_id", Kind::Text, "", "Bitbucket's id of the account: no other can be connected."),
];

const ISSUER_KINDS: [&str; 5] = ["entra", "pipelines", "github-actions", "gitlab", "kubernetes"];
const PRIVATE: &str = "127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, ::1, fc00::/7";
const DAY: u64 = 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_a_table_and_there_once() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(TABLES.iter().any(|(name, _)| *name == key.table), "{}", key.path());
            assert!(!KEYS[..at].iter().any(|other| other.path() == key.path()), "{}", key.path());
        }
        assert_eq!(inner("host").collect::<Vec<_>>(), ["host.read", "host.write", "host.link"]);
        assert!(inner("").all(|name| !name.contains('.') && !name.is_empty()));
    }
}
