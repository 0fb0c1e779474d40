//! `setup DOMAIN` and `--from`, against an answer in memory.

use super::bootstrap::*;
use super::schema::BadDocument;
use super::words;
use crate::basis::digest;
use crate::basis::secret::SecretBytes;
use crate::net::{Call, Http, NetError, Reply};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::Path;

/// One answer for every call, and the addresses that were asked.
struct Answer(u16, Vec<u8>, RefCell<Vec<String>>);

impl Http for Answer {
    fn send(&self, call: &Call) -> Result<Reply, NetError> {
        self.2.borrow_mut().push(call.url.clone());
        Ok(Reply { status: self.0, headers: Vec::new(), body: SecretBytes::new(self.1.clone()) })
    }
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer(status, body.into(), RefCell::default())
}

fn document(tenant: &str) -> Vec<u8> {
    json!({
        "entra": { "tenant": tenant, "client_id": "c-1" },
        "host": [{ "url": "https://bitbucket.org/", "source": "exchange", "token_endpoint": "https://sso.example.com/t", "scope": "s" }],
    })
    .to_string()
    .into_bytes()
}

/// Reads the few lines of TOML that these tests write.
fn toml(text: &str) -> Result<Value, String> {
    let (mut document, mut host) = (json!({}), false);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let table = match line {
            "[[host]]" => {
                host = true;
                document["host"] = json!([{}]);
                continue;
            }
            "[entra]" => continue,
            "[ui]" => return Err("only entra and host here".into()),
            _ if host => &mut document["host"][0],
            _ => &mut document["entra"],
        };
        let (key, value) = line.split_once(" = ").ok_or("no setting")?;
        table[key] = serde_json::from_str(value).map_err(|error| error.to_string())?;
    }
    Ok(document)
}

fn fetch_from(origin: &Origin, http: &Answer) -> Result<Offer, BootstrapError> {
    fetch(origin, http, &mut std::io::empty(), &toml, &[])
}

fn offer(tenant: &str) -> Offer {
    fetch_from(&Origin::domain("example.com").unwrap(), &answer(200, document(tenant))).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of the real check")]
fn valid(_: &Path) -> Result<(), String> {
    Ok(())
}

#[test]
fn a_domain_is_asked_at_its_well_known_address_over_https() {
    let http = answer(200, document("t-1"));
    let offer = fetch_from(&Origin::domain("Example.com").unwrap(), &http).unwrap();
    assert_eq!(*http.2.borrow(), ["https://example.com/.well-known/git-credential-bitbucket-sso.json"]);
    assert_eq!(offer.sha256, digest::of(&document("t-1")));
    let shown = words::offer(&offer);
    for part in ["t-1", "c-1", "https://bitbucket.org/", "https://sso.example.com/t", &offer.sha256] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for bad in ["example.com/x", "a@example.com", "", "example.com?x", "https://example.com"] {
        assert!(matches!(Origin::domain(bad), Err(BootstrapError::BadOrigin { .. })), "{bad}");
    }
    assert!(matches!(Origin::from("http://example.com/x"), Err(BootstrapError::BadUrl(_))));
    assert!(matches!(Origin::from("file:///etc/passwd"), Err(BootstrapError::BadUrl(_))));
}

#[test]
fn only_a_small_strict_direct_answer_is_taken() {
    let origin = Origin::from("https://example.com/sso.json").unwrap();
    let refused = |http: Answer| fetch_from(&origin, &http).unwrap_err();
    assert!(matches!(refused(answer(302, document("t"))), BootstrapError::Status { status: 302, .. }));
    assert!(matches!(refused(answer(200, vec![b' '; LARGEST + 1])), BootstrapError::TooLarge { .. }));
    assert!(matches!(refused(answer(200, "<html>")), BootstrapError::Document { why: BadDocument::Syntax(_), .. }));
    let secret = String::from_utf8(document("t")).unwrap().replace("\"scope\"", "\"client_secret\"");
    assert!(matches!(refused(answer(200, secret)), BootstrapError::Document { why: BadDocument::Forbidden(_), .. }));
}

#[test]
fn standard_input_and_toml_files_are_documents_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sso.toml");
    std::fs::write(
        &file,
        "[entra]\ntenant = \"t\"\nclient_id = \"c\"\n[[host]]\nurl = \"https://h\"\nsource = \"entra\"\n",
    )
    .unwrap();
    let http = answer(500, "");
    let from_file = fetch_from(&Origin::from(file.to_str().unwrap()).unwrap(), &http).unwrap();
    assert!(from_file.toml_text.ends_with("\n[[host]]\nsource = \"entra\"\nurl = \"https://h\"\n"));
    let from_stdin = fetch(&Origin::from("-").unwrap(), &http, &mut document("t").as_slice(), &toml, &[]).unwrap();
    assert_eq!(from_stdin.summary.tenants, ["t"]);
    let endless = fetch(&Origin::Stdin, &http, &mut std::io::repeat(b' '), &toml, &[]);
    assert!(matches!(endless, Err(BootstrapError::TooLarge { .. })));
    assert!(http.2.borrow().is_empty());
}

