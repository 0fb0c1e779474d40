//! For tests of this room: an HTTP peer that answers from a script and remembers what it was sent.

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::credential::Proof;
use crate::basis::secret::{AccessToken, SecretBytes};
use crate::basis::session::Who;
use crate::net::{Call, Http, Method, NetError, Reply};
use crate::source::{Limits, Mint};
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// The clock of all these tests stands still.
pub const NOW: i64 = 1_796_000_000;

pub struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp(NOW)
    }

    fn steady(&self) -> Instant {
        panic!("nothing in this room has a deadline")
    }

    fn sleep(&self, _: Duration) {
        panic!("nothing in this room waits")
    }

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}

/// What was sent, in clear.
pub struct Sent {
    pub method: Method,
    pub url: String,
    pub headers: BTreeMap<&'static str, String>,
    pub form: BTreeMap<String, String>,
}

/// Answers the calls in order; a call beyond the script fails the test.
#[derive(Default)]
pub struct Script {
    answers: RefCell<VecDeque<Result<Reply, NetError>>>,
    pub sent: RefCell<Vec<Sent>>,
}

impl Script {
    pub fn new<const N: usize>(answers: [Result<Reply, NetError>; N]) -> Self {
        Self { answers: RefCell::new(answers.into()), sent: RefCell::default() }
    }

    /// The only call.
    pub fn only(self) -> Sent {
        let mut sent = self.sent.into_inner();
        assert_eq!(sent.len(), 1, "one call");
        sent.remove(0)
    }
}

impl Http for Script {
    fn send(&self, call: &Call) -> Result<Reply, NetError> {
        let text = |bytes: &SecretBytes| String::from_utf8(bytes.expose().to_vec()).unwrap();
        assert_eq!(call.repeatable, call.method == Method::Get, "a token request is never repeated");
        let form = call.form.as_ref().map(text).unwrap_or_default();
        let pairs: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let count = pairs.len();
        let form: BTreeMap<_, _> = pairs.into_iter().collect();
        assert_eq!(form.len(), count, "no field twice");
        let headers = call.headers.iter().map(|(name, value)| (*name, text(value))).collect();
        self.sent.borrow_mut().push(Sent { method: call.method, url: call.url.clone(), headers, form });
        self.answers.borrow_mut().pop_front().expect("a call beyond the script")
    }
}

/// A reply with a body; of JSON or anything else.
#[expect(clippy::unnecessary_wraps, reason = "a script may also hold failures")]
pub fn reply(status: u16, body: &str) -> Result<Reply, NetError> {
    Ok(Reply { status, headers: Vec::new(), body: SecretBytes::new(body.into()) })
}

/// A reply with one header.
#[expect(clippy::unnecessary_wraps, reason = "a script may also hold failures")]
pub fn reply_with(status: u16, header: (&str, &str), body: &str) -> Result<Reply, NetError> {
    let headers = vec![(header.0.to_owned(), header.1.to_owned())];
    Ok(Reply { status, headers, body: SecretBytes::new(body.into()) })
}

/// A proof whose access token ends in an hour and whose session ends in ten.
pub fn proof(access_token: Option<&str>) -> Proof {
    let who = Who { tid: "t".into(), oid: "o".into(), username: "alice@corp.example".into(), email: None };
    let access_token = access_token.map(|token| AccessToken::new(token.to_owned()));
    Proof {
        vouched: crate::basis::credential::Vouched::default(),
        who,
        access_token,
        subject: crate::basis::credential::Subject::EntraAccessToken,
        expires: Timestamp(NOW + 3600),
        confirmed: Timestamp(NOW),
        session_ends: Timestamp(NOW + 36_000),
    }
}

/// A mint with a limit of twelve hours.
pub fn mint<'a>(http: &'a Script, proof: &'a Proof) -> Mint<'a> {
    Mint { http, clock: &Stopped, proof, limits: Limits { max_life: Duration::from_secs(43_200) } }
}
