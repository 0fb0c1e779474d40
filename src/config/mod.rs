//! Configuration's door: the settings in force, where each came from, and what was ignored.

pub mod settings;
