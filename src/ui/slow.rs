//! A line that is said only if what is under way takes longer than a second. It says itself from a thread, since
//! nobody else is awake meanwhile.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Where such lines go, and after how long.
#[derive(Clone)]
pub struct Teller {
    say: Arc<dyn Fn(&str) + Send + Sync>,
    after: Duration,
}

impl Teller {
    /// Standard error, after a second.
    pub fn to_stderr() -> Self {
        Self::new(super::terminal::tell, SECOND)
    }

    /// Any place, after any time.
    pub fn new(say: impl Fn(&str) + Send + Sync + 'static, after: Duration) -> Self {
        Self { say: Arc::new(say), after }
    }

    /// Says `text` in a while unless it ends before.
    pub fn watch(&self, text: String) -> Slow {
        let Self { say, after } = self.clone();
        let (ended, end) = channel::<()>();
        let thread = Builder::new().name("slow".into());
        let watch = thread.spawn(move || {
            let slow = end.recv_timeout(after) == Err(RecvTimeoutError::Timeout);
            if slow {
                say(&text);
            }
            slow
        });
        // Without a thread nothing is said; that is all.
        Slow { ended: Some(ended), watch: watch.ok() }
    }
}

/// Something under way that may be slow.
#[must_use]
pub struct Slow {
    ended: Option<Sender<()>>,
    watch: Option<JoinHandle<bool>>,
}

impl Slow {
    /// It is over; whether the line was said.
    pub fn end(mut self) -> bool {
        drop(self.ended.take());
        self.watch.take().is_some_and(|watch| watch.join().unwrap_or_default())
    }
}

/// Who waits less than this is told nothing.
const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A teller with this patience, and what it says.
    fn teller(after: Duration) -> (Teller, mpsc::Receiver<String>) {
        let (said, heard) = mpsc::sync_channel(9);
        (Teller::new(move |text| said.send(text.to_owned()).unwrap(), after), heard)
    }

    #[test]
    fn what_is_slow_is_told_while_it_goes_on() {
        let (teller, heard) = teller(Duration::ZERO);
        let slow = teller.watch("waiting for godot".into());
        assert_eq!(heard.recv_timeout(Duration::from_secs(60)).as_deref(), Ok("waiting for godot"));
        assert!(slow.end() && heard.try_recv().is_err(), "once");
    }

    #[test]
    fn what_is_quick_is_not() {
        let (teller, heard) = teller(Duration::from_secs(600));
        assert!(!teller.watch("never".into()).end());
        assert!(heard.try_recv().is_err());
    }
}
