//! `bitbucket-sso-broker`: an Entra identity in, a least-privilege short-lived Bitbucket token out (RFC 8693).
//!
//! A house of its own behind the feature `broker`; imports only go down, as in the helper's:
//!
//! ```text
//!   roof      main  commands/  serve/
//!   landing   desk/        identify → decide → issue → record
//!   rooms     identify/   policy/   cloud/   data_center/
//!   pantry    settings/   store/   sealing/   outward/   trail/   load/
//!   ground    ground/      and what both programs share: basis/  idtoken/  audit/  net/
//! ```
//!
//! One request, left to right: `serve` (bounds) → `identify` (who) → `policy` (may they) → `load` (how often) →
//! `cloud` or `data_center` (the token) → `trail` (the record) → answer.

pub mod cloud;
pub mod commands;
pub mod data_center;
pub mod desk;
pub mod ground;
pub mod identify;
pub mod load;
pub mod outward;
pub mod policy;
pub mod sealing;
pub mod serve;
pub mod settings;
pub mod store;
pub mod trail;

#[cfg(test)]
mod tests;
