//! `bench-crowd CALLERS CALLS INPUT COMMAND…`: that many callers at once until that many calls are made, each with
//! the file as its input. Prints one row of a table.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a tool of the benchmarks")]

use std::ffi::OsString;
use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn main() {
    let mut words = std::env::args_os().skip(1);
    let mut number = || words.next().unwrap().to_str().unwrap().parse::<usize>().unwrap();
    let (callers, calls) = (number(), number());
    let (input, command): (OsString, Vec<OsString>) = (words.next().unwrap(), words.collect());
    let left = AtomicUsize::new(calls);
    let begun = Instant::now();
    let mut took: Vec<Duration> = std::thread::scope(|scope| {
        let caller = || {
            let mut took = Vec::new();
            while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                took.push(call(&input, &command));
            }
            took
        };
        let crowd: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
        crowd.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    let whole = begun.elapsed().as_secs_f64();
    took.sort();
    let within = |part: usize| took[calls * part / 100].as_secs_f64() * 1000.0;
    let rate = f64::from(u32::try_from(took.len()).unwrap()) / whole;
    println!("| {callers} | {rate:.0} | {:.2} ms | {:.2} ms |", within(50), within(99));
}

fn call(input: &OsString, command: &[OsString]) -> Duration {
    let input = File::open(input).unwrap();
    let begun = Instant::now();
    let status = Command::new(&command[0]).args(&command[1..]).stdin(input).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{status}");
    begun.elapsed()
}
