//! What the systems have in common is tried on each of them.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
