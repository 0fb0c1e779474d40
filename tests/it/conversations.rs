//! git's own conversations with the helper, line by line: what is answered, what is erased, who else is asked.

use crate::desk::{Desk, feed, said, stderr, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use crate::refusals_git::tree;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

#[test]
fn an_answer_names_user_token_and_end_whoever_the_url_names() {
    let (practice, desk) = ready(Source::Exchange, "");
    let first = desk.get(&request(&practice, Source::Exchange, ""));
    let answer = Answer::of(&first);
    let now = practice.clock.now();
    assert_eq!(answer.username, "x-token-auth");
    assert!((now + 3300..=now + 3600).contains(&answer.expires), "{} at {now}", answer.expires);
    let want = format!("username=x-token-auth\npassword={}\npassword_expiry_utc={}\n", answer.password, answer.expires);
    assert_eq!(stdout(&first), want);
    for more in ["username=alice\n", "username=alice@contoso.example\n", "path=acme/app.git\n"] {
        let again = desk.get(&request(&practice, Source::Exchange, more));
        assert_eq!((stdout(&again), stderr(&again)), (want.clone(), String::new()), "{more}");
    }
}

#[test]
fn bearer_is_answered_only_where_it_was_announced() {
    let (practice, desk) = ready(Source::Exchange, "auth_scheme = \"bearer\"\n");
    let plain = Answer::of(&desk.get(&request(&practice, Source::Exchange, "")));
    let announced = desk.get(&format!("capability[]=authtype\n{}", request(&practice, Source::Exchange, "")));
    let want = format!(
        "capability[]=authtype\nauthtype=Bearer\ncredential={}\nephemeral=1\npassword_expiry_utc={}\n",
        plain.password, plain.expires
    );
    assert_eq!(stdout(&announced), want);
    let other = desk.get(&format!("capability[]=state\n{}", request(&practice, Source::Exchange, "")));
    assert!(stdout(&other).starts_with("username=x-token-auth\npassword="), "{}", said(&other));
}

#[test]
fn a_user_name_of_the_broker_is_passed_on() {
    let (practice, desk) = ready(Source::Exchange, "");
    practice.broker.knobs().username = Some("ci-reader".into());
    assert_eq!(Answer::of(&desk.get(&request(&practice, Source::Exchange, ""))).username, "ci-reader");
}

#[test]
fn a_line_break_from_a_broker_never_reaches_git() {
    let (practice, desk) = ready(Source::Exchange, "");
    let broker = practice.broker.base.split("://").nth(1).unwrap().split(':').next().unwrap().to_owned();
    let host = host(&practice, Source::Exchange);
    let refused = |what: &str| {
        let output = desk.get(&request(&practice, Source::Exchange, ""));
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(6), "quit=1\n"), "{}", said(&output));
        let want = format!(
            "bitbucket-sso: no token for {}: the {what} holds a control character [unprintable-credential]\n  \
             do this: ask whoever runs the broker at {broker} what it answers\n",
            host.split(':').next().unwrap()
        );
        assert!(stderr(&output).ends_with(&want), "{}\nwant {want}", stderr(&output));
        assert!(!stderr(&output).contains("evil"), "{}", said(&output));
        let events = std::fs::read_to_string(desk.state().join("audit.jsonl")).unwrap();
        assert!(!events.contains("\"mint\""), "{events}");
    };
    for bad in ["alice\nhost=evil.example", "alice\revil", "alice\0evil", "alice\x7fevil"] {
        practice.broker.knobs().username = Some(bad.into());
        refused("user name");
    }
    practice.broker.knobs().username = None;
    for bad in ["\npassword=evil", "\r\n", "\u{1b}[2J"] {
        practice.broker.knobs().in_token = bad.into();
        refused("token");
    }
}

#[test]
fn erase_marks_only_the_token_that_is_named() {
    let (practice, desk) = ready(Source::CloudOauth, "");
    let source = Source::CloudOauth;
    let first = Answer::of(&desk.get(&request(&practice, source, "")));
    let probes = || practice.journal.count(|entry| entry.server == "cloud" && entry.path == "/2.0/user");
    let before = probes();
    for other in ["password=another\n", "username=alice\n", "username=alice\npassword=\n"] {
        let erased = desk.verb("erase", request(&practice, source, other).as_bytes());
        assert_eq!((erased.status.code(), said(&erased).contains("bitbucket-sso:")), (Some(0), false));
        let again = desk.get(&request(&practice, source, ""));
        assert_eq!(Answer::of(&again).password, first.password);
        assert_eq!((probes(), stderr(&again).as_str()), (before, ""), "nothing was suspected after {other:?}");
    }

    let named = format!("username=x-token-auth\npassword={}\n", first.password);
    desk.verb("erase", request(&practice, source, &named).as_bytes());
    let again = desk.get(&request(&practice, source, ""));
    assert_eq!(Answer::of(&again).password, first.password, "Bitbucket takes it, so it stays");
    assert_eq!(probes(), before + 1);
    let host = host(&practice, source);
    let want = format!(
        "bitbucket-sso: {} accepts the token of {ALICE} but refuses this repository; ask its owner for access\n",
        host.split(':').next().unwrap()
    );
    assert_eq!(stderr(&again), want);

    practice.cloud.state().book.revoke(&first.password);
    desk.verb("erase", request(&practice, source, &named).as_bytes());
    let next = desk.get(&request(&practice, source, ""));
    assert_ne!(Answer::of(&next).password, first.password, "a dead token is replaced");
    assert_eq!((stderr(&next).as_str(), desk.opened().len()), ("", 1), "by nobody's hand");
}

