use super::*;
use settings::*;
use std::time::Duration;

mod files;

/// An absolute path of this system.
const SECRET_FILE: &str = if cfg!(windows) { "C:/run/secret" } else { "/run/secret" };
const TENANT: &str = "tenant = \"contoso.com\"\nclient_id = \"11111111-2222-3333-4444-555555555555\"\n";
const HOST: &str = "[[host]]\nurl = \"https://h\"\nsource = \"entra\"\nscope = \"api://p/.default\"\n";

/// Layers by their texts, without the file system.
#[derive(Default)]
struct Layers<'a> {
    policy: &'a [&'a str],
    user: &'a str,
    defaults: &'a str,
    env: &'a [(&'a str, &'a str)],
    flags: &'a [(&'a str, &'a str)],
}

impl Layers<'_> {
    fn load(&self) -> Result<Loaded, ConfigError> {
        let mut findings = Vec::new();
        let file = |text: &str, layer: Layer, name: String| {
            let document = file::parse(text.as_bytes(), Origin::File(name.into()), layer)?;
            document.check_rights().map(|()| document)
        };
        let policy = self.policy.iter().enumerate().map(|(n, text)| file(text, Layer::Policy, format!("policy{n}")));
        let mut documents = policy.collect::<Result<Vec<_>, _>>()?;
        let flags: Vec<_> = self.flags.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        documents.push(env::command_line(&flags, &mut findings)?);
        documents.push(env::environment(&Env::fixed(self.env.iter().copied()), &mut findings)?);
        documents.push(file(self.user, Layer::User, "user".into())?);
        documents.push(file(self.defaults, Layer::Defaults, "defaults".into())?);
        let merged = layers::merge(documents, &mut findings);
        Ok(Loaded { settings: compile::compile(&merged)?, findings, origins: Origins::new(merged) })
    }

    fn good(&self) -> Loaded {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    fn refused(&self) -> ConfigError {
        self.load().err().expect("accepted")
    }
}

fn full() -> String {
    format!("[entra]\n{TENANT}{HOST}")
}

fn ignored(loaded: &Loaded) -> Vec<(String, String, Layer, Ignored)> {
    let of = |finding: &Finding| match finding {
        Finding::Ignored { key, at, wins, why, .. } => Some((key.clone(), at.to_string(), *wins, *why)),
        _ => None,
    };
    loaded.findings.iter().filter_map(of).collect()
}

#[test]
fn nothing_configured_is_no_error_and_brings_the_defaults() {
    let settings = Layers::default().good().settings;
    assert!(settings.hosts.is_empty() && settings.profiles.is_empty());
    assert_eq!(settings.token.margin, Duration::from_secs(300));
    assert_eq!((settings.token.max_life, settings.token.max_cached_age), (Duration::from_secs(43_200), None));
    assert_eq!((settings.network.timeout, settings.network.ca_file), (Duration::from_secs(30), None));
    assert_eq!((settings.ui.background, settings.ui.on_failure), (Background::Once, OnFailure::Stop));
    assert_eq!(settings.storage.refresh_tokens, StorageChoice::Auto);
    assert_eq!((settings.audit.file, settings.audit.forward), (None, Forward::None));
}

#[test]
fn a_profile_has_the_defaults_of_the_design() {
    let settings = Layers { user: &full(), ..Layers::default() }.good().settings;
    let profile = settings.profile(&settings.hosts[0]).unwrap();
    assert_eq!((profile.tenant.as_str(), profile.redirect_uri.as_str()), ("contoso.com", "http://localhost"));
    assert_eq!(profile.authority.to_string(), "https://login.microsoftonline.com");
    assert_eq!((profile.response_mode, profile.flow), (ResponseMode::FormPost, FlowChoice::Auto));
    assert_eq!((profile.device_code, profile.identity), (DeviceCode::Terminal, Identity::User));
    assert_eq!((profile.max_session, profile.outage_grace), (Duration::from_secs(86_400), Duration::ZERO));
    assert_eq!((profile.day_starts.to_string().as_str(), profile.reauthenticate), ("04:00", false));
}

