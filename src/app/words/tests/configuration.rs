use super::*;
use crate::basis::url::{BadUrl, WebUrl};
use crate::config::{ConfigError, Distrust, Finding, Ignored, Layer, Origin, Reason, Spot};
use std::path::PathBuf;

pub(super) fn tell(book: &mut Book) {
    for (case, error) in errors() {
        book.fail(&format!("config {case}"), &config(&error));
    }
    for (case, reason) in reasons() {
        let error = ConfigError::BadValue { at: file(7), key: "section.key".into(), reason };
        book.fail(&format!("config BadValue {case}"), &config(&error));
    }
    let policy = book.world.places.policy_dir.join("10.toml");
    let at = Spot { origin: Origin::File(policy), line: 2, column: 1 };
    let failure = layers(&book.world.places, &ConfigError::Syntax { at, why: "unclosed table".into() });
    book.fail("layers", &failure);
    book.fail("too_old", &too_old("9.0.0".parse().unwrap(), "1.4.0".parse().unwrap()));
    book.say("flow_locked", flow_locked(crate::basis::session::Flow::Browser));
    book.say("forward_failed", forward_failed("2026-11-24T12:00:00Z", "No such file or directory (os error 2)"));
    for (case, found) in findings() {
        book.say(&format!("finding {case}"), finding(&found));
    }
    let text = origin(&book.world, &wanted(&book.world, "exchange"));
    book.say("origin", text);
}

fn errors() -> Vec<(&'static str, ConfigError)> {
    let key = || "entra.flwo".to_owned();
    let near = || Some("flow".to_owned());
    let drop_in = || PathBuf::from("/etc/bitbucket-sso/policy.d/10.toml");
    let source = "entra".to_owned();
    let untrusted = |at: PathBuf| ConfigError::Untrusted { file: drop_in(), at, why: Distrust::Writable };
    vec![
        ("Unreadable", ConfigError::Unreadable { file: path(), why: "permission denied".into() }),
        ("TooLarge", ConfigError::TooLarge(path())),
        ("Syntax", ConfigError::Syntax { at: file(7), why: "unclosed table".into() }),
        ("UnknownKey", ConfigError::UnknownKey { at: file(7), key: "flwo".into(), nearest: near() }),
        ("UnknownKey far", ConfigError::UnknownKey { at: file(7), key: "zzz".into(), nearest: None }),
        ("UnknownKey flag", ConfigError::UnknownKey { at: flag(), key: key(), nearest: Some("entra.flow".into()) }),
        ("Missing", ConfigError::Missing { key: "entra.tenant".into(), at: None }),
        ("Missing in", ConfigError::Missing { key: "host[https://h].source".into(), at: Some(file(7)) }),
        (
            "UnknownProfile",
            ConfigError::UnknownProfile { at: file(7), name: "wrok".into(), nearest: Some("work".into()) },
        ),
        ("UnknownProfile far", ConfigError::UnknownProfile { at: file(7), name: "x".into(), nearest: None }),
        ("DuplicateHost", ConfigError::DuplicateHost { at: file(7), url: "https://h".into(), first: 3 }),
        (
            "WrongSource",
            ConfigError::WrongSource {
                at: file(7),
                key: "host.audience".into(),
                source_name: source,
                sources: &["exchange"],
            },
        ),
        ("WrongLayer", ConfigError::WrongLayer { at: file(7), key: "host.x".into(), layer: Layer::User }),
        ("Untrusted", untrusted(drop_in())),
        ("Untrusted on Windows", on_windows()),
        ("Untrusted by its directory", untrusted("/etc/bitbucket-sso".into())),
        ("Secret", ConfigError::Secret { place: "/home/alice/secret".into(), why: "it is empty".into() }),
    ]
}

