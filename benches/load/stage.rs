//! The practice servers, a running broker, and whoever asks it.

use crate::crowd::{Target, Work};
use crate::practice::browser::{self, Choice};
use crate::practice::cast::{ALICE, BROKER_SCOPE, CLIENT, TENANT};
use crate::practice::codec::write_form;
use crate::practice::issuers::{Issuers, Job};
use crate::practice::site::{JOB_AUDIENCE, Site};
use crate::practice::{Options, Practice, tls};
use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Everything that runs; it goes when dropped.
pub struct Stage {
    practice: Practice,
    issuers: Issuers,
    site: Site,
    alice: String,
    broker: Child,
}

impl Stage {
    /// Starts all of it and connects Alice's account.
    pub fn build(program: &std::path::Path, postgres: Option<&str>) -> Self {
        let practice = Practice::start(&Options::default());
        let issuers = Issuers::start(&practice);
        let site = Site::prepare(&practice, &issuers, &practice.dir().join("broker"));
        practice.data_center.server.keep_connections();
        practice.data_center.state().limit_http_tokens(usize::MAX);
        let mut settings = fs::read_to_string(site.settings()).unwrap() + "\n[limits]\nper_subject = 1000000\n";
        if let Some(url) = postgres {
            let embedded = format!("sqlite:{}/broker.db", site.dir.display());
            settings = settings.replace(&embedded, url);
        }
        fs::write(site.settings(), settings).unwrap();
        site.write_policy(&policy(&site, 0));
        let mut broker = Command::new(program).arg("serve").arg(site.settings()).stdout(Stdio::null()).spawn().unwrap();
        ready(&practice, &site, &mut broker);
        let stage = Self { alice: token_of_alice(&practice), practice, issuers, site, broker };
        stage.connect();
        stage
    }

    pub fn target(&self) -> Target {
        Target { port: self.site.port, tls: tls::client(self.practice.ca()) }
    }

    /// Requests that are the same each time, the cheapest first.
    pub fn cached(&self) -> Vec<(&'static str, Work)> {
        let (cloud, center) = (&self.site.cloud, &self.site.data_center);
        let healthz = format!("GET /healthz HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", self.site.port).into_bytes();
        let ask = |resource: &str, status| self.exchange(&self.alice, "access_token", resource, status);
        let all = vec![
            ("`GET /healthz`", Work { bytes: healthz, status: 200 }),
            ("refused by the policy, on the record", ask(&format!("https://{center}/scm/OTHER/app"), 403)),
            ("a token of Data Center that was made before", ask(&format!("https://{center}/scm/ACME/app"), 200)),
            ("a token of Cloud that was issued before", ask(&format!("https://{cloud}/acme/app"), 200)),
        ];
        for (_, work) in &all {
            self.once(work);
        }
        all
    }

    /// As many callers who have no token yet; there are [`PODS`] of them.
    pub fn uncached(&self, count: usize) -> Vec<Work> {
        let resource = format!("https://{}/scm/ACME/app", self.site.data_center);
        let work = |number: usize| {
            let token = self.issuers.token(Job::Kubernetes, JOB_AUDIENCE, |claims| claims["sub"] = pod(number).into());
            self.exchange(&token, "jwt", &resource, 200)
        };
        (0..count).map(work).collect()
    }

    /// So many more rules, none of which fits. Returns when the broker has them.
    pub fn with_rules(&mut self, count: usize) {
        let before = self.digest();
        self.site.write_policy(&policy(&self.site, count));
        while self.digest() == before {
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The processor's time that the broker has had.
    pub fn spent(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.broker.id())).unwrap();
        let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    pub fn peak_mib(&self) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.broker.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    fn exchange(&self, token: &str, kind: &str, resource: &str, status: u16) -> Work {
        let body = write_form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", token),
            ("subject_token_type", &format!("urn:ietf:params:oauth:token-type:{kind}")),
            ("resource", resource),
        ]);
        let head = format!(
            "POST /oauth2/token HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n",
            self.site.port,
            body.len()
        );
        Work { bytes: [head.as_bytes(), body.as_bytes()].concat(), status }
    }

    fn once(&self, work: &Work) {
        crate::crowd::each_once(&self.target(), 1, std::slice::from_ref(work));
    }

    fn connect(&self) {
        let url = format!("{}/connect/{}", self.site.base, self.site.cloud);
        let page = browser::walk(&url, self.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
        assert_eq!(page.answer.status, 200, "{}", page.answer.text());
    }

    fn digest(&self) -> String {
        let metrics = self.practice.client().get(&format!("{}/metrics", self.site.base), &[]).unwrap().text();
        metrics.lines().find(|line| line.starts_with("broker_policy_info")).unwrap().to_owned()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        _ = self.broker.kill();
        _ = self.broker.wait();
    }
}

fn ready(practice: &Practice, site: &Site, broker: &mut Child) {
    let url = format!("{}/readyz", site.base);
    while !practice.client().get(&url, &[]).is_ok_and(|answer| answer.status == 200) {
        assert!(broker.try_wait().unwrap().is_none(), "the broker has ended");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The site's policy with a rule for pods, and `more` rules for groups that nobody is in.
fn policy(site: &Site, more: usize) -> String {
    let (center, pods) = (&site.data_center, (0..PODS).map(pod).collect::<Vec<_>>());
    let mut text = site.policy()
        + &format!(
            "[[rule]]\nid = \"pods\"\nwho = \"kubernetes\"\nwhen = {{ sub = {{ any_in = {pods:?} }} }}\nresources = [\"{center}/ACME/app\"]\n\
             right = \"read\"\nlife = \"15m\"\n\n"
        );
    for number in 0..more {
        _ = write!(
            text,
            "[[rule]]\nid = \"team-{number}\"\nwho = \"person\"\nwhen = {{ groups = {{ any_in = \
             [\"00000000-0000-4000-8000-{number:012}\"] }} }}\nresources = [\"{center}/ACME/app\"]\nright = \"read\"\n\
             life = \"15m\"\n\n"
        );
    }
    text
}

fn pod(number: usize) -> String {
    format!("system:serviceaccount:builds:pod-{number}")
}

/// By device code, without a helper.
fn token_of_alice(practice: &Practice) -> String {
    let (client, url) = (practice.client(), format!("{}/{TENANT}/oauth2/v2.0", practice.entra.base));
    let form = [("client_id", CLIENT), ("scope", BROKER_SCOPE)];
    let started = client.post(&format!("{url}/devicecode"), &form, &[]).unwrap().json();
    practice.entra.approve(started["user_code"].as_str().unwrap(), ALICE).unwrap();
    let code = started["device_code"].as_str().unwrap();
    let form = [("grant_type", "device_code"), ("client_id", CLIENT), ("device_code", code)];
    let answer = client.post(&format!("{url}/token"), &form, &[]).unwrap().json();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// How many workloads the policy knows.
pub const PODS: usize = 1500;