#[test]
fn each_layer_gives_way_to_the_one_above() {
    let mut layers = Layers { defaults: "[token]\nmargin = \"10m\"\n", ..Layers::default() };
    let margin = |layers: &Layers<'_>| layers.good().settings.token.margin.as_secs() / 60;
    assert_eq!(margin(&layers), 10);
    layers.user = "[token]\nmargin = \"9m\"\n";
    assert_eq!(margin(&layers), 9);
    layers.env = &[("BITBUCKET_SSO_MARGIN", "8m")];
    assert_eq!(margin(&layers), 8);
    layers.flags = &[("token.margin", "7m")];
    assert_eq!(margin(&layers), 7);
    assert!(ignored(&layers.good()).is_empty(), "overriding what is not locked is nothing to report");
    layers.policy = &["[token]\nmargin = \"6m\"\n", "[token]\nmargin = \"5m\"\n"];
    assert_eq!(margin(&layers), 6);
    assert_eq!(ignored(&layers.good()).len(), 5);
}

#[test]
fn a_value_against_policy_is_reported_with_its_line() {
    let user = format!("[entra]\n{TENANT}device_code = \"terminal\"\n");
    let loaded = Layers { policy: &["[entra]\ndevice_code = \"never\"\n"], user: &user, ..Layers::default() }.good();
    assert_eq!(loaded.settings.profiles[0].device_code, DeviceCode::Never);
    assert_eq!(ignored(&loaded), [("entra.device_code".into(), "user:4".into(), Layer::Policy, Ignored::Locked)]);
    let same = Layers { policy: &[&full()], user: &full(), ..Layers::default() }.good();
    assert!(same.findings.is_empty(), "saying the same is not against policy");
}

#[test]
fn policy_for_entra_holds_for_profiles_that_a_user_adds() {
    let user = format!(
        "[entra.mine]\n{TENANT}device_code = \"terminal\"\nflow = \"browser\"\n[entra]\nflow = \"device-code\"\n"
    );
    let loaded = Layers { policy: &["[entra]\ndevice_code = \"never\"\n"], user: &user, ..Layers::default() }.good();
    let mine = loaded.settings.profiles.iter().find(|profile| profile.name == "mine").unwrap();
    assert_eq!((mine.device_code, mine.flow), (DeviceCode::Never, FlowChoice::Browser));
}

#[test]
fn trust_keys_pass_from_the_environment_only_without_files() {
    let env = [
        ("BITBUCKET_SSO_TENANT", "evil.example"),
        ("BITBUCKET_SSO_CLIENT_ID", "99999999-2222-3333-4444-555555555555"),
        ("BITBUCKET_SSO_FLOW", "browser"),
        ("BITBUCKET_SSO_HOST_URL", "https://bitbucket.org"),
        ("BITBUCKET_SSO_HOST_SOURCE", "exchange"),
        ("BITBUCKET_SSO_HOST_TOKEN_ENDPOINT", "https://sts.evil.example"),
        ("BITBUCKET_SSO_HOST_SCOPE", "s"),
    ];
    let alone = Layers { env: &env, ..Layers::default() }.good();
    assert_eq!((alone.settings.hosts.len(), alone.settings.profiles[0].tenant.as_str()), (1, "evil.example"));
    let text = full();
    for (user, defaults, policy) in [(text.as_str(), "", &[][..]), ("", &text, &[]), ("", "", &[text.as_str()])] {
        let loaded = Layers { env: &env, user, defaults, policy, ..Layers::default() }.good();
        assert_eq!(loaded.settings.profiles[0].tenant, "contoso.com");
        assert_eq!(loaded.settings.profiles[0].flow, FlowChoice::Browser, "no trust key");
        assert_eq!(loaded.settings.hosts.len(), 1);
        assert_eq!(loaded.settings.hosts[0].url.host(), "h");
        let reported = ignored(&loaded);
        assert!(reported.len() == 6 && reported.iter().all(|(.., why)| *why == Ignored::Trust), "{reported:?}");
    }
    let flags = [("entra.tenant", "evil.example")];
    assert_eq!(ignored(&Layers { flags: &flags, user: &text, ..Layers::default() }.good()).len(), 1);
    let ca_file = format!("[network]\nca_file = \"{SECRET_FILE}\"\n");
    let stopped = Layers { env: &env, user: &ca_file, ..Layers::default() }.good();
    assert!(stopped.settings.hosts.is_empty(), "any trust key of any file counts");
}

