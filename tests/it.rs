//! The only test binary: one link for all integration tests.

mod practice;

#[path = "it/practice.rs"]
mod practice_tests;
