//! The only test binary: one link for all integration tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests are the world that the product is handed"
)]

mod practice;

#[path = "it/cdp.rs"]
mod cdp;
#[path = "it/desk.rs"]
mod desk;
#[path = "it/house.rs"]
mod house;
#[path = "it/journey.rs"]
mod journey;
#[path = "it/practice.rs"]
mod practice_tests;
#[path = "it/pty.rs"]
mod pty;
#[path = "it/real_browser.rs"]
mod real_browser;
#[path = "it/real_git.rs"]
mod real_git;
#[path = "it/real_keyring.rs"]
mod real_keyring;
#[path = "it/real_storage.rs"]
mod real_storage;
#[path = "it/real_strace.rs"]
mod real_strace;
#[path = "it/tester.rs"]
mod tester;
