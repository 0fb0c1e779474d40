//! What any Rust program costs: the least that `store`, `erase` and a foreign `get` can be compared with.

fn main() {}