#[test]
fn keys_of_few_layers_are_refused_elsewhere() {
    let grace = "[entra]\nentra_outage_grace = \"1h\"\n";
    let command = "[[host]]\nurl = \"https://h\"\nclient_secret_command = [\"/bin/x\"]\n";
    let wrong = |layers: Layers<'_>| matches!(layers.refused(), ConfigError::WrongLayer { at, .. } if at.line > 1);
    assert!(wrong(Layers { user: grace, ..Layers::default() }));
    assert!(wrong(Layers { defaults: grace, ..Layers::default() }));
    assert!(wrong(Layers { defaults: command, ..Layers::default() }));
    let text = full();
    let profile = Layers { policy: &[grace], user: &text, ..Layers::default() }.good().settings.profiles[0].clone();
    assert_eq!(profile.outage_grace, Duration::from_secs(3600));
}

#[test]
fn what_is_missing_is_named_with_its_table() {
    let missing = |user: &str| match (Layers { user, ..Layers::default() }.refused()) {
        ConfigError::Missing { key, at } => (key, at.map_or(0, |at| at.line)),
        other => panic!("{other}"),
    };
    assert_eq!(missing(HOST).0, "entra.tenant");
    assert_eq!(missing(&format!("[entra]\ntenant = \"contoso.com\"\n{HOST}")), ("entra.client_id".into(), 2));
    assert_eq!(missing("[[host]]\nurl = \"https://h\"\n"), ("host[https://h].source".into(), 2));
    let host = |rest: &str| missing(&format!("[[host]]\nurl = \"https://h\"\n{rest}")).0;
    assert_eq!(host("source = \"exchange\"\nscope = \"s\"\n"), "host[https://h].token_endpoint");
    assert_eq!(host("source = \"entra\"\n"), "host[https://h].scope");
    assert_eq!(host("source = \"datacenter-oauth\"\n"), "host[https://h].client_id");
    assert_eq!(host("source = \"cloud-oauth\"\nclient_id = \"k\"\n"), "host[https://h].client_secret");
    assert_eq!(missing("[entra.two]\ntenant = \"contoso.com\"\n").0, "entra.two.client_id");
    assert!(Layers { user: "[entra]\nflow = \"browser\"\n", ..Layers::default() }.good().settings.profiles.is_empty());
}

#[test]
fn a_host_names_a_profile_that_exists() {
    let user = format!("[entra.second]\n{TENANT}{HOST}entra = \"secnd\"\n");
    let error = Layers { user: &user, ..Layers::default() }.refused();
    let ConfigError::UnknownProfile { at, nearest, .. } = error else { panic!("{error}") };
    assert_eq!((at.line, nearest.as_deref()), (8, Some("second")));
    let user = user.replace("secnd", "second");
    assert_eq!(Layers { user: &user, ..Layers::default() }.good().settings.hosts[0].profile, "second");
}

#[test]
fn hosts_of_several_layers_become_one() {
    let user = format!(
        "[[host]]\nurl = \"https://H:443/\"\nscope = \"mine\"\nauth_scheme = \"bearer\"\nentra = \"two\"\n[entra.two]\n{TENANT}"
    );
    let user = format!("{user}[[host]]\nurl = \"https://i\"\nsource = \"entra\"\nscope = \"s\"\n");
    let loaded = Layers { policy: &[&full()], user: &user, ..Layers::default() }.good();
    let [first, second] = loaded.settings.hosts.as_slice() else { panic!() };
    let Source::Entra(entra) = &first.source else { panic!() };
    assert_eq!((entra.scope.as_str(), entra.auth_scheme), ("api://p/.default", AuthScheme::Bearer));
    assert_eq!((first.profile.as_str(), second.url.host()), ("default", "i"), "a policy host keeps its tenant");
    let keys: Vec<String> = ignored(&loaded).into_iter().map(|(key, ..)| key).collect();
    assert_eq!(keys, ["host.entra", "host.scope"]);
}

