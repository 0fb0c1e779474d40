use super::*;
use crate::config::settings::*;
use std::time::Duration;

fn settings(urls: &[&str]) -> Settings {
    let source = Source::Entra(EntraSource { scope: "s".into(), auth_scheme: AuthScheme::Basic });
    let host = |url: &&str| Host { url: url.parse().unwrap(), profile: "default".into(), source: source.clone() };
    Settings {
        profiles: Vec::new(),
        hosts: urls.iter().map(host).collect(),
        storage: Storage { refresh_tokens: StorageChoice::Auto },
        network: Network { ca_file: None, timeout: Duration::from_secs(30) },
        update_url: None,
        token: TokenRules { margin: Duration::from_secs(300), max_life: Duration::from_secs(1), max_cached_age: None },
        ui: UiRules { browser: String::new(), background: Background::Once, on_failure: OnFailure::Stop },
        audit: AuditRules { file: None, forward: Forward::None },
        saml: Saml { metadata_url: None },
        fleet: Fleet::default(),
    }
}

fn found(urls: &[&str], protocol: &str, host: &str, path: Option<&str>) -> Option<String> {
    find(&settings(urls), protocol, host, path).map(|host| host.url.to_string())
}

#[test]
fn spellings_of_one_place_are_one() {
    for host in ["bitbucket.org", "BitBucket.ORG", "bitbucket.org.", "bitbucket.org:443", "bitbucket.org.:443"] {
        assert!(found(&["https://bitbucket.org"], "https", host, None).is_some(), "{host}");
    }
    assert!(found(&["https://git.example.com:8443"], "HTTPS", "git.example.com:8443", None).is_some());
    assert!(found(&["http://127.0.0.1"], "http", "127.0.0.1:80", None).is_some());
    assert!(found(&["http://[::1]:7990"], "http", "[::1]:7990", None).is_some());
}

#[test]
fn look_alikes_never_match() {
    let ours = ["https://bitbucket.org", "http://localhost:7990"];
    let hosts = [
        "evilbitbucket.org",
        "bitbucket.org.evil.example",
        "bitbucket.org..",
        ".bitbucket.org",
        "bitbucket.org:444",
        "bitbucket.org:0443",
        "bitbucket.org:+443",
        "bitbucket.org:",
        "bitbucket.org:443:443",
        "bitbucket.org:65979",
        "user@bitbucket.org",
        "bitbucket.org/",
        "bitbucket.org ",
        "bitbucket%2eorg",
        "b\u{456}tbucket.org",
        "bitbucket.org\u{3002}",
        "localhost",
        "[bitbucket.org]",
        "",
    ];
    for host in hosts {
        assert_eq!(found(&ours, "https", host, None), None, "{host}");
    }
    for protocol in ["http", "ssh", "cert", "https ", "httpss", ""] {
        assert_eq!(found(&ours, protocol, "bitbucket.org", None), None, "{protocol}");
    }
    assert_eq!(found(&ours, "https", "localhost:7990", None), None);
}

#[test]
fn a_context_path_ends_at_a_segment() {
    let one = ["https://h/bitbucket"];
    for path in ["bitbucket", "bitbucket/scm/p/r.git", "/bitbucket/x"] {
        assert!(found(&one, "https", "h", Some(path)).is_some(), "{path}");
    }
    for path in ["", "bitbucket2/x", "Bitbucket/x", "scm/bitbucket/x", "bitbucket/../other", "bitbucket/./x"] {
        assert_eq!(found(&one, "https", "h", Some(path)), None, "{path}");
    }
}

#[test]
fn the_longest_context_wins() {
    let urls = ["https://h/a", "https://h", "https://h/a/b"];
    assert_eq!(found(&urls, "https", "h", Some("a/b/r.git")).unwrap(), "https://h/a/b");
    assert_eq!(found(&urls, "https", "h", Some("a/bb/r.git")).unwrap(), "https://h/a");
    assert_eq!(found(&urls, "https", "h", Some("c/r.git")).unwrap(), "https://h");
}

#[test]
fn without_a_path_the_authority_decides() {
    assert_eq!(found(&["https://h/a", "https://h"], "https", "h", None).unwrap(), "https://h");
    assert_eq!(found(&["https://h/a", "https://i/b"], "https", "h", None).unwrap(), "https://h/a");
    assert_eq!(found(&["https://h/a", "https://h/b"], "https", "h", None), None);
    assert_eq!(found(&["https://h/a", "https://h/b", "https://h"], "https", "h", None).unwrap(), "https://h");
    assert_eq!(found(&[], "https", "h", None), None);
}

#[test]
fn the_last_of_ten_thousand_is_found() {
    let urls: Vec<String> = (0..10_000).map(|n| format!("https://h{n}.example")).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    assert!(found(&urls, "https", "h9999.example", None).is_some());
    assert_eq!(found(&urls, "https", "h10000.example", None), None);
}
