//! What the texts promise: every command that is named exists, and printed JSON is what its schema says.

use crate::desk::{Desk, said, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use crate::schema::flaw;
use bitbucket_sso::basis::clock::{Clock, SystemClock, Timestamp};
use serde_json::Value;
use std::path::Path;

#[test]
fn every_command_that_a_text_names_exists() {
    let mut seen = 0;
    for page in [
        "docs/troubleshooting.md",
        "docs/audit.md",
        "docs/reference.md",
        "docs/platforms.md",
        "docs/workloads.md",
        "README.md",
    ] {
        let text = read(page);
        let quoted = text.split('`').skip(1).step_by(2).filter(|word| word.starts_with(PROGRAM));
        for command in quoted {
            assert_eq!(wrong(command), None, "{page}");
            seen += 1;
        }
    }
    let messages = read("tests/messages.txt");
    for line in messages.lines() {
        for (at, _) in line.match_indices(PROGRAM) {
            let command = line[at..].split(['`', '\'']).next().unwrap_or_default();
            let command = command.split("    ").next().unwrap_or_default();
            assert_eq!(wrong(command), None, "{line}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
    assert!(
        wrong("git credential-bitbucket-sso lgoin").is_some()
            && wrong("git credential-bitbucket-sso login --hots x").is_some()
    );
}

#[test]
fn what_status_and_doctor_print_is_what_their_schemas_say() {
    let practice = Practice::start(&Options::default());
    for source in [Source::CloudOauth, Source::Exchange] {
        let desk = Desk::with(&practice, source).person(Choice::sign_in(ALICE));
        check(&desk, "nobody is signed in");
        let login = desk.helper().arg("login").output().unwrap();
        assert!(login.status.success(), "{}", said(&login));
        check(&desk, "signed in");
        desk.write_config("[entra\n");
        let broken = printed(&desk, "doctor");
        assert_eq!(flaw(&schema("doctor"), &broken, ""), None);
    }
    let schema = schema("status");
    let mut status: Value = serde_json::json!({ "accounts": [], "settings": [], "findings": [] });
    assert_eq!(flaw(&schema, &status, ""), None);
    status["more"] = Value::Null;
    assert!(flaw(&schema, &status, "").is_some(), "the schema can say no");
}

#[test]
fn status_tells_the_next_renewal_and_the_last_hour_of_the_day() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange).person(Choice::sign_in(ALICE));
    assert!(desk.helper().arg("login").output().unwrap().status.success());
    let token = desk.helper().args(["token", "--host", practice.url(Source::Exchange)]).output().unwrap();
    assert!(token.status.success(), "{}", said(&token));
    let status = printed(&desk, "status");
    let account = &status["accounts"][0];
    let time = |value: &Value| Timestamp::parse(value.as_str().unwrap()).unwrap().0;
    let (ends, host) = (time(&account["day_ends"]), &account["hosts"][0]);
    let (renews, expires) = (time(&host["next_renewal"]), time(&host["token_expires"]));
    let now = SystemClock.now().0;
    assert!(now < renews && renews < expires && account["ends_soon"] == false, "{status:#}");
    // Of a life of an hour, a quarter is left.
    assert!(((expires - renews) * 4 - (expires - now)).abs() < 60, "{status:#}");
    let decided = |key: &str| status["settings"].as_array().unwrap().iter().find(|one| one["key"] == key).cloned();
    let tenant = decided("entra.tenant").unwrap();
    assert!(tenant["layer"] == "user file" && tenant["locked"] == false, "{tenant:#}");
    assert!(tenant["place"].as_str().unwrap().contains("config.toml:"), "{tenant:#}");
    assert_eq!(decided("token.margin").unwrap()["layer"], "built in");
    let late = desk.helper_at(ends - now - 1800).arg("status").output().unwrap();
    let text = stdout(&late);
    assert!(
        text.contains("warning: the day ends within the hour") && text.contains("login --ahead"),
        "{}",
        said(&late)
    );
    assert!(text.contains("decided by user file: entra.tenant"), "{}", said(&late));
}

fn check(desk: &Desk, when: &str) {
    for command in ["status", "doctor"] {
        let value = printed(desk, command);
        assert_eq!(flaw(&schema(command), &value, ""), None, "{command}, {when}: {value:#}");
    }
}

fn printed(desk: &Desk, command: &str) -> Value {
    let output = desk.helper().args([command, "--json"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)))
}

fn schema(command: &str) -> Value {
    serde_json::from_str(&read(&format!("docs/schema/{command}.json"))).unwrap()
}

/// What is wrong with a command as printed; a place for an argument counts as one.
fn wrong(command: &str) -> Option<String> {
    let typed = command.strip_prefix(PROGRAM)?.trim();
    let words = typed.split_whitespace().filter(|word| !matches!(*word, "…" | "|" | ">"));
    let words: Vec<String> =
        std::iter::once("x").chain(words).map(|word| word.trim_matches(['[', ']', '"']).to_owned()).collect();
    match words.get(1).map(String::as_str) {
        None | Some("get" | "store" | "erase" | "capability") => return None,
        _ => {}
    }
    let error = bitbucket_sso::cli::parse(&words).err()?;
    // Some name only a command, whose arguments the sentence says.
    let bare = error.kind() == clap::error::ErrorKind::MissingRequiredArgument
        || error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        || error.exit_code() == 0;
    (!bare).then(|| format!("{command}: {error}"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

const PROGRAM: &str = "git credential-bitbucket-sso";
