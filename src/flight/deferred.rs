//! Signals wait while a rotated grant is on its way to the vault (DESIGN.md section 10 rule 6).

/// From [`Deferred::begin`] until it is dropped, SIGINT, SIGTERM and SIGHUP are remembered instead of ending the
/// process; then the first of them does what it always does. SIGKILL cannot be deferred. On Windows: Ctrl-C and Ctrl-Break,
/// and for the five seconds that Windows gives, closing the console, signing out and shutting down; not
/// `TerminateProcess`.
#[must_use]
pub struct Deferred(Option<signals::Held>);

#[cfg(unix)]
mod signals {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag::{register_conditional_default, register_usize};
    use signal_hook::low_level::emulate_default_handler;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, OnceLock};

    /// The handlers stay for good, so outside of a deferral they have to do what the default does.
    struct Handlers {
        usual: Arc<AtomicBool>,
        caught: Arc<AtomicUsize>,
    }

    static HANDLERS: OnceLock<Option<Handlers>> = OnceLock::new();

    /// That the handlers remember.
    pub struct Held(&'static Handlers);

    pub fn hold() -> Option<Held> {
        let handlers = HANDLERS.get_or_init(|| install().ok()).as_ref()?;
        handlers.usual.store(false, Ordering::SeqCst);
        Some(Held(handlers))
    }

    pub fn release(held: &mut Held) {
        held.0.usual.store(true, Ordering::SeqCst);
        let caught = held.0.caught.swap(0, Ordering::SeqCst);
        if let Ok(signal @ 1..) = i32::try_from(caught) {
            // If the default cannot be emulated the run ends by itself a moment later.
            _ = emulate_default_handler(signal);
        }
    }

    fn install() -> std::io::Result<Handlers> {
        let handlers = Handlers { usual: Arc::new(AtomicBool::new(true)), caught: Arc::new(AtomicUsize::new(0)) };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            register_conditional_default(signal, Arc::clone(&handlers.usual))?;
            let number = usize::try_from(signal).unwrap_or_default();
            register_usize(signal, Arc::clone(&handlers.caught), number)?;
        }
        Ok(handlers)
    }
}

/// A console's events come on threads of their own. While somebody listens they end nothing; those after which Windows ends
/// the process keep their thread, and with it the process, for as long as Windows waits.
#[cfg(windows)]
mod signals {
    use std::task::{Context, Poll, Waker};
    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff,
        ctrl_shutdown,
    };

    /// The listeners. Without them the events do what they always do.
    pub struct Held(CtrlC, CtrlBreak, CtrlClose, CtrlLogoff, CtrlShutdown);

    pub fn hold() -> Option<Held> {
        let all =
            || Ok::<_, std::io::Error>(Held(ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_logoff()?, ctrl_shutdown()?));
        all().ok()
    }

    #[expect(clippy::exit, clippy::disallowed_methods, reason = "what Ctrl-C does, a moment later")]
    pub fn release(Held(c, key, close, logoff, shutdown): &mut Held) {
        let now = &mut Context::from_waker(Waker::noop());
        let seen = [
            c.poll_recv(now),
            key.poll_recv(now),
            close.poll_recv(now),
            logoff.poll_recv(now),
            shutdown.poll_recv(now),
        ];
        if seen.iter().any(Poll::is_ready) {
            std::process::exit(CONTROL_C_EXIT);
        }
    }

    /// `STATUS_CONTROL_C_EXIT`
    const CONTROL_C_EXIT: i32 = 0xC000_013A_u32.cast_signed();
}

impl Deferred {
    /// Begins to defer. Where handlers cannot be installed, signals do what they always do.
    pub fn begin() -> Self {
        Self(signals::hold())
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        if let Some(held) = &mut self.0 {
            signals::release(held);
        }
    }
}
