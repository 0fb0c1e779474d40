//! The rows of the settings table (DESIGN.md section 5).

use super::{Key, Kind, Rights, Section};

const CLOUD: &str = "cloud-oauth";
const DATA_CENTER: &str = "datacenter-oauth";
const EXCHANGE: &str = "exchange";
const ENTRA: &str = "entra";
const OAUTH: &[&str] = &[CLOUD, DATA_CENTER];

/// Every key, in the order of the documentation.
pub static TABLE: &[Key] = &[
    entra(
        "tenant",
        Kind::Tenant,
        "Tenant GUID or verified domain; Entra's shared tenants are refused. A workload may go without.",
    )
    .trust()
    .needed(),
    entra("client_id", Kind::Guid, "Application (client) id of the app registration. A workload may go without.")
        .trust()
        .needed(),
    entra(
        "redirect_uri",
        Kind::Redirect,
        "Registered under \"Mobile and desktop\"; the port is free unless one is written.",
    )
    .trust()
    .default(&[("", "http://localhost")]),
    entra("authority", Kind::Url, "Sign-in host of the cloud; http only for loopback addresses.")
        .trust()
        .default(&[("", "https://login.microsoftonline.com")]),
    entra("response_mode", Kind::Choice(&["form_post", "query"]), "How Entra hands over the code.")
        .default(&[("", "form_post")]),
    entra(
        "flow",
        Kind::Choice(&["auto", "browser", "device-code"]),
        "How a person signs in; auto: a usable browser, else the terminal.",
    )
    .default(&[("", "auto")]),
    entra("device_code", Kind::Choice(&["terminal", "login-only", "never"]), "Who may start a device-code flow.")
        .default(&[("", "terminal")]),
    entra("max_session", Kind::Duration { least: 1, most: 30 * DAY }, "The longest a session lasts.")
        .default(&[("", "24h")]),
    entra("day_starts", Kind::TimeOfDay, "Local time at which a session ends, if it began at least 6 hours before.")
        .default(&[("", "04:00")]),
    entra("reauthenticate", Kind::Flag, "Ask Entra for the credentials again at each sign-in (prompt=login).")
        .default(&[("", "false")]),
    entra(
        "entra_outage_grace",
        Kind::Duration { least: 0, most: 8 * HOUR },
        "How long tokens are still minted while Entra cannot be reached.",
    )
    .rights(Rights::Policy)
    .default(&[("", "0h")]),
    entra(
        "identity",
        Kind::Choice(&[
            "user",
            "managed-identity",
            "workload",
            "pipelines",
            "github-actions",
            "gitlab",
            "azure-pipelines",
            "certificate",
            "auto",
        ]),
        "Who asks: a person, or the identity of a workload.",
    )
    .default(&[("", "user")]),
    entra("managed_client_id", Kind::Guid, "Client id of a user-assigned managed identity; none: system-assigned."),
    entra("managed_object_id", Kind::Guid, "Object id of a user-assigned managed identity, instead of its client id."),
    entra("managed_resource_id", Kind::Text, "Azure resource id of a user-assigned managed identity, instead."),
    entra(
        "federated_audience",
        Kind::Text,
        "Audience of the federated credential; without it, the one Entra recommends for the cloud.",
    ),
    entra("id_token_variable", Kind::Text, "Name of the variable with the ID token of a GitLab job.")
        .default(&[("", "GITLAB_OIDC_TOKEN")]),
    entra("service_connection", Kind::Guid, "Id of the Azure Pipelines service connection."),
    entra("certificate_file", Kind::Path, "Certificate and private key of the application, PEM or PKCS#12."),
    entra("certificate_password_file", Kind::Path, "File with the password of the private key."),
    host("url", Kind::Url, "Base URL of the Bitbucket host, context path included.").trust().needed(),
    host("entra", Kind::Text, "Name of the `[entra.NAME]` table it uses; without it, `[entra]`."),
    host("source", Kind::Choice(&[CLOUD, DATA_CENTER, EXCHANGE, ENTRA]), "How a Bitbucket token is obtained.")
        .trust()
        .needed(),
    host("client_id", Kind::Text, "Key of the Bitbucket OAuth consumer, or id of the application link.")
        .trust()
        .needed()
        .only(OAUTH),
    host("client_secret", Kind::Secret, "Secret of the consumer or application link.").trust().only(OAUTH),
    host("client_secret_file", Kind::Path, "File that holds the secret; not readable by group or others.")
        .trust()
        .only(OAUTH),
    host("client_secret_command", Kind::Command, "Program and arguments that print the secret; run without a shell.")
        .rights(Rights::PolicyOrUser)
        .only(OAUTH),
    host(
        "redirect_uri",
        Kind::Redirect,
        "Registered callback; on Cloud the port is free unless one is written, on Data Center it is sent as written.",
    )
    .trust()
    .only(OAUTH)
    .default(&[(CLOUD, "http://127.0.0.1/callback"), (DATA_CENTER, "http://localhost:34107/callback")]),
    host("scopes", Kind::Words, "Scopes asked of Bitbucket.")
        .only(OAUTH)
        .default(&[(CLOUD, "repository:write account"), (DATA_CENTER, "REPO_WRITE")]),
    host(
        "account_match",
        Kind::Choice(&["upn", "confirm", "off"]),
        "How the Bitbucket account of a first grant is compared with the Entra account.",
    )
    .only(OAUTH)
    .default(&[("", "confirm")]),
    host("authorize_url", Kind::Url, "Authorization endpoint; without it, `{url}/site/oauth2/authorize`.")
        .trust()
        .only(&[CLOUD]),
    host("token_url", Kind::Url, "Token endpoint; without it, `{url}/site/oauth2/access_token`.")
        .trust()
        .only(&[CLOUD]),
    host("api_url", Kind::Url, "REST API; without it, `https://api.bitbucket.org` for bitbucket.org, else `{url}`.")
        .trust()
        .only(&[CLOUD]),
    host("token_endpoint", Kind::Url, "Token endpoint of the broker (RFC 8693).").trust().needed().only(&[EXCHANGE]),
    host("scope", Kind::Text, "Scope asked of Entra for the broker or the proxy.")
        .trust()
        .needed()
        .only(&[EXCHANGE, ENTRA]),
    host("audience", Kind::Text, "Sent to the broker.").trust().only(&[EXCHANGE]),
    host("resource", Kind::Text, "Sent to the broker; with `per_repository` the repository's URL takes its place.")
        .trust()
        .only(&[EXCHANGE]),
    host("request_scope", Kind::Text, "Scope asked of the broker.").only(&[EXCHANGE]),
    host("per_repository", Kind::Flag, "One token per repository; needs git's `useHttpPath`, which `setup` writes.")
        .only(&[EXCHANGE])
        .default(&[("", "false")]),
    host(
        "client_auth",
        Kind::Choice(&["none", "entra"]),
        "Whether the Entra access token also goes into the `Authorization` header.",
    )
    .only(&[EXCHANGE])
    .default(&[("", "none")]),
    host(
        "auth_scheme",
        Kind::Choice(&["basic", "bearer"]),
        "How git sends the token; bearer only to a git that announces it.",
    )
    .only(&[DATA_CENTER, EXCHANGE, ENTRA])
    .default(&[("", "basic")]),
    row(
        Section::Storage,
        "refresh_tokens",
        Kind::Choice(&["auto", "keyring", "kernel", "memory-file"]),
        "Where sessions and grants are kept; never plaintext on a disk.",
    )
    .default(&[("", "auto")]),
    row(Section::Network, "ca_file", Kind::Path, "PEM certificates added to the system's roots.")
        .trust()
        .may_be_empty(),
    row(Section::Network, "timeout", Kind::Duration { least: 1, most: 10 * 60 }, "How long one HTTP call may take.")
        .default(&[("", "30s")]),
    row(
        Section::Network,
        "update_url",
        Kind::Url,
        "Where `self update --check` asks for the newest version: `URL/latest`.",
    )
    .rights(Rights::Files),
    row(
        Section::Token,
        "margin",
        Kind::Duration { least: 2 * 60, most: DAY },
        "Life that a cached token must still have; a quarter of its life if that is less.",
    )
    .default(&[("", "5m")]),
    row(Section::Token, "max_life", Kind::Duration { least: 1, most: 30 * DAY }, "Longer lives are cut.")
        .default(&[("", "12h")]),
    row(
        Section::Token,
        "max_cached_age",
        Kind::Duration { least: 0, most: 30 * DAY },
        "An older cached token is a miss.",
    )
    .may_be_empty(),
    row(Section::Ui, "browser", Kind::Text, "`system`, `none`, or a browser's own name; never a command.")
        .may_be_empty(),
    row(Section::Ui, "background", Kind::Choice(&["once", "never"]), "Whether a sign-in may start without a terminal.")
        .default(&[("", "once")]),
    row(
        Section::Ui,
        "on_failure",
        Kind::Choice(&["stop", "pass"]),
        "Whether git may ask other helpers where we have no token.",
    )
    .default(&[("", "stop")]),
    row(
        Section::Audit,
        "file",
        Kind::Path,
        "The trail, a regular file; without it, `audit.jsonl` in our state directory.",
    )
    .rights(Rights::Files)
    .may_be_empty(),
    row(
        Section::Audit,
        "forward",
        Kind::Choice(&["none", "syslog", "journald"]),
        "Where the head of the chain goes, too.",
    )
    .rights(Rights::Files)
    .default(&[("", "none")]),
    row(
        Section::Saml,
        "metadata_url",
        Kind::Address,
        "Federation metadata of the Entra application that Atlassian's SAML sign-in uses; `doctor` warns before its certificate ends.",
    )
    .rights(Rights::Files)
    .may_be_empty(),
    row(
        Section::Fleet,
        "min_version",
        Kind::Version,
        "The oldest version of this program that hands out tokens; an older one refuses and says so.",
    )
    .rights(Rights::Policy),
    row(
        Section::Fleet,
        "signers",
        Kind::Keys,
        "SSH public keys (Ed25519) whose signature makes a configuration acceptable to `setup --yes`.",
    )
    .rights(Rights::Policy),
];

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

const fn entra(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    row(Section::Entra, name, kind, doc)
}

const fn host(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    row(Section::Host, name, kind, doc)
}

const fn row(section: Section, name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { section, name, kind, doc, rights: Rights::Anyone, needed: false, empty: false, sources: &[], defaults: &[] }
}

impl Key {
    const fn trust(self) -> Self {
        self.rights(Rights::Trust)
    }

    const fn rights(mut self, rights: Rights) -> Self {
        self.rights = rights;
        self
    }

    const fn needed(mut self) -> Self {
        self.needed = true;
        self
    }

    const fn may_be_empty(mut self) -> Self {
        self.empty = true;
        self
    }

    const fn only(mut self, sources: &'static [&'static str]) -> Self {
        self.sources = sources;
        self
    }

    const fn default(mut self, defaults: &'static [(&'static str, &'static str)]) -> Self {
        self.defaults = defaults;
        self
    }
}