#[test]
fn unattended_needs_the_very_document() {
    let offer = offer("t");
    let digest = offer.sha256.to_ascii_uppercase();
    assert_eq!(consent(&offer, true, Some(&digest)).unwrap(), Consent::Given);
    assert_eq!(consent(&offer, false, Some(&digest)).unwrap(), Consent::Ask);
    assert_eq!(consent(&offer, false, None).unwrap(), Consent::Ask);
    assert!(matches!(consent(&offer, true, None), Err(BootstrapError::DigestNeeded { .. })));
    for yes in [true, false] {
        assert!(matches!(consent(&offer, yes, Some("00")), Err(BootstrapError::DigestDiffers { .. })));
    }
}

#[test]
fn the_user_file_is_written_once_checked_and_only_if_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bitbucket-sso/config.toml");
    let refuse = |path: &Path| {
        assert!(std::fs::read_to_string(path).unwrap().contains("t-1"), "the text is there to be checked");
        Err("no such tenant".to_owned())
    };
    assert!(matches!(keep(&offer("t-1"), &file, &refuse, &toml), Err(BootstrapError::Invalid { .. })));
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 0);
    assert_eq!(keep(&offer("t-1"), &file, &valid, &toml).unwrap(), Kept::Written);
    assert_eq!(keep(&offer("t-1"), &file, &refuse, &toml).unwrap(), Kept::Unchanged);
    assert_eq!(keep(&offer("t-2"), &file, &valid, &toml).unwrap(), Kept::Written);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# written by git-credential-bitbucket-sso setup from https://example.com/.well-known/"));
    assert!(text.contains("tenant = \"t-2\"") && !text.contains("t-1"));
}

#[test]
fn a_file_that_a_person_wrote_is_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    let ours = offer("t").toml_text;
    let (_, by_hand) = ours.split_once('\n').unwrap();
    let by_hand = format!("{by_hand}client_secret = \"hunter2\"\n");
    for text in [by_hand.clone(), format!("{}\n{by_hand}", ours.lines().next().unwrap())] {
        std::fs::write(&file, &text).unwrap();
        assert_eq!(keep(&offer("t"), &file, &valid, &toml).unwrap(), Kept::Unchanged, "it says the same");
        let error = keep(&offer("other"), &file, &valid, &toml).unwrap_err();
        let told = words::bootstrap_failure(&error).to_string();
        assert!(told.contains("entra.tenant: \"t\" here, \"other\" there") && !told.contains("hunter2"), "{told}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
    std::fs::write(&file, "[ui]\nbrowser = \"none\"\n").unwrap();
    assert!(matches!(keep(&offer("t"), &file, &valid, &toml), Err(BootstrapError::Differs { .. })));
}
