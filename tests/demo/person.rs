//! The person at the browser: whoever started this, or a script.

use crate::casting::Cast;
use crate::practice::browser::{self, Choice};
use crate::practice::cast::ALICE;
use crate::show;
use crate::stage::Stage;
use bitbucket_sso::basis::env::Env;
use bitbucket_sso::ui::browser::open;
use std::cell::RefCell;

/// Looks around whenever it is asked to; never waits.
pub struct Person<'a> {
    stage: &'a Stage,
    cast: Cast,
    /// Addresses that were dealt with.
    seen: RefCell<Vec<String>>,
}

impl<'a> Person<'a> {
    /// Nothing has happened yet.
    pub fn new(stage: &'a Stage, cast: Cast) -> Self {
        Self { stage, cast, seen: RefCell::default() }
    }

    /// Deals with what is new: pages that the helper opened, codes that wait, addresses that it printed. An error
    /// says where the script got stuck.
    pub fn look(&self, printed: &str) -> Result<(), String> {
        for url in self.stage.wanted_pages() {
            if self.cast.scripted { self.walk(&url)? } else { invite(&url) }
        }
        if !self.cast.scripted {
            return Ok(());
        }
        for code in self.stage.practice.entra.waiting_codes() {
            self.stage.practice.entra.approve(&code, ALICE)?;
        }
        for url in addresses(printed) {
            if !self.seen.borrow().contains(&url) {
                self.seen.borrow_mut().push(url.clone());
                self.walk(&url)?;
            }
        }
        Ok(())
    }

    /// Signs in and agrees. The walk has to end where it was sent from: on a page of the helper.
    fn walk(&self, url: &str) -> Result<(), String> {
        let walked = browser::walk(url, self.stage.practice.ca(), &Choice::sign_in(ALICE));
        let page = walked.map_err(|error| format!("the scripted person got stuck: {error}"))?;
        if page.url.starts_with("http://") {
            return Ok(());
        }
        Err(format!("the scripted person got stuck: {}", page.answer.text()))
    }
}

/// Opens the page where the person is, by the rules that the helper itself has.
fn invite(url: &str) {
    if open(&Env::Process, "", url).is_err() {
        _ = show::say(&format!("Open this address in your browser:\n\n  {url}\n"));
    }
}

/// The consent pages that stand alone on a line.
fn addresses(printed: &str) -> Vec<String> {
    let whole = printed.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let urls = whole.lines().filter_map(|line| line.strip_prefix("  https://")).filter(|rest| !rest.contains(' '));
    urls.map(|rest| format!("https://{rest}")).filter(|url| url.contains("authorize?")).collect()
}
