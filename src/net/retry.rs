//! A second try where it may help and cannot hurt.

use crate::basis::clock::Clock;
use crate::basis::random;
use crate::net::{Call, Http, NetError, Reply};
use std::time::Duration;

/// Sends a repeatable call at most twice (`facts/entra.md` 8): again after a server error or silence, a
/// second or two later. A reply with `Retry-After` is handed back, never waited for.
pub struct Retry<H, C> {
    http: H,
    clock: C,
}

impl<H: Http, C: Clock> Retry<H, C> {
    /// The same network with second tries.
    pub fn new(http: H, clock: C) -> Self {
        Self { http, clock }
    }
}

impl<H: Http, C: Clock> Http for Retry<H, C> {
    fn send(&self, call: &Call) -> Result<Reply, NetError> {
        let first = self.http.send(call);
        if !call.repeatable || !worth_another(&first) {
            return first;
        }
        self.clock.sleep(pause());
        self.http.send(call)
    }
}

fn worth_another(outcome: &Result<Reply, NetError>) -> bool {
    match outcome {
        Ok(reply) => reply.status >= 500 && reply.header("retry-after").is_none(),
        Err(NetError::TimedOut { .. } | NetError::Unreachable { .. }) => true,
        Err(_) => false,
    }
}

/// One to two seconds, so that many machines do not come back together.
fn pause() -> Duration {
    let mut dice = [0; 2];
    random::fill(&mut dice);
    Duration::from_millis(1000 + u64::from(u16::from_be_bytes(dice)) * 1000 / 65_536)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::clock::Timestamp;
    use crate::basis::secret::SecretBytes;
    use std::sync::Mutex;
    use std::time::Instant;

    #[derive(Default)]
    struct Slept(Mutex<Vec<Duration>>);

    #[expect(clippy::disallowed_methods, reason = "a clock for tests")]
    impl Clock for &Slept {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn steady(&self) -> Instant {
            Instant::now()
        }
        fn sleep(&self, duration: Duration) {
            self.0.lock().unwrap().push(duration);
        }
        fn zone(&self) -> jiff::tz::TimeZone {
            jiff::tz::TimeZone::UTC
        }
    }

    struct Script(Mutex<Vec<Result<Reply, NetError>>>);

    impl Http for &Script {
        fn send(&self, _: &Call) -> Result<Reply, NetError> {
            self.0.lock().unwrap().remove(0)
        }
    }

    fn reply(status: u16, headers: &[(&str, &str)]) -> Reply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Reply { status, headers, body: SecretBytes::default() }
    }

    fn status(call: &Call, script: Vec<Result<Reply, NetError>>) -> (Option<u16>, usize) {
        let (script, slept) = (Script(Mutex::new(script)), Slept::default());
        let outcome = Retry::new(&script, &slept).send(call);
        let slept = slept.0.into_inner().unwrap();
        assert!(slept.iter().all(|pause| (1000..2000).contains(&pause.as_millis())), "{slept:?}");
        (outcome.ok().map(|reply| reply.status), slept.len())
    }

    fn silence() -> NetError {
        NetError::TimedOut { place: "https://h".into(), after: Duration::from_secs(1) }
    }

    #[test]
    fn a_broken_answer_gets_one_more_try() {
        let get = Call::get("https://h");
        assert_eq!(status(&get, vec![Ok(reply(502, &[])), Ok(reply(200, &[]))]), (Some(200), 1));
        assert_eq!(status(&get, vec![Err(silence()), Ok(reply(503, &[]))]), (Some(503), 1));
    }

    #[test]
    fn what_may_rotate_a_token_is_sent_once() {
        assert_eq!(status(&Call::post("https://h", []), vec![Ok(reply(502, &[]))]), (Some(502), 0));
        assert_eq!(status(&Call::post("https://h", []), vec![Err(silence())]), (None, 0));
    }

    #[test]
    fn who_says_when_to_come_back_is_not_pressed() {
        let get = Call::get("https://h");
        assert_eq!(status(&get, vec![Ok(reply(503, &[("retry-after", "9")]))]), (Some(503), 0));
        assert_eq!(status(&get, vec![Ok(reply(429, &[]))]), (Some(429), 0));
        let tls =
            Err(NetError::Tls { place: "https://h".into(), why: "expired".into(), flaw: crate::net::Flaw::Dates });
        assert_eq!(status(&get, vec![tls]), (None, 0));
    }
}
