//! The only test binary: one link for all integration tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that breaks must say so at once")]

mod practice;

#[path = "it/practice.rs"]
mod practice_tests;
