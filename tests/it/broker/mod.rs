//! The real broker between the real helper, real git and the practice servers.

mod attacks;
mod offboarding;
mod people;
mod process;
mod refusals;
mod requests;
mod storm;
mod workloads;

use crate::desk::{Desk, feed, said, stdout};
use crate::practice::browser::{self, Choice, Page};
use crate::practice::cast::{ALICE, BROKER_API, BROKER_SCOPE, CLIENT, TENANT, WORKLOAD, WORKLOAD_SECRET};
use crate::practice::client::Answer;
use crate::practice::issuers::Issuers;
use crate::practice::site::Site;
use crate::practice::{Options, Practice};
use bitbucket_sso::basis::clock::{Clock, Timestamp};
use bitbucket_sso::broker::serve::{self, Running};
use bitbucket_sso::broker::settings;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The practice servers, a broker of its own among them, and a developer's desk that uses it.
pub struct BrokerDesk {
    pub practice: Practice,
    pub issuers: Issuers,
    pub site: Site,
    pub desk: Desk,
    /// How far all clocks are ahead of the real one.
    ahead: i64,
    running: Option<Running>,
}

/// Which Bitbucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    Cloud,
    DataCenter,
}

pub const BOTH: [Host; 2] = [Host::Cloud, Host::DataCenter];

impl BrokerDesk {
    /// Everything runs; nobody is signed in and nothing is connected.
    pub fn open() -> Self {
        Self::with(|_| {})
    }

    /// The same with a change before the broker starts.
    pub fn with(change: impl FnOnce(&mut Self)) -> Self {
        let practice = Practice::start(&Options::default());
        let issuers = Issuers::start(&practice);
        let site = Site::prepare(&practice, &issuers, &practice.dir().join("broker"));
        let config = practice.entra_toml() + &hosts(&practice, &site);
        let desk = Desk::configured(&practice, &config);
        let mut all = Self { practice, issuers, site, desk, ahead: 0, running: None };
        change(&mut all);
        let setup = all.desk.helper().arg("setup").output().unwrap();
        assert!(setup.status.success(), "{}", said(&setup));
        all.start();
        all
    }

    /// Starts the broker in this process, by the clock of the practice.
    pub fn start(&mut self) {
        let settings = settings::read(&self.site.settings()).unwrap_or_else(|error| panic!("{error}"));
        let running = serve::start(settings, Arc::new(Shared(Arc::clone(&self.practice.clock))));
        self.running = Some(running.unwrap_or_else(|error| panic!("{error}")));
    }

    /// Ends it as a service manager does.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    /// Alice signs in and connects what has to be connected.
    pub fn signed_in(self) -> Self {
        let (output, page) = self.walked(self.helper().arg("login"), &Choice::sign_in(ALICE));
        assert!(output.status.success(), "{} {}", said(&output), page.answer.text());
        self
    }

    /// Alice's first question of the day, which signs her in and connects her account in one tab.
    pub fn connected(self) -> Self {
        let request = self.desk.path("request");
        std::fs::write(&request, format!("protocol=https\nhost={}\npath=acme/app.git\n\n", self.site.cloud)).unwrap();
        let input = std::fs::File::open(request).unwrap();
        let (output, page) = self.walked(self.helper().arg("get").stdin(input), &Choice::sign_in(ALICE));
        assert!(output.status.success(), "{} {}", said(&output), page.answer.text());
        self
    }

    /// How far all clocks have gone on.
    pub fn ahead(&self) -> i64 {
        self.ahead
    }

    /// All clocks go on.
    pub fn later(&mut self, seconds: i64) {
        self.ahead += seconds;
        self.practice.clock.advance(seconds);
    }

    /// The helper by these clocks.
    pub fn helper(&self) -> Command {
        self.desk.helper_at(self.ahead)
    }

    /// Runs a command and walks the one page that it opens.
    pub fn walked(&self, command: &mut Command, choice: &Choice) -> (Output, Page) {
        let child = crate::refusals::start(command);
        let url = crate::refusals::until("a page to open", || self.desk.waiting_pages().pop());
        let page = browser::walk(&url, self.practice.ca(), choice).unwrap();
        (child.wait_with_output().unwrap(), page)
    }

