//! The only test binary: one link for all integration tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::too_many_lines,
    reason = "tests are the world that the product is handed"
)]

mod practice;

#[path = "it/admin.rs"]
mod admin;
#[path = "it/audit.rs"]
mod audit;
#[path = "it/bootstrap.rs"]
mod bootstrap;
#[path = "it/bounds.rs"]
mod bounds;
#[cfg(feature = "broker")]
#[path = "it/broker/mod.rs"]
mod broker;
#[cfg(feature = "broker")]
#[path = "it/broker_store/mod.rs"]
mod broker_store;
#[path = "it/canaries.rs"]
mod canaries;
#[path = "it/cdp.rs"]
mod cdp;
#[path = "it/ci_env.rs"]
mod ci_env;
#[path = "it/conversations.rs"]
mod conversations;
#[path = "it/day.rs"]
mod day;
#[path = "it/demo.rs"]
mod demo;
#[path = "it/desk.rs"]
mod desk;
#[path = "it/doctor.rs"]
mod doctor;
#[path = "it/examples.rs"]
mod examples;
#[path = "it/face.rs"]
mod face;
#[path = "it/first_sign_in.rs"]
mod first_sign_in;
#[path = "it/foreign_trails.rs"]
mod foreign_trails;
#[path = "it/house.rs"]
mod house;
#[path = "it/identity.rs"]
mod identity;
#[path = "it/identity_refusals.rs"]
mod identity_refusals;
#[path = "it/install.rs"]
mod install;
#[path = "it/journey.rs"]
mod journey;
#[path = "it/judges.rs"]
mod judges;
#[path = "it/later.rs"]
mod later;
#[path = "it/managed.rs"]
mod managed;
#[path = "it/migrate.rs"]
mod migrate;
#[path = "it/model.rs"]
mod model;
#[path = "it/pages.rs"]
mod pages;
#[path = "it/policy_override.rs"]
mod policy_override;
#[cfg(feature = "broker")]
#[path = "it/postgres.rs"]
mod postgres;
#[path = "it/practice.rs"]
mod practice_tests;
#[path = "it/promised.rs"]
mod promised;
#[path = "it/pty.rs"]
mod pty;
#[path = "it/queue.rs"]
mod queue;
#[path = "it/races.rs"]
mod races;
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
#[path = "it/refusals/mod.rs"]
mod refusals;
#[path = "it/refusals_config.rs"]
mod refusals_config;
#[path = "it/refusals_git.rs"]
mod refusals_git;
#[path = "it/refusals_policy.rs"]
mod refusals_policy;
#[path = "it/refusals_setup.rs"]
mod refusals_setup;
#[path = "it/round_trips.rs"]
mod round_trips;
#[path = "it/saml.rs"]
mod saml;
#[path = "it/schema.rs"]
mod schema;
#[path = "it/tester.rs"]
mod tester;
#[path = "it/typed.rs"]
mod typed;
#[path = "it/walks.rs"]
mod walks;
#[path = "it/windows/mod.rs"]
mod windows;
