//! Ctrl-C ends the play, not the cleaning.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody wants it to end.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on SIGINT, SIGTERM and SIGHUP only leave a mark; where that fails they end the process as ever.
    pub fn catch() -> Self {
        let mark = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            _ = signal_hook::flag::register(signal, Arc::clone(&mark));
        }
        let interrupt = Self(mark);
        interrupt.clone().hush();
        interrupt
    }

    /// Whether a signal came.
    pub fn came(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Ctrl-C reaches the practice servers' git children too; what breaks then is no news.
    fn hush(self) {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !self.came() {
                usual(info);
            }
        }));
    }
}
