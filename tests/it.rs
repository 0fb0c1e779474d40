//! The only test binary: one link for all integration tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests are the world that the product is handed"
)]

mod practice;

#[path = "it/conversations.rs"]
mod conversations;
#[path = "it/desk.rs"]
mod desk;
#[path = "it/house.rs"]
mod house;
#[path = "it/journey.rs"]
mod journey;
#[path = "it/later.rs"]
mod later;
#[path = "it/practice.rs"]
mod practice_tests;
#[path = "it/races.rs"]
mod races;
#[path = "it/refusals_config.rs"]
mod refusals_config;
#[path = "it/refusals_git.rs"]
mod refusals_git;
#[path = "it/refusals_policy.rs"]
mod refusals_policy;
