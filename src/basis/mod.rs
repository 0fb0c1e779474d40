//! The ground floor: plain data that every room may hold, and nothing that does work for one of them.

pub mod base64;
pub mod clock;
pub mod credential;
pub mod day;
pub mod der;
pub mod digest;
pub mod env;
pub mod failure;
pub mod files;
pub mod host_id;
pub mod leftovers;
pub mod lock;
pub mod nearest;
pub mod permissions;
pub mod process;
pub mod program;
pub mod publish;
pub mod random;
pub mod secret;
pub mod session;
pub mod ssh_signature;
pub mod text;
pub mod url;
pub mod validity;
pub mod version;