fn reasons() -> Vec<(&'static str, Reason)> {
    let allowed: &[&str] = &["auto", "browser", "device-code"];
    vec![
        ("Type", Reason::Type { expected: "a string", found: "an integer" }),
        ("NotAllowed", Reason::NotAllowed { allowed, nearest: None }),
        ("NotAllowed near", Reason::NotAllowed { allowed, nearest: Some("device-code") }),
        ("Empty", Reason::Empty),
        ("ControlCharacter", Reason::ControlCharacter),
        ("SharedTenant", Reason::SharedTenant("common".into())),
        ("Tenant", Reason::Tenant),
        ("Guid", Reason::Guid),
        ("Url NotAbsolute", Reason::Url("login".parse::<WebUrl>().unwrap_err())),
        ("Url Scheme", Reason::Url(BadUrl::Scheme("ftp".into()))),
        ("Url PlainHttp", Reason::Url(BadUrl::PlainHttp("login.example".into()))),
        ("Url Extras", Reason::Url(BadUrl::Extras)),
        ("Redirect", Reason::Redirect),
        ("Duration", Reason::Duration),
        ("TooShort", Reason::TooShort(120)),
        ("TooLong", Reason::TooLong(28_800)),
        ("TimeOfDay", Reason::TimeOfDay),
        ("RelativePath", Reason::RelativePath),
        ("ProfileName", Reason::ProfileName),
        ("Version", Reason::Version),
        ("SigningKey", Reason::SigningKey),
        ("Excludes", Reason::Excludes("client_secret")),
    ]
}

fn findings() -> Vec<(&'static str, Finding)> {
    let ignored = |at, layer, wins, why| Finding::Ignored { key: "entra.tenant".into(), at, layer, wins, why };
    let error = ConfigError::Syntax { at: file(7), why: "unclosed table".into() };
    let (directory, why) = (PathBuf::from("/etc/bitbucket-sso/policy.d"), Distrust::Owner);
    let elsewhere =
        Finding::UntrustedDirectory { directory: directory.clone(), at: directory.clone(), why: Distrust::NotNamed };
    let untrusted = |at: &str| Finding::UntrustedDirectory { directory: directory.clone(), at: at.into(), why };
    let unknown = |nearest| Finding::UnknownVariable { name: "BITBUCKET_SSO_FLWO".into(), nearest };
    vec![
        ("Locked", ignored(file(7), Layer::User, Layer::Policy, Ignored::Locked)),
        ("Locked flag", ignored(flag(), Layer::CommandLine, Layer::Policy, Ignored::Locked)),
        ("Trust", ignored(variable(), Layer::Environment, Layer::User, Ignored::Trust)),
        ("Source", ignored(file(7), Layer::User, Layer::Policy, Ignored::Source)),
        ("Governed", ignored(file(7), Layer::User, Layer::Policy, Ignored::Governed)),
        ("NoHost", ignored(variable(), Layer::Environment, Layer::BuiltIn, Ignored::NoHost)),
        ("Skipped", Finding::Skipped { file: path(), error }),
        ("UntrustedDirectory", untrusted("/etc/bitbucket-sso/policy.d")),
        ("UntrustedDirectory above", untrusted("/etc")),
        ("UntrustedDirectory on Windows", elsewhere),
        ("UnknownVariable", unknown(Some("BITBUCKET_SSO_FLOW".into()))),
        ("UnknownVariable far", unknown(None)),
    ]
}

fn on_windows() -> ConfigError {
    let file = PathBuf::from(r"C:\ProgramData\bitbucket-sso\policy.d\10.toml");
    ConfigError::Untrusted { at: file.clone(), file, why: Distrust::Writable }
}

fn path() -> PathBuf {
    "/home/alice/.config/bitbucket-sso/config.toml".into()
}

fn file(line: u32) -> Spot {
    Spot { origin: Origin::File(path()), line, column: 1 }
}

fn flag() -> Spot {
    Spot { origin: Origin::Flag("entra.flwo".into()), line: 0, column: 0 }
}

fn variable() -> Spot {
    Spot { origin: Origin::Variable("BITBUCKET_SSO_TENANT".into()), line: 0, column: 0 }
}
