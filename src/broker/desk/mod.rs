//! desk

pub mod connect;
