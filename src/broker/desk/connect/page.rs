//! What a browser gets: a page of ours, or the way on.

use super::memory::{Memory, Step};
use super::trouble::Trouble;
use crate::basis::page::{self, Confirm, Outcome, Speech};
use crate::broker::ground::right::Right;

/// An answer, ready to be sent.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    /// For the record: what was decided about whom. Steps that decide nothing have none.
    pub told: Option<Told>,
}

/// What was decided about a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `connected`, or the identifier of the trouble.
    pub outcome: &'static str,
    /// The host's URL.
    pub host: String,
    pub service: Option<String>,
    pub right: Option<Right>,
    /// Who signed in: tenant, object id, and what to call them.
    pub who: Option<(String, String, String)>,
    /// Bitbucket's id of the account.
    pub account: Option<String>,
}

impl Page {
    /// On to another server, from a GET.
    pub(super) fn redirect(url: String) -> Self {
        let mut page = Self::html(303, String::new());
        page.headers.push(("Location", url));
        page
    }

    /// On to another server, from our own form: its page's policy forbids browsers to follow redirects.
    pub(super) fn onward(url: &str) -> Self {
        let speech = Speech { lang: "en", title: "One more step" };
        Self::html(200, page::onward(&speech, "The next page comes by itself.", "Continue", url))
    }

    /// The last page.
    pub(super) fn connected(facts: &[(&str, &str)]) -> Self {
        let speech = Speech { lang: "en", title: "Connected" };
        let what = "Git can have tokens for Bitbucket now.";
        let last = "You may close this tab.";
        Self::html(200, page::outcome(&Outcome { speech, ok: true, what, facts, reason: None, last, closes: true }))
    }

    /// Whether both accounts are one person's.
    pub(super) fn question(facts: &[(&str, &str)], state: &str) -> Self {
        let confirm = Confirm {
            speech: Speech { lang: "en", title: "Are both accounts yours?" },
            what: "Git will act as this Bitbucket account whenever you are signed in with this Microsoft account.",
            facts,
            yes: "Yes, both are mine",
            no: "No",
            action: "/connect/confirm",
            state,
        };
        Self::html(200, page::confirm(&confirm))
    }

    pub(super) fn of_trouble(trouble: &Trouble, memory: Option<&Memory>) -> Self {
        let what = trouble.what();
        let outcome = Outcome {
            speech: Speech { lang: "en", title: "Not connected" },
            ok: false,
            what: &what,
            facts: &[],
            reason: Some(("Error", trouble.id())),
            last: trouble.help(),
            closes: false,
        };
        let told = memory.map(|memory| Told::of(trouble.id(), memory));
        Self { told, ..Self::html(trouble.status(), page::outcome(&outcome)) }
    }

    pub(super) fn with_cookie(mut self, cookie: String) -> Self {
        self.headers.push(("Set-Cookie", cookie));
        self
    }

    fn html(status: u16, body: String) -> Self {
        let headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", page::POLICY),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).into();
        Self { status, headers, body, told: None }
    }
}

impl Told {
    pub(super) fn of(outcome: &'static str, memory: &Memory) -> Self {
        let (who, right, account) = match &memory.step {
            Step::Entra { .. } => (None, None, None),
            Step::Bitbucket { who, right, .. } => (Some(who), Some(*right), None),
            Step::Confirm { who, right, grant, .. } => (Some(who), Some(*right), Some(grant.account_id.clone())),
        };
        let who = who.map(|who| (who.tid.clone(), who.oid.clone(), who.to_string()));
        Self { outcome, host: memory.host.clone(), service: memory.service.clone(), right, who, account }
    }
}
