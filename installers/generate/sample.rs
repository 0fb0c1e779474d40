//! One value for every setting: what an administrator begins with, and what the tests set.

use bitbucket_sso::config::table::{Key, Kind, Rights, Section, TABLE};

/// Whose file it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Policy,
    Defaults,
}

/// Which machines it is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Linux,
    MacOs,
    Windows,
}

/// `[section]`, or one `[[host]]`.
pub struct Table {
    pub section: Section,
    /// What it is for.
    pub title: String,
    pub rows: Vec<Row>,
}

/// One setting.
pub struct Row {
    pub key: &'static Key,
    pub value: Sample,
    /// Whether the sample sets it; else it is there to be uncommented.
    pub active: bool,
}

/// A value in the three shapes that files, registry and property lists have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample {
    Text(String),
    Flag(bool),
    List(Vec<String>),
}

impl Layer {
    pub fn name(self) -> &'static str {
        if self == Self::Policy { "policy" } else { "defaults" }
    }
}

impl Place {
    pub fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::MacOs => "macos",
            Self::Windows => "windows",
        }
    }

    /// Where `policy.d` and `config.d` are.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Linux => "/etc/bitbucket-sso/",
            Self::MacOs => "/Library/Application Support/bitbucket-sso/",
            Self::Windows => "C:\\ProgramData\\bitbucket-sso\\",
        }
    }
}

/// Every table that the layer may set, each key once at least.
pub fn tables(layer: Layer, place: Place) -> Vec<Table> {
    let mut tables = Vec::new();
    for section in Section::ALL {
        if section == Section::Host {
            tables.extend(HOSTS.iter().map(|host| host_table(host, layer, place)));
        } else {
            let keys = section.keys().filter(|key| may_set(key, layer));
            let rows = keys.map(|key| row(key, "", layer, place, ACTIVE.contains(&key.path().as_str()))).collect();
            tables.push(Table { section, title: String::new(), rows });
        }
    }
    tables.retain(|table| !table.rows.is_empty());
    tables
}

/// The sample value of a key, for a host of that source.
pub fn value(key: &Key, source: &str, place: Place) -> Sample {
    let text = key.default_for(source).map_or_else(|| invented(key, place), str::to_owned);
    match key.kind {
        Kind::Flag => Sample::Flag(text == "true"),
        Kind::Words | Kind::Command => Sample::List(text.split(' ').map(str::to_owned).collect()),
        Kind::Keys => Sample::List(vec![text]),
        _ => Sample::Text(text),
    }
}

fn host_table(host: &SampleHost, layer: Layer, place: Place) -> Table {
    let SampleHost { title, url, source, secret, active } = *host;
    let fits = |key: &&Key| key.fits(source) && (!key.name.starts_with("client_secret") || key.name == secret);
    let set = |key: &Key| match key.name {
        "url" => Some(url),
        "source" => Some(source),
        "scope" => {
            Some(if source == "entra" { "api://git-proxy/.default" } else { "api://bitbucket-broker/token.issue" })
        }
        _ => None,
    };
    let rows = Section::Host.keys().filter(fits).filter(|key| may_set(key, layer)).map(|key| {
        let on = active && layer == Layer::Policy && (key.needed || key.name == "audience");
        let row = row(key, source, layer, place, on);
        Row { value: set(key).map_or(row.value, |text| Sample::Text(text.to_owned())), active: on, ..row }
    });
    Table { section: Section::Host, title: title.to_owned(), rows: rows.collect() }
}

fn row(key: &'static Key, source: &str, layer: Layer, place: Place, active: bool) -> Row {
    Row { key, value: value(key, source, place), active: active && layer == Layer::Policy }
}

fn may_set(key: &Key, layer: Layer) -> bool {
    layer == Layer::Policy || !matches!(key.rights, Rights::Policy | Rights::PolicyOrUser)
}

fn invented(key: &Key, place: Place) -> String {
    let text = match key.kind {
        Kind::Tenant => "acme.com",
        Kind::Guid => "11111111-2222-3333-4444-555555555555",
        Kind::Url if key.name == "token_endpoint" => "https://sso.acme.com/oauth2/token",
        Kind::Url => "https://bitbucket.acme.com",
        Kind::Address => "https://login.microsoftonline.com/acme.com/federationmetadata/2007-06/federationmetadata.xml",
        Kind::Redirect => "http://localhost",
        Kind::Choice(words) => words.first().copied().unwrap_or_default(),
        Kind::Duration { least, most } => return format!("{}s", least.max(most.min(3600))),
        Kind::TimeOfDay => "04:00",
        Kind::Flag => "true",
        Kind::Words => "account",
        Kind::Command => "/usr/local/bin/client-secret bitbucket",
        Kind::Path => return format!("{}{}", place.folder(), key.name.replace('_', "-")),
        Kind::Secret => "replace-me",
        Kind::Version => "0.1.0",
        Kind::Keys => "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMBJT5OKXLBeQ/7hs9flFL56lrzK8CipmXa0BcmkCXQ/ ops@acme.com",
        Kind::Text => match key.name {
            "entra" => "default",
            "client_id" => "consumer key or link id",
            "audience" => "bitbucket.org",
            "resource" => "https://bitbucket.org",
            "browser" => "system",
            _ => "replace-me",
        },
    };
    text.to_owned()
}

/// One `[[host]]` per source, and per way to give a secret.
struct SampleHost {
    title: &'static str,
    url: &'static str,
    source: &'static str,
    secret: &'static str,
    active: bool,
}

const HOSTS: [SampleHost; 5] = [
    host("Bitbucket Cloud by way of your broker", "https://bitbucket.org", "exchange", "", true),
    host(
        "Bitbucket Cloud without a broker",
        "https://bitbucket.example.org",
        "cloud-oauth",
        "client_secret_file",
        false,
    ),
    host("Data Center", "https://git.acme.com/bitbucket", "datacenter-oauth", "client_secret_command", false),
    host(
        "Data Center, its secret in this file",
        "https://git-old.acme.com",
        "datacenter-oauth",
        "client_secret",
        false,
    ),
    host("An identity-aware proxy", "https://git-proxy.acme.com", "entra", "", false),
];

const fn host(
    title: &'static str,
    url: &'static str,
    source: &'static str,
    secret: &'static str,
    active: bool,
) -> SampleHost {
    SampleHost { title, url, source, secret, active }
}

/// What nobody goes without, and what fleets lock most.
const ACTIVE: [&str; 6] = [
    "entra.tenant",
    "entra.client_id",
    "entra.authority",
    "entra.redirect_uri",
    "entra.identity",
    "storage.refresh_tokens",
];

/// Every key is in some table: a sample that leaves one out would leave its test out, too.
#[allow(dead_code, reason = "a check of the tests; the program that writes the files has no use for it")]
pub fn missing() -> Vec<String> {
    let tables = tables(Layer::Policy, Place::Linux);
    let has = |key: &&Key| tables.iter().flat_map(|table| &table.rows).any(|row| row.key == *key);
    TABLE.iter().filter(|key| !has(key)).map(Key::path).collect()
}
