//! The landing: the only floor where the rooms meet. One file per command.

pub mod setup;
