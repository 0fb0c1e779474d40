//! Signals wait while a rotated grant is on its way to the vault (DESIGN.md section 10 rule 6).

/// From [`Deferred::begin`] until it is dropped, SIGINT, SIGTERM and SIGHUP are remembered instead of ending the
/// process; then the first of them does what it always does. SIGKILL cannot be deferred.
#[must_use]
pub struct Deferred(());

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

    pub fn hold() {
        if let Some(handlers) = HANDLERS.get_or_init(|| install().ok()) {
            handlers.usual.store(false, Ordering::SeqCst);
        }
    }

    pub fn release() {
        let Some(Some(handlers)) = HANDLERS.get() else { return };
        handlers.usual.store(true, Ordering::SeqCst);
        let caught = handlers.caught.swap(0, Ordering::SeqCst);
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

/// Ctrl-C of a console comes as SIGINT, on a thread of its own. Closing the console, signing out and `TerminateProcess`
/// cannot be deferred: Windows ends the process whatever it does.
#[cfg(windows)]
mod signals {
    use signal_hook::consts::SIGINT;
    use signal_hook::flag::{register, register_conditional_shutdown};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, OnceLock};

    struct Handlers {
        usual: Arc<AtomicBool>,
        caught: Arc<AtomicBool>,
    }

    static HANDLERS: OnceLock<Option<Handlers>> = OnceLock::new();

    pub fn hold() {
        if let Some(handlers) = HANDLERS.get_or_init(|| install().ok()) {
            handlers.usual.store(false, Ordering::SeqCst);
        }
    }

    #[expect(clippy::exit, clippy::disallowed_methods, reason = "what Ctrl-C does, a moment later")]
    pub fn release() {
        let Some(Some(handlers)) = HANDLERS.get() else { return };
        handlers.usual.store(true, Ordering::SeqCst);
        if handlers.caught.swap(false, Ordering::SeqCst) {
            std::process::exit(CONTROL_C_EXIT);
        }
    }

    fn install() -> std::io::Result<Handlers> {
        let handlers = Handlers { usual: Arc::new(AtomicBool::new(true)), caught: Arc::default() };
        register_conditional_shutdown(SIGINT, CONTROL_C_EXIT, Arc::clone(&handlers.usual))?;
        register(SIGINT, Arc::clone(&handlers.caught))?;
        Ok(handlers)
    }

    /// `STATUS_CONTROL_C_EXIT`
    const CONTROL_C_EXIT: i32 = 0xC000_013A_u32.cast_signed();
}

impl Deferred {
    /// Begins to defer. Where handlers cannot be installed, signals do what they always do.
    pub fn begin() -> Self {
        signals::hold();
        Self(())
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        signals::release();
    }
}