#[test]
fn keys_that_do_not_suit_the_source_of_a_higher_layer_are_ignored() {
    let user =
        "[[host]]\nurl = \"https://h\"\nsource = \"cloud-oauth\"\nclient_id = \"k\"\nclient_secret = \"canary\"\n";
    let loaded = Layers { policy: &[&full()], user, ..Layers::default() }.good();
    let found: Vec<(String, Ignored)> = ignored(&loaded).into_iter().map(|(key, _, _, why)| (key, why)).collect();
    let want = [
        ("host.source", Ignored::Locked),
        ("host.client_id", Ignored::Source),
        ("host.client_secret", Ignored::Source),
    ];
    assert_eq!(found, want.map(|(key, why)| (key.to_owned(), why)));
}

#[test]
fn one_layer_gives_the_secret() {
    let cloud = format!(
        "[entra]\n{TENANT}[[host]]\nurl = \"https://bitbucket.org\"\nsource = \"cloud-oauth\"\nclient_id = \"k\"\n"
    );
    let policy = format!("{cloud}client_secret_file = \"{SECRET_FILE}\"\n");
    let user = "[[host]]\nurl = \"https://bitbucket.org\"\nclient_secret = \"canary\"\n";
    let loaded = Layers { policy: &[&policy], user, ..Layers::default() }.good();
    let Source::CloudOauth(cloud) = &loaded.settings.hosts[0].source else { panic!() };
    assert!(matches!(&cloud.client_secret, SecretSource::File(path) if path == Path::new(SECRET_FILE)));
    assert_eq!(cloud.redirect_uri, "http://127.0.0.1/callback");
    assert_eq!(cloud.scopes, ["repository:write", "account"]);
    assert_eq!(cloud.account_match, AccountMatch::Confirm);
    assert_eq!(cloud.token_url.to_string(), "https://bitbucket.org/site/oauth2/access_token");
    assert_eq!(cloud.api_url.to_string(), "https://api.bitbucket.org");
    assert_eq!(ignored(&loaded).len(), 1);
}

#[test]
fn shown_values_have_origins_and_no_secrets() {
    let user = format!(
        "[entra]\n{TENANT}[[host]]\nurl = \"https://h\"\nsource = \"datacenter-oauth\"\nclient_id = \"k\"\nclient_secret = \"canary\"\n"
    );
    let env = [("BITBUCKET_SSO_MARGIN", "4m")];
    let loaded =
        Layers { policy: &["[ui]\nbackground = \"never\"\n"], user: &user, env: &env, ..Layers::default() }.good();
    let shown = show(&loaded);
    let find = |key: &str| shown.iter().find(|value| value.key == key).unwrap_or_else(|| panic!("{key}"));
    let is = |key: &str, value: &str, layer, file: Option<&str>| {
        let found = find(key);
        assert_eq!((found.value.as_str(), found.layer, found.file.as_deref()), (value, layer, file), "{key}");
    };
    is("entra.tenant", "contoso.com", Layer::User, Some("user:2"));
    is("entra.flow", "auto", Layer::BuiltIn, None);
    is("host[https://h].client_secret", "[redacted]", Layer::User, Some("user:8"));
    is("host[https://h].redirect_uri", "http://localhost:34107/callback", Layer::BuiltIn, None);
    is("token.margin", "4m", Layer::Environment, Some("environment variable BITBUCKET_SSO_MARGIN"));
    is("ui.background", "never", Layer::Policy, Some("policy0:2"));
    assert!(shown.iter().all(|value| !value.key.ends_with("client_auth")), "not for this source");
    assert!(!format!("{shown:?} {:?} {:?}", loaded.settings, loaded.findings).contains("canary"));
}

#[test]
fn names_of_what_is_kept_follow_what_changes_the_token() {
    let ids = |text: &str| {
        let settings = Layers { user: text, ..Layers::default() }.good().settings;
        let account = account_id(&settings.profiles[0]);
        (account.to_string(), host_id(&account, &settings.hosts[0]).to_string())
    };
    let base = ids(&full());
    assert_eq!(ids(&format!("{}auth_scheme = \"bearer\"\n", full())), base);
    assert_ne!(ids(&full().replace("api://p", "api://q")).1, base.1);
    assert_ne!(ids(&full().replace("contoso", "fabrikam")).0, base.0);
    assert_ne!(ids(&full().replace("[entra]\n", "[entra]\nidentity = \"workload\"\n")).0, base.0);
}