    /// Git asks the helper for a repository, and nobody may be bothered.
    pub fn get(&self, host: Host, path: &str) -> Output {
        let (site, context) = self.place(host);
        let request = format!("protocol=https\nhost={site}\npath={context}{path}.git\n\n");
        feed(self.helper().arg("get").env("CI", "true"), request.as_bytes())
    }

    /// Real git clones a repository; where to.
    pub fn clone(&self, host: Host, path: &str) -> (Output, PathBuf) {
        let (site, context) = self.place(host);
        let to = self.desk.path(&format!("clone-{}", crate::practice::codec::opaque(6)));
        let mut git = self.desk.git();
        git.args(["clone", "-q", &format!("https://{site}/{context}{path}.git")]).arg(&to);
        (git.env("CI", "true").output().unwrap(), to)
    }

    /// A token request by hand.
    pub fn exchange(&self, token: &str, kind: &str, more: &[(&str, &str)]) -> Answer {
        let kind = format!("urn:ietf:params:oauth:token-type:{kind}");
        let form = [("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", kind.as_str())];
        self.post("/oauth2/token", &[form.as_slice(), more].concat())
    }

    /// A form for the broker.
    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.practice.client().post(&format!("{}{path}", self.site.base), form, &[]).unwrap()
    }

    /// The URL of a repository.
    pub fn repository(&self, host: Host, name: &str) -> String {
        match host {
            Host::Cloud => format!("{}/acme/{name}", self.practice.cloud.base),
            Host::DataCenter => format!("{}/scm/ACME/{name}", self.practice.data_center.base),
        }
    }

    /// Alice's Entra token for the broker, by device code.
    pub fn token_of(&self, upn: &str) -> String {
        let client = self.practice.client();
        let url = format!("{}/{TENANT}/oauth2/v2.0", self.practice.entra.base);
        let form = [("client_id", CLIENT), ("scope", BROKER_SCOPE)];
        let started = client.post(&format!("{url}/devicecode"), &form, &[]).unwrap().json();
        self.practice.entra.approve(started["user_code"].as_str().unwrap(), upn).unwrap();
        let code = started["device_code"].as_str().unwrap();
        let form = [("grant_type", "device_code"), ("client_id", CLIENT), ("device_code", code)];
        text(&client.post(&format!("{url}/token"), &form, &[]).unwrap().json(), "access_token")
    }

    /// The workload's own token for the broker.
    pub fn robot_token(&self) -> String {
        let url = format!("{}/{TENANT}/oauth2/v2.0/token", self.practice.entra.base);
        let scope = format!("{BROKER_API}/.default");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", WORKLOAD),
            ("client_secret", WORKLOAD_SECRET),
            ("scope", &scope),
        ];
        text(&self.practice.client().post(&url, &form, &[]).unwrap().json(), "access_token")
    }

    /// The broker's record, newest last.
    pub fn trail(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.site.dir.join("audit.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn place(&self, host: Host) -> (String, &'static str) {
        match host {
            Host::Cloud => (self.site.cloud.clone(), ""),
            Host::DataCenter => (self.site.data_center.split('/').next().unwrap().to_owned(), "bitbucket/scm/"),
        }
    }
}

impl Drop for BrokerDesk {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Both hosts, by way of this broker.
pub fn hosts(practice: &Practice, site: &Site) -> String {
    let host = |url: &str| {
        format!(
            "[[host]]\nurl = \"{url}\"\nsource = \"exchange\"\ntoken_endpoint = \"{}/oauth2/token\"\n\
             scope = \"{BROKER_SCOPE}\"\nper_repository = true\n\n",
            site.base
        )
    };
    host(&practice.cloud.base) + &host(&practice.data_center.base)
}

/// The practice's clock, as the product is handed one.
pub struct Shared(pub Arc<crate::practice::clock::Clock>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now())
    }

    fn steady(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, pause: Duration) {
        std::thread::sleep(pause);
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }
}

/// A member of an answer that must be text.
#[track_caller]
pub fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

/// The token in an answer to git.
#[track_caller]
pub fn password(output: &Output) -> String {
    let out = stdout(output);
    let found = out.lines().find_map(|line| line.strip_prefix("password="));
    found.unwrap_or_else(|| panic!("no token: {}", said(output))).to_owned()
}

pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
