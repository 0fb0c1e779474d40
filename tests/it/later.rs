//! What a clock that has moved on changes: the shipped code in this process, with a clock of the test's own.

use crate::desk::Desk;
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::weather::Trouble;
use crate::practice::{Options, Practice, Source};
use bitbucket_sso::app::get;
use bitbucket_sso::app::login::{Wish, login};
use bitbucket_sso::app::world::{World, real};
use bitbucket_sso::basis::clock::{Clock, SystemClock, Timestamp};
use bitbucket_sso::basis::env::Env;
use bitbucket_sso::git::request::{Request, parse};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn a_consent_that_took_its_time_leaves_the_next_one_possible() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange).person(Choice::sign_in(ALICE));
    assert!(desk.helper().arg("login").output().unwrap().status.success());
    // The same account, now with two hosts that need a consent each.
    let hosts = [Source::CloudOauth, Source::DataCenterOauth].map(|source| practice.host_toml(source));
    let kernel = "[storage]\nrefresh_tokens = \"kernel\"\n";
    desk.write_config(&format!("{}\n{}{}{kernel}", practice.entra_toml(), hosts[0], hosts[1]));
    let clock = Arc::new(Later { pages: desk.pages(), after: 1, by: 360 });
    let world = world(&desk, &practice, clock);
    login(&world, &Wish::default()).unwrap();
    assert_eq!(desk.opened().len(), 3, "{:?}", desk.opened());
    assert_eq!(practice.journal.grants("entra", "refresh_token", 200), 1, "Entra was asked again in between");
}

#[test]
fn the_grace_of_an_outage_holds_for_every_call_in_it() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::CloudOauth).person(Choice::sign_in(ALICE));
    assert!(desk.helper().arg("login").output().unwrap().status.success());
    let clock = Arc::new(Later { pages: desk.pages(), after: 0, by: 600 });
    let mut world = world(&desk, &practice, clock);
    world.loaded.settings.profiles[0].outage_grace = Duration::from_secs(3600);
    practice.entra.weather.always("token", Trouble::Html(503));
    let request = request(&practice);
    for call in 0..3 {
        std::fs::remove_dir_all(desk.state().join("hot")).unwrap();
        get::get(&world, &request).unwrap_or_else(|failure| panic!("call {call}: {failure}"));
    }
    world.loaded.settings.profiles[0].outage_grace = Duration::ZERO;
    std::fs::remove_dir_all(desk.state().join("hot")).unwrap();
    assert_eq!(get::get(&world, &request).unwrap_err().kind.exit(), 6, "without it nothing is minted");
}

/// The real time, and from the first page opened after `after` others on so many seconds more.
struct Later {
    pages: Arc<Mutex<Vec<String>>>,
    after: usize,
    by: i64,
}

impl Clock for Later {
    fn now(&self) -> Timestamp {
        let moved = self.pages.lock().unwrap().len() > self.after;
        Timestamp(SystemClock.now().0 + if moved { self.by } else { 0 })
    }

    fn steady(&self) -> Instant {
        SystemClock.steady()
    }

    fn sleep(&self, duration: Duration) {
        SystemClock.sleep(duration);
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        SystemClock.zone()
    }
}

fn world(desk: &Desk, practice: &Practice, clock: Arc<dyn Clock>) -> World {
    let (home, browser, path) = (desk.home(), desk.path("browser"), std::env::var("PATH").unwrap());
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (home, browser, ca) = (text(&home), text(&browser), text(practice.ca()));
    let pairs = [("HOME", home.as_str()), ("BROWSER", &browser), ("PATH", &path), ("GIT_SSL_CAINFO", &ca)];
    real(Env::fixed(pairs), Vec::new(), clock).unwrap()
}

fn request(practice: &Practice) -> Request {
    let authority = practice.url(Source::CloudOauth).trim_start_matches("https://");
    parse(format!("protocol=https\nhost={authority}\n").as_bytes()).unwrap()
}
