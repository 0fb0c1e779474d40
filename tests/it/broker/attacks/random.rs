//! Thousands of requests against random policies: whatever token comes back can do no more, as Bitbucket itself judges
//! it, than the policy's ceiling and rules say. What they say is worked out here a second time, and more simply.

use super::{Reach, connect, connect_bot, reach};
use crate::broker::{BrokerDesk, Host};
use crate::practice::cast::{ALICE, BOB, DEVELOPERS, WORKLOAD};
use crate::practice::issuers::{APP_UUID, Job, PIPELINES_AUDIENCE};
use crate::practice::jwt;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A generator of numbers (xorshift): the seed makes the run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.roll(list.len())].clone()
    }
}

/// A rule as this test understands it.
struct Rule {
    who: &'static str,
    host: Host,
    /// `*` is all of `acme`.
    repository: &'static str,
    right: Reach,
    enforced: bool,
}

struct Policy {
    ceiling: Reach,
    life: u64,
    rules: Vec<Rule>,
    /// Developers get nothing at all there.
    denied: Option<(Host, &'static str)>,
    protected: Vec<Host>,
}

impl Policy {
    fn random(dice: &mut Dice) -> Self {
        let ceiling = dice.of(&[Reach::Read, Reach::Write, Reach::Write]);
        let rule = |dice: &mut Dice| Rule {
            who: dice.of(&["developers", "developers", "everyone", "robot", "step"]),
            host: dice.of(&[Host::Cloud, Host::DataCenter]),
            repository: dice.of(&["*", "app", "lib"]),
            right: dice.of(&[Reach::Read, Reach::Write]).min(ceiling),
            enforced: dice.roll(5) > 0,
        };
        let rules = (0..4 + dice.roll(6)).map(|_| rule(dice)).collect();
        let denied = dice.of(&[None, None, Some((Host::DataCenter, "lib")), Some((Host::Cloud, "app"))]);
        let protected = dice.of(&[vec![Host::Cloud], vec![Host::DataCenter], vec![Host::Cloud, Host::DataCenter]]);
        Self { ceiling, life: dice.of(&[300, 1200, 3600]), rules, denied, protected }
    }

    fn text(&self, desk: &BrokerDesk) -> String {
        let place = |host: Host, repository: &str| match host {
            Host::Cloud => format!("\"{}/acme/{repository}\"", desk.site.cloud),
            Host::DataCenter => format!("\"{}/ACME/{repository}\"", desk.site.data_center),
        };
        let word = |right: Reach| if right == Reach::Write { "write" } else { "read" };
        let protected: Vec<String> = self.protected.iter().map(|host| place(*host, "broker-policy")).collect();
        let mut text = format!(
            "[ceiling]\nright = \"{}\"\nlife = \"{}s\"\nresources = [{}, {}]\naccount_wide = [\"{}\"]\nprotected = [{}]\n",
            word(self.ceiling),
            self.life,
            place(Host::Cloud, "*"),
            place(Host::DataCenter, "*"),
            desk.site.cloud,
            protected.join(", ")
        );
        for (at, rule) in self.rules.iter().enumerate() {
            let who = match rule.who {
                "developers" => format!("\"person\"\nwhen = {{ groups = {{ any_in = [\"{DEVELOPERS}\"] }} }}"),
                "everyone" => "\"person\"\neveryone = true".to_owned(),
                "robot" => format!("\"app\"\nwhen = {{ azp = {{ eq = \"{WORKLOAD}\" }} }}"),
                _ => format!("\"pipelines\"\nwhen = {{ repositoryUuid = {{ eq = \"{APP_UUID}\" }} }}"),
            };
            let reach = if rule.host == Host::Cloud { "reach = \"account\"\n" } else { "" };
            let job = rule.host == Host::Cloud && matches!(rule.who, "robot" | "step");
            let user = if job { "service_user = \"ci-bot\"\n" } else { "" };
            let mode = if rule.enforced { "" } else { "mode = \"audit\"\n" };
            let (place, right, life) = (place(rule.host, rule.repository), word(rule.right), self.life);
            _ = write!(
                text,
                "[[rule]]\nid = \"r{at}\"\nwho = {who}\nresources = [{place}]\nright = \"{right}\"\nlife = \"{life}s\"\n{reach}{user}{mode}"
            );
        }
        if let Some((host, repository)) = self.denied {
            let place = place(host, repository);
            _ = write!(
                text,
                "[[deny]]\nid = \"d\"\nwho = \"person\"\nreason = \"no\"\nresources = [{place}]\nwhen = {{ groups = {{ any_in = [\"{DEVELOPERS}\"] }} }}\n"
            );
        }
        text
    }

