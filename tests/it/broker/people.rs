//! A developer clones through the broker: by browser and by device code, on Cloud and on Data Center.

use super::{BOTH, BrokerDesk, Host, password};
use crate::desk::{said, stderr};
use crate::practice::browser::{self, Choice};
use crate::practice::cast::{ALICE, ALICE_OID};
use crate::refusals::{start, until};
use std::io::Read;

#[test]
fn one_sign_in_in_the_browser_connects_clones_and_is_silent_for_the_rest_of_the_day() {
    let desk = BrokerDesk::open();
    let to = desk.desk.path("app");
    let url = format!("{}/acme/app.git", desk.practice.cloud.base);
    let mut git = desk.desk.git();
    git.args(["clone", "-q", &url]).arg(&to);
    let (cloned, page) = desk.walked(&mut git, &Choice::sign_in(ALICE));
    assert!(cloned.status.success() && to.join("README").exists(), "{}\n{}", said(&cloned), page.answer.text());
    let at = |place: &str| {
        page.trail.iter().position(|url| url.contains(place)).unwrap_or_else(|| panic!("{:?}", page.trail))
    };
    assert!(at("/oauth2/v2.0/authorize") < at("/connect/") && at("/connect/") < at("/site/oauth2/authorize"));
    assert!(page.answer.text().contains("Signed in"), "{}", page.answer.text());
    desk.practice.journal.clear();
    for host in BOTH {
        let (again, to) = desk.clone(host, if host == Host::Cloud { "acme/app" } else { "ACME/app" });
        assert!(again.status.success() && again.stderr.is_empty() && to.join("README").exists(), "{}", said(&again));
    }
    assert!(desk.desk.waiting_pages().is_empty(), "nobody is asked again");
    assert_eq!(desk.practice.journal.count(|entry| entry.path.contains("authorize")), 0);
}

#[test]
fn a_device_code_and_any_browser_anywhere_connect_as_well() {
    let desk = BrokerDesk::open();
    let signed = {
        let child = start(desk.helper().args(["login", "--device-code"]));
        let code = until("a device code", || desk.practice.entra.waiting_codes().pop());
        desk.practice.entra.approve(&code, ALICE).unwrap();
        child.wait_with_output().unwrap()
    };
    assert!(signed.status.success(), "{}", said(&signed));
    // Data Center needs no account of hers: the very first clone works.
    let (cloned, _) = desk.clone(Host::DataCenter, "ACME/app");
    assert!(cloned.status.success(), "{}", said(&cloned));
    let refused = desk.get(Host::Cloud, "acme/app");
    assert!(stderr(&refused).contains("[connection-needed]"), "{}", said(&refused));
    assert!(stderr(&refused).contains("do this: git credential-bitbucket-sso login --host https://localhost:"));
    let mut child = start(desk.helper().args(["login", "--device-code"]).env_remove("BROWSER"));
    let mut told = Vec::new();
    let mut output = child.stderr.take().unwrap();
    let page = until("the address", || {
        let mut some = [0; 512];
        let count = output.read(&mut some).unwrap();
        told.extend_from_slice(&some[..count]);
        let text = String::from_utf8_lossy(&told).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("  https://")).map(|rest| format!("https://{rest}"));
        line.filter(|_| text.ends_with('\n'))
    });
    let walked = browser::walk(&page, desk.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    assert!(walked.answer.status == 200, "{}", walked.answer.text());
    assert!(child.wait().unwrap().success());
    let (cloned, to) = desk.clone(Host::Cloud, "acme/app");
    assert!(cloned.status.success() && to.join("README").exists(), "{}", said(&cloned));
}

#[test]
fn the_token_does_no_more_than_the_rule_says() {
    let desk = BrokerDesk::with(|desk| {
        let reading =
            desk.site.policy().replacen("right = \"write\"\nlife = \"30m\"", "right = \"read\"\nlife = \"30m\"", 1);
        desk.site.write_policy(&reading);
    });
    let desk = desk.signed_in();
    let (cloned, to) = desk.clone(Host::DataCenter, "ACME/app");
    assert!(cloned.status.success(), "{}", said(&cloned));
    let commit = ["commit", "-q", "--allow-empty", "-m", "Try"];
    assert!(desk.desk.git().current_dir(&to).args(commit).status().unwrap().success());
    let pushed =
        desk.desk.git().current_dir(&to).args(["push", "-q", "origin", "HEAD"]).env("CI", "true").output().unwrap();
    assert!(!pushed.status.success() && stderr(&pushed).contains("403"), "{}", said(&pushed));
    let ends = desk.get(Host::DataCenter, "ACME/app");
    let ends: i64 = crate::refusals::answer(&ends, "password_expiry_utc").unwrap().parse().unwrap();
    assert!(ends - desk.practice.clock.now() <= 1800, "the rule's half hour");
}

#[test]
fn the_record_says_who_got_what_by_which_rule_and_holds_no_token() {
    let desk = BrokerDesk::open().signed_in();
    let token = password(&desk.get(Host::DataCenter, "ACME/app"));
    let trail = desk.trail();
    let mint = trail.iter().rfind(|line| line["outcome"] == "ok" && line["event"] == "exchange").unwrap();
    let text = mint.to_string();
    for part in [ALICE_OID, "developers", &bitbucket_sso::basis::digest::of(token.as_bytes())] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let status = desk.helper().args(["status", "--json"]).output().unwrap();
    let policy = mint["policy"].as_str().unwrap();
    let all = std::fs::read_to_string(desk.site.dir.join("audit.jsonl")).unwrap();
    assert_eq!(desk.practice.journal.leaks(&all), Vec::<String>::new());
    let shown = desk.helper().args(["audit", "show", "--json"]).output().unwrap();
    assert!(said(&status).contains(policy) && said(&status).contains("\"rule\": \"developers\""), "{}", said(&status));
    let doctor = desk.helper().args(["doctor", "--json"]).output().unwrap();
    assert!(said(&doctor).contains(policy), "{}", said(&doctor));
    assert!(said(&shown).contains(policy) && said(&shown).contains("developers"), "{} {}", said(&shown), said(&status));
}
