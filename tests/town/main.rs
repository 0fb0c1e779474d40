//! `cargo run --example town -- DIR`: practice servers, a web server for the files in DIR, and Alice, who approves every
//! device code. Writes DIR/organisation.toml and the same as JSON, prints three lines, and serves until its standard input
//! ends. For `installers/tests/fresh.sh`.

#![allow(clippy::disallowed_methods, reason = "the town is the world that others are handed")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for tests")]

#[path = "../practice/mod.rs"]
mod practice;

use practice::cast::ALICE;
use practice::http::{Door, Handler, Reply, Response};
use practice::{Options, Practice, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

fn main() {
    let dir = PathBuf::from(std::env::args().nth(1).unwrap());
    let practice = Practice::start(&Options::default());
    practice.entra.state().habits.interval = 1;
    let text = organisation(&practice);
    let same: serde_json::Value = toml::from_str(&text).unwrap();
    std::fs::write(dir.join("organisation.toml"), text).unwrap();
    std::fs::write(dir.join("organisation.json"), same.to_string()).unwrap();
    let door = Door::new();
    println!("base {}", door.https());
    println!("clone {}", practice.clone_url(Source::Exchange, "acme", "app"));
    println!("authority {}", practice.ca().display());
    let files: Handler = Arc::new(move |request| Reply::Answer(file(&dir, &request.path)));
    let _server = practice.serve(door, files);
    let (here, gone) = channel::<()>();
    let practice = &practice;
    std::thread::scope(|scope| {
        scope.spawn(move || approve(practice, &gone));
        // Whoever started it holds the other end.
        _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(here);
    });
}

/// Without `[network]`, which nobody else's document may set: the authority is in the machine's own store there, as a
/// company's is.
fn organisation(practice: &Practice) -> String {
    let text = practice.entra_toml();
    let (entra, _) = text.split_once("[network]").unwrap();
    format!("{entra}{}", practice.host_toml(Source::Exchange))
}

fn file(dir: &Path, path: &str) -> Response {
    let bytes = if path.contains("..") { None } else { std::fs::read(dir.join(path.trim_start_matches('/'))).ok() };
    bytes.map_or_else(|| Response::text(404, "there is no such file"), |bytes| Response::new(200, OCTETS, bytes))
}

fn approve(practice: &Practice, gone: &Receiver<()>) {
    while gone.recv_timeout(Duration::from_millis(50)) == Err(RecvTimeoutError::Timeout) {
        for code in practice.entra.waiting_codes() {
            practice.entra.approve(&code, ALICE).unwrap();
        }
    }
}

const OCTETS: &str = "application/octet-stream";
