//! `bench-broker BROKER [POSTGRESQL]`: what a request costs the broker, with practice servers on this machine. Prints the
//! rows of one table; the store is SQLite, or the PostgreSQL whose URL is given. `benches/broker` calls it.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a tool of the benchmarks")]

#[cfg(target_os = "linux")]
#[path = "../../tests/practice/mod.rs"]
mod practice;

#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod stage;

#[cfg(target_os = "linux")]
fn main() {
    let mut words = std::env::args().skip(1);
    let (broker, postgres) = (words.next().unwrap(), words.next());
    let store = if postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    let mut stage = stage::Stage::build(broker.as_ref(), postgres.as_deref());
    let row = |stage: &stage::Stage, name: &str, ask: &dyn Fn(&crowd::Target) -> crowd::Seen| {
        let (before, target) = (stage.spent(), stage.target());
        let seen = ask(&target);
        println!("{}", seen.row(store, name, stage.spent().saturating_sub(before)));
    };
    for (name, work) in stage.cached() {
        row(&stage, name, &|target| crowd::for_seconds(target, CALLERS, SECONDS, &work));
    }
    let fresh = stage.uncached(stage::PODS);
    row(&stage, "a token of Data Center, made", &|target| crowd::each_once(target, CALLERS, &fresh));
    stage.with_rules(RULES);
    let (_, again) = stage.cached().swap_remove(2);
    let name = "one that was made before, by a policy of 1,000 more rules";
    row(&stage, name, &|target| crowd::for_seconds(target, CALLERS, SECONDS, &again));
    println!("| {store} | memory at its peak (`VmHWM`) | | | | {:.1} MiB |", stage.peak_mib());
}

#[cfg(not(target_os = "linux"))]
fn main() {}

/// Callers at once.
#[cfg(target_os = "linux")]
const CALLERS: usize = 16;
/// How long each kind of request is sent.
#[cfg(target_os = "linux")]
const SECONDS: u64 = 5;
#[cfg(target_os = "linux")]
const RULES: usize = 1000;
