//! Every text that a person reads, built with sample values and compared with `tests/messages.txt`.

mod asking;
mod audit;
mod bitbucket;
mod configuration;
mod doctor;
mod entra;
mod identity;
mod install;
mod machine;
mod onboarding;
mod pages;
mod standing;

use super::*;
use crate::app::wanted::Wanted;
use crate::app::world::{World, real};
use crate::basis::clock::{Clock, Timestamp};
use crate::basis::env::Env;
use crate::basis::failure::Failure;
use crate::basis::session::Who;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn every_text_is_the_one_that_was_agreed_on() {
    let mut book = Book::new();
    asking::tell(&mut book);
    audit::tell(&mut book);
    bitbucket::tell(&mut book);
    configuration::tell(&mut book);
    doctor::tell(&mut book);
    entra::tell(&mut book);
    install::tell(&mut book);
    identity::tell(&mut book);
    machine::tell(&mut book);
    onboarding::tell(&mut book);
    standing::tell(&mut book);
    pages::tell(&mut book);
    assert!(book.breaches.is_empty(), "{}", book.breaches.join("\n"));
    let missing: Vec<String> = functions().into_iter().filter(|name| !book.names(name)).collect();
    assert!(missing.is_empty(), "no sample of {missing:?}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages.txt");
    let agreed = fs_err::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    if agreed != book.text {
        let new = std::env::temp_dir().join(format!("messages-{}.txt", std::process::id()));
        fs_err::write(&new, &book.text).unwrap();
        let at = agreed.lines().zip(book.text.lines()).take_while(|(old, new)| old == new).count();
        let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
        let (old, now) = (line(&agreed), line(&book.text));
        panic!(
            "line {} was\n  {old}\nand is\n  {now}\nread {}, and if it is right: cp it over {}\n\n{}",
            at + 1,
            new.display(),
            file.display(),
            book.text
        );
    }
}

#[test]
fn durations_read_naturally() {
    let say = |seconds| duration(Duration::from_secs(seconds));
    assert_eq!(say(1), "1 second");
    assert_eq!((say(60), say(119), say(120)), ("1 minute".into(), "119 seconds".into(), "2 minutes".into()));
    assert_eq!((say(299), say(900)), ("5 minutes".into(), "15 minutes".into()));
    assert_eq!((say(3599), say(86_399)), ("1 hour".into(), "24 hours".into()));
    assert_eq!(say(3600), "1 hour");
    assert_eq!(say(5400), "1 hour 30 minutes");
}

#[test]
fn a_text_against_the_rules_is_caught() {
    let fine = Failure::new(crate::basis::failure::Kind::Config, "an-id", "it is wrong", "do that");
    assert_eq!(breach(&fine), None);
    let with = |what: &str, help: &str| breach(&Failure { what: what.into(), help: help.into(), ..fine.clone() });
    for what in
        ["It is wrong", "it is wrong.", "please wait", "an error occurred", "see https://h/p?code=1", "x { y: 1 }"]
    {
        assert!(with(what, "do that").is_some(), "{what}");
    }
    assert!(with("it is wrong", "").is_some() && with("it is wrong", "do that.").is_some());
}

/// The texts so far, and the world that they are about.
struct Book {
    text: String,
    world: World,
    home: tempfile::TempDir,
    breaches: Vec<String>,
}

impl Book {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/bitbucket-sso");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), CONFIG).unwrap();
        let below = |place: &str| format!("{}{place}", home.path().display());
        let places =
            [("HOME", ""), ("APPDATA", "/.config"), ("LOCALAPPDATA", "/.local/state"), ("ProgramData", "/etc")];
        let places = places.map(|(name, place)| (name, below(place)));
        let env = Env::fixed(places.iter().map(|(name, place)| (*name, place.as_str())));
        let world = real(env, Vec::new(), Arc::new(Noon)).unwrap_or_else(|failure| panic!("{failure}"));
        Self { text: String::new(), world, home, breaches: Vec::new() }
    }

    /// A text under the name of its function and, after a blank, of its case.
    fn say(&mut self, name: &str, text: impl Display) {
        let text = text.to_string().replace(self.home.path().to_str().unwrap(), "/home/alice");
        let text = if cfg!(windows) { unix_paths(&text) } else { text };
        self.text.extend(["== ", name, "\n", text.trim_end_matches('\n'), "\n\n"]);
    }

    /// A failure, with its exit code.
    fn fail(&mut self, name: &str, failure: &Failure) {
        self.breaches.extend(breach(failure).map(|why| format!("{name}: {why}: {failure}")));
        self.say(&format!("{name} (exit {})", failure.kind.exit()), failure);
    }

    /// Whether a function has told something.
    fn names(&self, function: &str) -> bool {
        self.text
            .lines()
            .filter_map(|line| line.strip_prefix("== "))
            .any(|name| name.split(' ').next() == Some(function))
    }
}

