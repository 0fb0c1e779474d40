//! Bounds a call that may never come back: it runs in a thread that is left behind at the end of its time.

use crate::vault::VaultError;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Runs `call` for at most `limit`. A call that is left behind may still finish; the process does not wait.
pub fn within<T: Send + 'static>(
    limit: Duration,
    call: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    let (answer, answered) = channel();
    let thread = std::thread::Builder::new().name("keyring".into());
    // Nobody listens once the time is over.
    let started = thread.spawn(move || _ = answer.send(call()));
    started.map_err(|error| VaultError::Broken(format!("no thread for the keyring: {error}")))?;
    match answered.recv_timeout(limit) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(VaultError::TimedOut(limit.as_secs())),
        Err(RecvTimeoutError::Disconnected) => Err(VaultError::Broken("the keyring library gave up".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_time_is_passed_on() {
        assert_eq!(within(Duration::from_secs(60), || Ok(5)).unwrap(), 5);
        assert!(matches!(
            within(Duration::from_secs(60), || Err::<(), _>(VaultError::Locked)),
            Err(VaultError::Locked)
        ));
    }

    #[test]
    fn a_call_that_hangs_is_left_behind() {
        let (_held, forever) = channel::<()>();
        let call = move || forever.recv().map_err(|_| VaultError::Locked);
        assert!(matches!(within(Duration::from_millis(1), call), Err(VaultError::TimedOut(0))));
    }

    #[test]
    fn a_call_that_dies_is_an_error() {
        let died = within::<()>(Duration::from_secs(60), || panic!("expected in this test"));
        assert!(matches!(died, Err(VaultError::Broken(_))));
    }
}
