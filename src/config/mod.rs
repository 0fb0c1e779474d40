//! Configuration's door: the settings in force, where each came from, and what was ignored.

mod error;
mod nearest;
pub mod settings;
mod table;
mod value;
