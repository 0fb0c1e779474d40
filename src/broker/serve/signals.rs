//! What a supervisor says.

/// Returns when the process is told to end. SIGHUP ends nothing: who sends it wants files to be read again, which happens
/// by itself.
#[cfg(unix)]
pub async fn told() {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).ok();
    let _heard = listen(SignalKind::hangup());
    let (mut ends, mut interrupts) = (listen(SignalKind::terminate()), listen(SignalKind::interrupt()));
    tokio::select! {
        Some(()) = async { ends.as_mut()?.recv().await } => {}
        Some(()) = async { interrupts.as_mut()?.recv().await } => {}
        else => {}
    }
}

/// Returns when the process is told to end.
#[cfg(not(unix))]
pub async fn told() {
    _ = tokio::signal::ctrl_c().await;
}