/// What Windows shows of a home and calls its commands, as the agreed texts spell it.
fn unix_paths(text: &str) -> String {
    let slashes = |word: &str| if word.starts_with("/home/alice") { word.replace('\\', "/") } else { word.to_owned() };
    let words: Vec<_> = text.split(' ').map(slashes).collect();
    let quoted = format!("\"{STATE}\"");
    let text =
        words.join(" ").replace("/home/alice/etc/", "/etc/").replace("w32tm /resync", "sudo timedatectl set-ntp true");
    ["icacls ", "fsutil volume diskfree "]
        .into_iter()
        .zip(["ls -ld ", "df "])
        .fold(text, |text, (here, there)| text.replace(&format!("{here}{quoted}"), &format!("{there}{STATE}")))
}

/// The hosts of the world, by source.
fn wanted<'a>(world: &'a World, source: &str) -> Wanted<'a> {
    let settings = &world.loaded.settings;
    let host = settings.hosts.iter().find(|host| host.source.name() == source).unwrap();
    Wanted::new(settings.profile(host).unwrap(), host, None)
}

fn alice() -> Who {
    let [tid, oid, username] =
        ["72f988bf-0000-4000-8000-2d7cd011db47", "a11ce000-0000-4000-8000-000000000001", ALICE].map(str::to_owned);
    Who { tid, oid, username, email: None }
}

/// What of STYLE.md section 5.3 a failure breaks.
fn breach(failure: &Failure) -> Option<&'static str> {
    let Failure { what, help, id, .. } = failure;
    let names = ["Entra ", "Bitbucket ", "HOME "];
    let both = [what, help];
    let any = |parts: &[&str]| both.iter().any(|text| parts.iter().any(|part| text.to_lowercase().contains(part)));
    let first = what.chars().next().unwrap_or('X');
    if first.is_uppercase() && !names.iter().any(|name| what.starts_with(name)) {
        return Some("it does not begin in lower case");
    }
    if both.iter().any(|text| text.ends_with('.') || text.trim().is_empty()) {
        return Some("it ends in a full stop, or is empty");
    }
    if what.contains('\n') || what.contains("    ") {
        return Some("the problem is not one line");
    }
    if any(&["please", "simply", "error occurred", "error:", "some(", " { ", "\"error\""]) {
        return Some("a word that is never used");
    }
    if both.iter().any(|text| text.replace("[::1]", "").contains("::")) {
        return Some("a name of the source code");
    }
    if any(&["code=", "state=", "token="]) || what.contains('?') {
        return Some("a URL with a query");
    }
    if !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Some("an identifier that is no kebab-case");
    }
    None
}

/// The public functions of the words, except those that only help others.
fn functions() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app/words");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.filter(|path| path.is_file()).map(|path| fs_err::read_to_string(path).unwrap());
    let mut found = Vec::new();
    for text in texts {
        let names = text.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next().map(str::to_owned));
        found.extend(names.filter(|name| !["duration", "login_command"].contains(&name.as_str())));
    }
    assert!(found.len() > 50, "{found:?}");
    found
}

/// It is always noon in Greenwich.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        NOON
    }

    #[expect(clippy::disallowed_methods, reason = "nothing here waits")]
    fn steady(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, _: Duration) {}

    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }
}

const NOON: Timestamp = Timestamp(1_800_014_400);
const STATE: &str = "/home/alice/.local/state/bitbucket-sso";
const ALICE: &str = "alice@contoso.example";

const CONFIG: &str = r#"
[entra]
tenant = "contoso.example"
client_id = "11111111-2222-4333-8444-555555555555"

[[host]]
url = "https://bitbucket.org"
source = "cloud-oauth"
client_id = "key"
client_secret = "secret"
redirect_uri = "http://127.0.0.1/callback"

[[host]]
url = "https://git.example.com/bitbucket"
source = "datacenter-oauth"
client_id = "link"
redirect_uri = "http://localhost:34107/callback"

[[host]]
url = "https://git2.example.com"
source = "exchange"
token_endpoint = "https://sso.example.com/oauth2/token"
scope = "api://bitbucket-broker/token.issue"

[[host]]
url = "https://git-proxy.example.com"
source = "entra"
scope = "api://git-proxy/.default"
"#;