    /// The most that somebody may have on a repository of `acme`.
    fn most(&self, who: &[&str], host: Host, repository: &str) -> Reach {
        let denied = self.denied.is_some_and(|(there, name)| there == host && name == repository);
        if denied && who.contains(&"developers") {
            return Reach::Nothing;
        }
        let fits = |rule: &&Rule| {
            rule.enforced
                && rule.host == host
                && who.contains(&rule.who)
                && ["*", repository].contains(&rule.repository)
        };
        let given = self.rules.iter().filter(fits).map(|rule| rule.right).max().unwrap_or(Reach::Nothing);
        let barred = repository == "broker-policy" && self.protected.contains(&host);
        given.min(self.ceiling).min(if barred { Reach::Read } else { Reach::Write })
    }
}

/// A subject token and what rules call whoever has it; nobody believes the bad ones.
struct Caller {
    token: String,
    who: &'static [&'static str],
}

fn callers(desk: &BrokerDesk) -> Vec<Caller> {
    let alice = desk.token_of(ALICE);
    let claims = jwt::claims(&alice).unwrap();
    let state = desk.practice.entra.state();
    let mut bad = vec![state.keys.decoy.sign(&claims)];
    for (name, value) in [("exp", json!(1)), ("aud", json!("api://other")), ("scp", json!("x")), ("tid", json!(BOB))] {
        let mut claims: Value = claims.clone();
        claims[name] = value;
        bad.push(state.keys.active().sign(&claims));
    }
    drop(state);
    bad.push(desk.issuers.token(Job::Pipelines, "another", |_| {}));
    bad.push(desk.issuers.token(Job::Gitlab, "bitbucket-broker", |_| {}));
    let good = [
        (alice, ["developers", "everyone"].as_slice()),
        (desk.token_of(BOB), &["everyone"]),
        (desk.robot_token(), &["robot"]),
        (desk.issuers.token(Job::Pipelines, PIPELINES_AUDIENCE, |_| {}), &["step"]),
    ];
    let bad = bad.into_iter().map(|token| Caller { token, who: &[] });
    good.into_iter().map(|(token, who)| Caller { token, who }).chain(bad).collect()
}

/// A request whose every field may be odd.
fn request(desk: &BrokerDesk, dice: &mut Dice) -> Vec<(&'static str, String)> {
    let (host, name) = (dice.of(&[Host::Cloud, Host::DataCenter]), dice.of(&REPOSITORIES));
    let plain = desk.repository(host, name);
    let (site, rest) = plain.split_at(plain.rfind("/acme").or_else(|| plain.rfind("/scm")).unwrap());
    let resource = match dice.roll(24) {
        0 => format!("{plain}.git"),
        1 => format!("{plain}/"),
        2 => format!("{site}{}", rest.to_uppercase().replace("/SCM", "/scm")),
        3 => format!("{site}{}", rest.replace("acme", "acme/../acme")),
        4 => plain.replace('-', "%2d"),
        5 => format!("{plain}?service=x"),
        6 => format!("{site}/{rest}"),
        7 => site.to_owned(),
        8 => plain.replace("https://", "https://a@"),
        9 => plain.replace("/acme/", "/other/").replace("/ACME/", "/OTHER/"),
        10 => format!("{plain}.git/info/lfs"),
        _ => plain,
    };
    let mut form = vec![("resource", resource)];
    let (cloud, center) = (desk.site.cloud.clone(), desk.site.data_center.clone());
    match dice.roll(12) {
        0 => form.push(("audience", cloud)),
        1 => form.push(("audience", center)),
        2 => form = vec![("audience", dice.of(&[cloud.clone(), center, format!("https://{cloud}"), "x".into()]))],
        _ => {}
    }
    let own = if host == Host::Cloud { ["repository", "repository:write"] } else { ["REPO_READ", "REPO_WRITE"] };
    let scopes = ["", own[0], own[1], own[1], own[1], own[0], "repository repository:write", "REPO_ADMIN"];
    form.push(("scope", dice.of(&scopes).to_owned()));
    if dice.roll(6) == 0 {
        form.push(("requested_expires_in", dice.of(&["0", "1", "90", "86400", "999999999", "-1"]).to_owned()));
    }
    form
}

/// What is remembered of a token until it is judged: who had it, and of which host.
type Issued = BTreeMap<String, (usize, Host)>;

