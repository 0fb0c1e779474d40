//! A git credential helper that signs a developer in to Microsoft Entra ID once a day and answers git
//! with short-lived Bitbucket tokens.
//!
//! The house, from the roof down; imports only ever go down (`tests/it/house.rs` proves it):
//!
//! ```text
//!   roof      main  cli
//!   landing   app/      get  erase  login  logout  status  setup  config  world
//!   rooms     git/   hosts/   session/   identity/   source/
//!   pantry    vault/   flight/   audit/   ui/   net/   idtoken/   config/
//!   ground    basis/
//! ```
//!
//! One `get`, left to right: `git/request` → `hosts` → hot cache → `flight` → `session` → `source` →
//! `vault` → `audit` → `git/answer`.

pub mod app;
pub mod audit;
pub mod basis;
#[cfg(feature = "broker")]
pub mod broker;
pub mod cli;
pub mod config;
pub mod flight;
pub mod git;
pub mod hosts;
pub mod identity;
pub mod idtoken;
pub mod net;
pub mod run;
pub mod session;
pub mod source;
pub mod ui;
pub mod vault;
