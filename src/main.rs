//! The process: its arguments, streams and exit code.

fn main() {}
