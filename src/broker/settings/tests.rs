//! A whole file, and every way to get it wrong.

use super::*;
use crate::broker::ground::right::HostKind;
use crate::broker::ground::subject::Kind;
use std::fs;

/// A directory with a file of settings and all secrets it names.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["tls.key", "seal.key", "web", "graph", "read", "write", "password"] {
            secret(&dir.path().join(name), "s3cret\n");
        }
        Self(dir)
    }

    fn read(&self, text: &str) -> Result<Settings, SettingsError> {
        let path = self.0.path().join("broker.toml");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    /// What is said about the whole file with `from` replaced by `to`, without the directory.
    fn said(&self, from: &str, to: &str) -> String {
        assert!(WHOLE.contains(from), "{from}");
        let error = self.read(&WHOLE.replacen(from, to, 1)).expect_err(to);
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
}

#[test]
fn a_whole_file_is_read_with_its_secrets_and_defaults() {
    let desk = Desk::new();
    let settings = desk.read(WHOLE).unwrap();
    assert_eq!(settings.listen.to_string(), "0.0.0.0:8443");
    assert!(matches!(&settings.front, Front::Tls { key, .. } if key.is_absolute()));
    assert!(settings.store.url.expose().ends_with("/broker.db") && settings.store.connections == 16);
    assert_eq!(settings.policy.keep, Duration::from_secs(900));
    assert_eq!((settings.limits.per_subject, settings.limits.connections), (120, 2048));
    assert_eq!(settings.sign_in.as_ref().unwrap().client_secret.expose(), "s3cret");
    let [corp, ci, actions] = settings.issuers.as_slice() else { panic!() };
    assert_eq!(
        corp.issuers,
        [format!("https://login.microsoftonline.com/{T}/v2.0"), format!("https://sts.windows.net/{T}/")]
    );
    assert_eq!(corp.keys.to_string(), format!("https://login.microsoftonline.com/{T}/discovery/v2.0/keys"));
    assert!(matches!(&corp.kind, IssuerKind::Entra { scope, graph: Some(_), .. } if scope == "token.issue"));
    assert!(ci.keys.to_string().ends_with("/oidc/keys.json") && ci.kind == IssuerKind::Jobs(Kind::Pipelines));
    assert_eq!(actions.keys.to_string(), "https://token.actions.githubusercontent.com/.well-known/jwks");
    let [cloud, center] = settings.hosts.as_slice() else { panic!() };
    assert_eq!((cloud.kind(), center.kind()), (HostKind::Cloud, HostKind::DataCenter));
    assert!(matches!(&cloud.terms, HostTerms::Cloud(terms)
        if terms.check_permission && terms.api.to_string() == "https://api.bitbucket.org" && terms.read.is_some()));
    assert!(matches!(&center.terms, HostTerms::DataCenter(DataCenter { tokens: Tokens::Minted { prefix, .. } })
        if prefix == "sso-"));
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[test]
fn every_mistake_is_named_with_its_line_and_key() {
    let desk = Desk::new();
    let said: Vec<String> = MISTAKES.iter().map(|(from, to, _)| desk.said(from, to)).collect();
    let want: Vec<&str> = MISTAKES.iter().map(|(.., want)| *want).collect();
    assert_eq!(said, want);
}

#[test]
fn tables_that_are_missing_are_named() {
    let desk = Desk::new();
    for table in ["store", "sealing", "policy", "audit"] {
        let said = desk.said(&format!("[{table}]"), &format!("[limits]\n[{table}x]"));
        assert!(said.contains(&format!("did you mean `{table}`?")) || said.contains("duplicate"), "{said}");
    }
    let said = desk.read("public_url = \"https://sso.example.com\"\n").unwrap_err().to_string();
    assert!(said.ends_with("broker.toml: `[[issuer]]` is missing"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_secret_that_everybody_can_read_is_none() {
    let desk = Desk::new();
    let path = desk.0.path().join("read");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let said = desk.read(WHOLE).unwrap_err().to_string();
    assert!(said.contains("host.read.client_secret_file") && said.contains("every user of this machine"), "{said}");
    assert!(read_without_secrets(&desk.0.path().join("broker.toml")).is_ok());
    secret(&path, "two\nlines\n");
    assert!(desk.read(WHOLE).unwrap_err().to_string().contains("one line"));
}

#[test]
fn a_small_file_for_tries_needs_no_tls() {
    let desk = Desk::new();
    let small = SMALL.replace("ISSUER", T);
    let settings = desk.read(&small).unwrap();
    assert!(settings.front == Front::Loopback && settings.sign_in.is_none());
    let oauth = small.replace(
        "user = \"svc\"\npassword_file = \"password\"",
        "tokens = \"oauth\"\n[host.link]\nclient_id = \"x\"\nclient_secret_file = \"web\"",
    );
    assert!(desk.read(&oauth).unwrap_err().to_string().contains("`[sign_in]` is missing"));
}

const T: &str = "72f988bf-0000-4000-8000-2d7cd011db47";

/// What is replaced by what, and what is said then.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("public_url", "publik_url", "broker.toml:2: `publik_url` is no key of the broker (did you mean `public_url`?)"),
    ("[limits]", "[limit]", "broker.toml:19: `limit` is no key of the broker (did you mean `limits`?)"),
    (
        "connections = 2048",
        "connections = 0",
        "broker.toml:20: `limits.connections` must be a whole number from 1 to 1000000",
    ),
    (
        "max_life = \"30m\"",
        "max_life = \"3h\"",
        "broker.toml:52: `host.max_life` can be 2h at most on Cloud, whose tokens live no longer",
    ),
    (
        "max_life = \"30m\"",
        "max_life = \"30\"",
        "broker.toml:52: `host.max_life` must be a time from 60s to 43200s, such as \"90s\", \"15m\", \"1h\"",
    ),
    ("[tls]", "[proxy]\nfrom = [\"10.0.0.0/8\"]\n[tls]", "broker.toml:3: `[tls]` and `[proxy]` exclude each other"),
    (
        "[tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n",
        "[proxy]\nfrom = [\"10.0.0.0/8\", \"::/0\"]\n",
        "broker.toml:4: `proxy.from` must not name everybody: whoever connects would be believed to be the proxy",
    ),
    (
        "[tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n",
        "",
        "broker.toml:1: plain http is for loopback addresses: add `[tls]`, or `[proxy]` with the addresses of the proxy",
    ),
    ("sso.example.com", "sso.example.com/x", "broker.toml:2: `public_url` must have no path"),
    (
        "sqlite:broker.db",
        "postgres://u:p@db/x",
        "broker.toml:7: `store.url` holds a password: put the URL into a file and name it in `store.url_file`",
    ),
    ("sqlite:broker.db", "mysql://db", "broker.toml:7: `store.url` must begin with `sqlite:` or `postgres://`"),
    ("name = \"ci\"", "name = \"corp\"", "broker.toml:38: `issuer.name` is there twice"),
    ("name = \"ci\"", "name = \"entra\"", "broker.toml:38: `issuer.name` cannot be `entra` for another kind"),
    (
        "kind = \"pipelines\"",
        "kind = \"jenkins\"",
        "broker.toml:39: `issuer.kind` must be one of entra, pipelines, github-actions, gitlab, kubernetes",
    ),
    (
        "kind = \"pipelines\"",
        "kind = \"pipelines\"\ntenant = \"72f988bf-0000-4000-8000-2d7cd011db47\"",
        "broker.toml:40: `issuer.tenant` is no key of an issuer of kind `pipelines`",
    ),
    (
        "clients = [\"11111111-2222-3333-4444-555555555555\"]",
        "clients = [\"all\"]",
        "broker.toml:31: `issuer.clients` must be GUIDs",
    ),
    ("issuer = \"corp\"", "issuer = \"ci\"", "broker.toml:22: `sign_in.issuer` names no issuer of kind `entra`"),
    ("user = \"svc-broker\"\n", "", "broker.toml:60: `host.user` is missing"),
    (
        "kind = \"data-center\"",
        "kind = \"data-center\"\ngrants = \"stored\"",
        "broker.toml:63: `host.grants` is no key of a host of kind `data-center`",
    ),
    ("https://git.example.com/bitbucket", "https://bitbucket.org", "broker.toml:61: `host.url` is there twice"),
    (
        "host = \"https://bitbucket.org\"",
        "host = \"https://other.example.com\"",
        "broker.toml:68: `service_user.host` is the `url` of no host",
    ),
    (
        "host = \"https://bitbucket.org\"",
        "host = \"http://other.example.com\"",
        "broker.toml:68: `service_user.host` plain http to `other.example.com` is not allowed; only https is (http for 127.0.0.1, [::1] and localhost)",
    ),
    (
        "client_secret_file = \"web\"",
        "client_secret_file = \"gone\"",
        "broker.toml:24: `sign_in.client_secret_file`: the file gone cannot be read: No such file or directory (os error 2)",
    ),
    ("[limits]", "[[limits]]", "broker.toml:19: `limits` must be a table, `[limits]`"),
    ("keep = \"15m\"", "keep = ", "broker.toml:13: string values must be quoted, expected literal string"),
];

const WHOLE: &str = r#"listen = "0.0.0.0:8443"
public_url = "https://sso.example.com"
[tls]
certificate = "tls.crt"
key = "tls.key"
[store]
url = "sqlite:broker.db"
[sealing]
key_files = ["seal.key"]

[policy]
path = "policy.d"
keep = "15m"

[audit]
file = "audit.jsonl"
otlp = "https://collector.example.com/v1/logs"

[limits]
connections = 2048
[sign_in]
issuer = "corp"
client_id = "99999999-2222-3333-4444-555555555555"
client_secret_file = "web"

[[issuer]]
name = "corp"
kind = "entra"
tenant = "72f988bf-0000-4000-8000-2d7cd011db47"
audiences = ["api://bitbucket-broker"]
clients = ["11111111-2222-3333-4444-555555555555"]
[issuer.graph]
client_id = "99999999-2222-3333-4444-555555555555"
client_secret_file = "graph"


[[issuer]]
name = "ci"
kind = "pipelines"
issuer = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
audiences = ["ari:cloud:bitbucket::workspace/1"]

[[issuer]]
name = "actions"
kind = "github-actions"
audiences = ["https://sso.example.com"]


[[host]]
url = "https://bitbucket.org"
kind = "cloud"
max_life = "30m"
[host.read]
client_id = "reader"
client_secret_file = "read"
[host.write]
client_id = "writer"
client_secret_file = "write"

[[host]]
url = "https://git.example.com/bitbucket"
kind = "data-center"
user = "svc-broker"
password_file = "password"

[[service_user]]
name = "ci-bot"
host = "https://bitbucket.org"
account_id = "557058:1"
"#;

const SMALL: &str = r#"listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:8443"
[store]
url = "sqlite:broker.db"
[sealing]
key_files = ["seal.key"]
[policy]
path = "policy.d"
[audit]
file = "audit.jsonl"
[[issuer]]
name = "corp"
kind = "entra"
tenant = "ISSUER"
audiences = ["api://b"]
[[host]]
url = "https://git.example.com"
kind = "data-center"
user = "svc"
password_file = "password"
"#;
