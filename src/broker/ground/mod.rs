//! What travels between the broker's rooms: plain data.

pub mod ask;
pub mod issued;
pub mod resource;
pub mod right;
pub mod subject;
pub mod tokens;
