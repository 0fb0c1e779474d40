//! Git's side: what git asks, what it is answered, and how standard output stays git's own.

pub mod answer;
mod location;
pub mod request;
pub mod streams;
