//! `desk HELPER DIRECTORY [ACCOUNTS]`: makes a home in DIRECTORY whose user has signed in, with practice servers that
//! run until standard input ends. Prints what `benches/run` needs to know as shell assignments, then an empty line.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a tool of the benchmarks")]

#[cfg(target_os = "linux")]
#[path = "../../tests/practice/mod.rs"]
mod practice;

#[cfg(target_os = "linux")]
mod stage;

#[cfg(target_os = "linux")]
fn main() {
    use std::io::Read;
    let mut words = std::env::args_os().skip(1);
    let (Some(helper), Some(directory)) = (words.next(), words.next()) else {
        panic!("desk HELPER DIRECTORY [ACCOUNTS]");
    };
    let accounts = words.next().map_or(1, |count| count.to_str().unwrap().parse().unwrap());
    let stage = stage::Stage::build(helper.as_ref(), directory.as_ref(), accounts);
    println!("{}", stage.told());
    println!();
    _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(stage);
}

#[cfg(not(target_os = "linux"))]
fn main() {}
