use super::*;
use crate::broker::policy::{Surroundings, compile, listed};

const BROKER: &str = r#"
[[issuer]]
name = "corp"
kind = "entra"
[[host]]
url = "https://bitbucket.org"
kind = "cloud"
[[host]]
url = "https://git.example.com"
kind = "data-center"
[[service_user]]
name = "bot"
host = "https://bitbucket.org"
[[service_user]]
name = "tob"
host = "https://bitbucket.org"
"#;

const BASE: &str = r#"
[ceiling]
right = "write"
life = "1h"
resources = ["bitbucket.org/acme/*", "git.example.com/*/*"]
account_wide = ["bitbucket.org"]
protected = ["git.example.com/PAY/policy"]
[[deny]]
id = "leavers"
reason = "left"
when = { groups = { any_in = ["00000000-0000-4000-8000-000000000013"] } }
[[rule]]
id = "developers"
who = "person"
when = { groups = { any_in = ["00000000-0000-4000-8000-000000000010", "00000000-0000-4000-8000-000000000011"] } }
resources = ["git.example.com/PAY/*"]
right = "write"
life = "30m"
token_age = "1h"
[[rule]]
id = "mirror"
who = "app"
when = { oid = { eq = "00000000-0000-4000-8000-000000000020" } }
resources = ["bitbucket.org/acme/*"]
right = "read"
reach = "account"
service_user = "bot"
life = "10m"
[[rule]]
id = "everyone"
who = "person"
everyone = true
resources = ["git.example.com/OPEN/docs"]
right = "read"
life = "10m"
"#;

fn policy(text: &str) -> Policy {
    let around = Surroundings::parse(BROKER).unwrap();
    compile(&[("a.toml".into(), text.into())], &around).unwrap_or_else(|problems| panic!("{}", listed(&problems)))
}

fn diff(changes: &[(&str, &str)]) -> Diff {
    let new = changes.iter().fold(BASE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    compare(&policy(BASE), &policy(&new))
}

#[test]
fn what_means_the_same_changes_nothing() {
    let same = diff(&[("life = \"1h\"", "life = \"60m\" # an hour")]);
    assert_eq!((same.changes.len(), same.widens, same.old == same.new), (0, false, true));
    assert_eq!(same.text(), "the two mean the same\n0 changes, 0 of them wider; 0 pairs compared\n");
    let contact = diff(&[("token_age", "contact = \"us\"\ntoken_age")]);
    assert!(
        contact.changes.is_empty() && contact.compared > 0 && contact.text().starts_with("nobody's rights change\n")
    );
}

#[test]
fn whatever_widens_is_marked() {
    let group = "\"00000000-0000-4000-8000-000000000011\"]";
    for (from, to, want) in [
        ("life = \"30m\"", "life = \"40m\"", "write on git.example.com/PAY/*: 30m -> 40m (developers)"),
        (
            "\"git.example.com/PAY/*\"",
            "\"git.example.com/*/*\"",
            "write on git.example.com/*/*: no -> 30m (developers)",
        ),
        (
            group,
            "\"00000000-0000-4000-8000-000000000011\", \"00000000-0000-4000-8000-000000000012\"]",
            "000012\"]}: write on git.example.com/PAY/*: no -> 30m",
        ),
        (
            "[\"git.example.com/PAY/policy\"]",
            "[]\npolicy_repository = \"none\"",
            "write on git.example.com/PAY/policy: no -> 30m (developers)",
        ),
        (
            "token_age = \"1h\"",
            "",
            "with a token of 3601s: write on git.example.com/PAY/*: after another sign-in -> 30m",
        ),
        (
            "token_age = \"1h\"",
            "token_age = \"2h\"",
            "with a token of 2h: write on git.example.com/PAY/*: after another sign-in -> 30m",
        ),
        ("\"bot\"", "\"tob\"", "read on bitbucket.org/acme/*: 10m as bot -> 10m as tob (mirror)"),
        (
            "when = { groups = { any_in = [\"00000000-0000-4000-8000-000000000013\"] } }",
            "when = { groups = { any_in = [\"00000000-0000-4000-8000-000000000014\"] } }",
            "(developers with leavers)",
        ),
        (
            "right = \"read\"\nreach",
            "right = \"write\"\nreach",
            "write on bitbucket.org/acme/*: no -> 10m as bot (mirror)",
        ),
    ] {
        let diff = diff(&[(from, to)]);
        let text = diff.text();
        let line = text.lines().find(|line| line.starts_with("WIDER") && line.contains(want));
        assert!(diff.widens && line.is_some(), "{to}: {want}: {text}");
    }
}

#[test]
fn whatever_narrows_is_told_and_passes() {
    for (from, to, want) in [
        ("life = \"30m\"", "life = \"20m\"", "30m -> 20m"),
        ("\"git.example.com/PAY/*\"", "\"git.example.com/PAY/api\"", "write on git.example.com/PAY/*: 30m -> no"),
        ("token_age = \"1h\"", "token_age = \"1h\"\nmode = \"audit\"", "30m -> no"),
        ("token_age = \"1h\"", "token_age = \"1h\"\nacrs = \"c1\"", "30m -> after another sign-in"),
        (
            "right = \"write\"\nlife = \"30m\"",
            "right = \"read\"\nlife = \"30m\"",
            "write on git.example.com/PAY/*: 30m -> no",
        ),
        (
            "[[deny]]",
            "[[deny]]\nid = \"docs\"\nreason = \"no\"\neveryone = true\nresources = [\"git.example.com/PAY/x\"]\n[[deny]]",
            "write on git.example.com/PAY/x: 30m -> no",
        ),
        (
            "who = \"person\"\neveryone = true",
            "who = \"person\"\nwhen = { acct = { eq = 0 } }",
            "read on git.example.com/OPEN/docs: 10m -> no (everyone)",
        ),
    ] {
        let diff = diff(&[(from, to)]);
        assert!(!diff.widens && diff.text().contains(want), "{to}: {}", diff.text());
    }
}

#[test]
fn splitting_a_rule_changes_nobody() {
    let split = BASE.replace("\"00000000-0000-4000-8000-000000000010\", ", "")
        + "[[rule]]\nid = \"more\"\nwho = \"person\"\nwhen = { groups = { any_in = [\"00000000-0000-4000-8000-000000000010\"] } }\nresources = [\"git.example.com/PAY/*\"]\nright = \"write\"\nlife = \"30m\"\ntoken_age = \"1h\"\n";
    let diff = compare(&policy(BASE), &policy(&split));
    assert!(diff.changes.is_empty() && diff.compared > 0, "{}", diff.text());
}