/// Judges each token on each repository; how many can write, on Cloud and on Data Center.
fn judge(desk: &BrokerDesk, policy: &Policy, callers: &[Caller], issued: &Issued) -> [usize; 2] {
    let mut writing = [0, 0];
    for (token, (caller, host)) in issued {
        let who = callers[*caller].who;
        let most = |repository: &str| policy.most(who, *host, repository);
        let reached = REPOSITORIES.map(|repository| (repository, reach(desk, *host, repository, token)));
        let anywhere = REPOSITORIES.iter().map(|repository| most(repository)).max().unwrap();
        for (repository, reached) in reached {
            // Cloud's reach all that the account may; what they can do there is bounded all the same.
            let bound = if *host == Host::DataCenter { most(repository) } else { anywhere };
            assert!(reached <= bound, "{who:?} reaches {repository} on {host:?}: {reached:?} > {bound:?}");
            let barred = repository == "broker-policy" && policy.protected.contains(host);
            assert!(!barred || reached < Reach::Write, "{who:?} writes to what is protected on {host:?}");
        }
        if *host == Host::DataCenter {
            let many = reached.iter().filter(|(_, reached)| *reached > Reach::Nothing).count();
            assert!(many <= 1, "one token, {many} repositories");
        }
        let writes = reached.iter().any(|(_, reached)| *reached == Reach::Write);
        writing[usize::from(*host == Host::DataCenter)] += usize::from(writes);
    }
    writing
}

#[test]
fn no_request_yields_more_than_the_ceiling() {
    let mut desk = BrokerDesk::with(|desk| {
        let path = desk.site.settings();
        let settings = std::fs::read_to_string(&path).unwrap();
        let many = "[limits]\nper_subject = 1000000\n\n[store]";
        std::fs::write(&path, settings.replacen("[store]", many, 1)).unwrap();
    });
    for repository in &REPOSITORIES[1..] {
        desk.practice.repos.create("acme", repository);
    }
    desk.practice.repos.create("other", "app");
    desk.practice.data_center.state().limit_http_tokens(100_000);
    connect(&desk, ALICE);
    connect(&desk, BOB);
    connect_bot(&desk);
    let callers = callers(&desk);
    let mut dice = Dice(0x5eed_0008_b10c_4e57);
    let (mut granted, mut refused, mut writing) = (0, 0, [0, 0]);
    for _ in 0..POLICIES {
        let policy = Policy::random(&mut dice);
        for account in ["alice", "bob", "ci-bot"] {
            let right = dice.of(&["none", "read", "write", "admin"]);
            super::allow(&desk, account, "broker-policy", right);
        }
        desk.stop();
        desk.site.write_policy(&policy.text(&desk));
        desk.start();
        let mut issued = Issued::new();
        for _ in 0..REQUESTS {
            let caller = if dice.roll(4) > 0 { dice.roll(GOOD) } else { dice.roll(callers.len()) };
            let form = request(&desk, &mut dice);
            let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let kind = if dice.roll(12) > 0 { "jwt" } else { "id_token" };
            let answer = desk.exchange(&callers[caller].token, kind, &fields);
            let body = answer.json();
            let Some(token) = body["access_token"].as_str() else {
                refused += 1;
                assert!(body["error"].is_string() && answer.status >= 400, "{form:?} {}", answer.text());
                continue;
            };
            granted += 1;
            let life = body["expires_in"].as_u64().unwrap();
            let asked = fields
                .iter()
                .find(|(name, _)| *name == "requested_expires_in")
                .map_or(u64::MAX, |(_, life)| life.parse().unwrap());
            assert!(life <= policy.life && life <= asked && life <= 3600, "{form:?} lives {life} s");
            assert!(!callers[caller].who.is_empty(), "a bad token was believed: {form:?}");
            let host = if token.starts_with("BBDC-") { Host::DataCenter } else { Host::Cloud };
            issued.insert(token.to_owned(), (caller, host));
        }
        let more = judge(&desk, &policy, &callers, &issued);
        writing = [writing[0] + more[0], writing[1] + more[1]];
    }
    eprintln!("{granted} granted, {refused} refused; tokens that write: {writing:?}");
    assert!(
        granted > 100 && refused > 100 && writing.iter().all(|count| *count > 0),
        "{granted} {refused} {writing:?}"
    );
}

const REPOSITORIES: [&str; 3] = ["app", "lib", "broker-policy"];
/// Callers who are believed come first.
const GOOD: usize = 4;
const POLICIES: usize = 8;
const REQUESTS: usize = 250;
