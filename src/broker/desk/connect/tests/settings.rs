use super::*;
use crate::basis::secret::ClientSecret;
use crate::broker::settings::{
    Audit, Cloud, Consumer, Front, Issuer, IssuerKind, Limits, PolicyAt, Sealing, ServiceUser, SignIn, StoreAt,
};

/// Everything on one server; one Cloud with both consumers.
pub(super) fn settings(base: &str) -> Settings {
    let url = || base.parse::<crate::basis::url::WebUrl>().unwrap();
    let secret = |text: &str| ClientSecret::new(text.into());
    let consumer = |name: &str| Some(Consumer { client_id: name.into(), client_secret: secret("s") });
    let (read, write) = (consumer("reader"), consumer("writer"));
    let cloud = Cloud { api: url(), read, write, grants: Grants::Stored, check_permission: false };
    let kind = IssuerKind::Entra {
        tenant: tokens::TID.into(),
        authority: url(),
        clients: Vec::new(),
        scope: String::new(),
        role: String::new(),
        graph: None,
    };
    let keys = format!("{base}/keys").parse().unwrap();
    let second = Duration::from_secs(1);
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: "https://sso.example.com".parse().unwrap(),
        front: Front::Loopback,
        store: StoreAt { url: secret(""), connections: 1 },
        sealing: Sealing::Files(Vec::new()),
        policy: PolicyAt { path: "p".into(), keep: second },
        audit: Audit { file: "a".into(), key_file: None, otlp: None },
        limits: Limits {
            per_subject: 1,
            per_rule: None,
            connections: 1,
            header_timeout: second,
            request_timeout: second,
            grace: second,
        },
        ca_file: None,
        sign_in: Some(SignIn {
            issuer: "corp".into(),
            client_id: tokens::CLIENT.into(),
            client_secret: secret("web-secret"),
            administrators: Vec::new(),
        }),
        issuers: vec![Issuer { name: "corp".into(), kind, issuers: Vec::new(), keys, audiences: Vec::new() }],
        hosts: vec![Host { url: url(), max_life: second, terms: HostTerms::Cloud(cloud) }],
        service_users: vec![ServiceUser { name: "ci-bot".into(), host: url(), account_id: "557058:bot".into() }],
        bootstrap: None,
        metrics_from: Vec::new(),
    }
}