#[test]
fn a_source_that_cannot_be_asked_hands_a_young_token_out_again_and_says_so() {
    let (practice, desk) = ready(Source::Exchange, "");
    let first = Answer::of(&desk.get(&request(&practice, Source::Exchange, "")));
    let named = format!("password={}\n", first.password);
    desk.verb("erase", request(&practice, Source::Exchange, &named).as_bytes());
    let again = desk.get(&request(&practice, Source::Exchange, ""));
    assert_eq!(Answer::of(&again).password, first.password);
    let host = host(&practice, Source::Exchange);
    let want = format!(
        "bitbucket-sso: the token of {ALICE} for {} is less than a minute old, so git gets it again; if it is refused \
         again, ask the repository's owner for access\n",
        host.split(':').next().unwrap()
    );
    assert_eq!(stderr(&again), want);
}

#[test]
fn every_git_fills_approves_and_rejects_through_us_alone() {
    for git in gits() {
        let (practice, desk) = ready(Source::Exchange, "");
        assert!(desk.helper().arg("setup").output().unwrap().status.success());
        let asked = askpass(&desk);
        let url = practice.url(Source::Exchange).replace("https://", "https://alice@");
        let talk = |verb: &str, input: &str| {
            let mut command = desk.command(&git);
            feed(command.args(["credential", verb]).env("GIT_ASKPASS", &asked), input.as_bytes())
        };
        let filled = talk("fill", &format!("url={url}/acme/app.git\n\n"));
        assert!(filled.status.success(), "{}: {}", git.display(), said(&filled));
        let answer = Answer::of(&filled);
        assert_eq!(answer.username, "x-token-auth", "{}", git.display());

        let before = tree(&desk.home());
        let approved = talk("approve", &stdout(&filled));
        assert_eq!((approved.status.code(), stderr(&approved).as_str()), (Some(0), ""), "{}", git.display());
        assert!(tree(&desk.home()) == before, "{}: approve wrote something", git.display());

        let rejected = talk("reject", &stdout(&filled));
        assert_eq!((rejected.status.code(), stderr(&rejected).as_str()), (Some(0), ""), "{}", git.display());
        let again = talk("fill", &format!("url={url}/acme/app.git\n\n"));
        assert!(stderr(&again).contains("less than a minute old"), "it was marked: {}", said(&again));
        assert_eq!(Answer::of(&again).password, answer.password);
        assert!(!asked.with_extension("asked").exists(), "{}: nobody is asked for a password", git.display());
        assert_eq!(desk.opened().len(), 1);
    }
}

#[test]
fn every_git_stops_at_our_refusal_unless_it_is_told_to_pass() {
    for (git, on_failure) in gits().into_iter().flat_map(|git| [(git.clone(), "stop"), (git, "pass")]) {
        let desk = Desk::bare(Path::new("/dev/null"));
        desk.write_config(&format!("{}on_failure = \"{on_failure}\"\n", crate::refusals_git::OURS));
        assert!(desk.helper().arg("setup").output().unwrap().status.success());
        let asked = askpass(&desk);
        let mut command = desk.command(&git);
        let command = command.args(["credential", "fill"]).env("GIT_ASKPASS", &asked);
        let output = feed(command, b"protocol=https\nhost=bitbucket.org\n\n");
        assert!(stderr(&output).contains("[sign-in-needed]\n  do this: git credential-bitbucket-sso login"));
        let was_asked = asked.with_extension("asked").exists();
        if on_failure == "stop" {
            let want = format!("fatal: credential helper '{}' told us to quit\n", crate::desk::HELPER);
            assert!(stderr(&output).ends_with(&want), "{}", said(&output));
            assert_eq!((output.status.code(), was_asked), (Some(128), false));
        } else {
            assert!(output.status.success() && was_asked, "{}", said(&output));
        }
    }
}

/// A desk at which Alice signs in, with one host and `more` lines in its table.
fn ready(source: Source, more: &str) -> (Practice, Desk) {
    let practice = Practice::start(&Options::default());
    let config = format!("{}{more}", practice.config_toml(source));
    let desk = Desk::configured(&practice, &config).person(Choice::sign_in(ALICE));
    (practice, desk)
}

/// Host and port as git names them.
fn host(practice: &Practice, source: Source) -> String {
    let rest = practice.url(source).strip_prefix("https://").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

fn request(practice: &Practice, source: Source, more: &str) -> String {
    format!("protocol=https\nhost={}\n{more}\n", host(practice, source))
}

/// The gits of this machine.
fn gits() -> Vec<PathBuf> {
    let all = ["/usr/local/bin/git", "/usr/bin/git"].map(PathBuf::from);
    let found: Vec<PathBuf> = all.into_iter().filter(|git| git.exists()).collect();
    assert!(!found.is_empty(), "there is no git in the usual places");
    found
}

/// A program that answers every question of git, and leaves a mark beside itself when it does.
fn askpass(desk: &Desk) -> PathBuf {
    let script = desk.path("askpass");
    std::fs::write(&script, "#!/bin/sh\ntouch \"$0.asked\"\necho typed\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    script
}

/// A credential as it was printed.
struct Answer {
    username: String,
    password: String,
    expires: i64,
}

impl Answer {
    fn of(output: &Output) -> Self {
        let text = stdout(output);
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_else(|| panic!("no {key}: {}", said(output))).to_owned()
        };
        let expires =
            if text.contains("password_expiry_utc") { value("password_expiry_utc").parse().unwrap() } else { 0 };
        Self { username: value("username"), password: value("password"), expires }
    }
}
