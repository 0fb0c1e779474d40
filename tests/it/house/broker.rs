//! The walls of the broker's house, `src/broker/`: floors and owners of its own, and a crate that the helper does not
//! gain by it.

use super::{names, used_rooms, without_tests};
use std::process::Command;

/// Floors from the ground up. `crate` rooms that both programs use are ground for the broker.
const FLOORS: [&[&str]; 6] = [
    &["ground"],
    &["settings", "store", "sealing", "outward", "trail", "load"],
    &["identify", "policy", "cloud", "data_center"],
    &["desk"],
    &["serve", "commands"],
    &["main", "mod"],
];

/// What both programs need; every other room is the helper's own.
const SHARED: [&str; 4] = ["basis", "idtoken", "audit", "net"];

/// Rooms of one floor that may use each other: everybody reads settings, what is sealed is stored, what goes out goes
/// through one client.
const DOORS: &[(&str, &str)] = &[
    ("store", "settings"),
    ("store", "sealing"),
    ("sealing", "settings"),
    ("sealing", "outward"),
    ("trail", "settings"),
    ("trail", "outward"),
    ("outward", "settings"),
    ("commands", "serve"),
];

const OWNERS: &[(&str, &[&str])] = &[
    ("axum", &["serve/"]),
    ("hyper", &["serve/"]),
    ("hyper_util", &["serve/"]),
    ("tokio_rustls", &["serve/"]),
    ("sqlx", &["store/"]),
    ("reqwest", &["outward/"]),
    ("rustls", &["outward/"]),
    ("url", &["outward/", "store/open.rs"]),
    ("toml", &["settings/", "policy/"]),
    ("clap", &["commands/"]),
    ("ring", &[]),
    ("jsonwebtoken", &[]),
    ("secrecy", &[]),
    ("zeroize", &[]),
    ("tempfile", &[]),
    ("jiff", &[]),
    ("dlmalloc", &["main.rs"]),
];

/// Libraries that the helper must never name: it has no async runtime and no server.
const BROKERS_OWN: [&str; 6] = ["tokio", "axum", "hyper", "hyper_util", "tokio_rustls", "sqlx"];

/// What is wrong in a file of `src/broker/`; `path` is below it.
pub fn violations(path: &str, text: &str) -> Vec<String> {
    let room = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        let place = || format!("broker/{path}:{}: {}", number + 1, line.trim());
        if used_rooms(line).iter().any(|used| !allowed(room, used)) {
            wrong.push(format!("{} (climbs)", place()));
        }
        for (library, owners) in OWNERS {
            if names(line, library) && !owners.iter().any(|owner| path.starts_with(owner)) {
                wrong.push(format!("{} ({library} belongs to {owners:?})", place()));
            }
        }
        if line.contains("process::Command") || line.contains("process::{Command") {
            wrong.push(format!("{} (starts a process)", place()));
        }
    }
    wrong
}

/// What is wrong in a file of the helper for the broker's sake.
pub fn intrusions(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        // The console's events on Windows: tokio's listeners, polled by hand.
        let console = path == "flight/deferred.rs" && line.contains("tokio::signal::windows::");
        let own = !console && BROKERS_OWN.iter().any(|library| names(line, library));
        if own || line.contains("async fn") || line.contains(".await") || line.contains("async move") {
            wrong.push(format!("{path}:{}: {} (only the broker is asynchronous)", number + 1, line.trim()));
        }
    }
    wrong
}

fn allowed(room: &str, used: &str) -> bool {
    let Some(inside) = used.strip_prefix("broker::") else {
        return SHARED.contains(&used.split("::").next().unwrap_or_default());
    };
    let used = inside.split("::").next().unwrap_or_default();
    let floor = |room: &str| FLOORS.iter().position(|floor| floor.contains(&room));
    room == used
        || DOORS.contains(&(room, used))
        || matches!((floor(room), floor(used)), (Some(from), Some(to)) if to < from)
}

#[test]
fn the_helper_has_nothing_of_the_broker_and_the_other_way_round() {
    let sources = super::all_sources();
    assert!(sources.iter().filter(|(path, _)| path.starts_with("broker/")).count() > 60);
    let wrong: Vec<String> = sources
        .iter()
        .flat_map(|(path, text)| match path.strip_prefix("broker/") {
            Some(inside) => violations(inside, &without_tests(text)),
            None => intrusions(path, &without_tests(text)),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_planted_violation_is_found_in_the_broker_too() {
    for (path, text) in [
        ("ground/right.rs", "use crate::broker::settings::Settings;"),
        ("policy/mod.rs", "use crate::broker::identify::Issuers;"),
        ("store/mod.rs", "use crate::broker::outward::Outward;"),
        ("identify/mod.rs", "use crate::broker::desk::Desk;"),
        ("desk/mod.rs", "use crate::broker::serve::start;"),
        ("desk/mod.rs", "use crate::session::pkce;"),
        ("cloud/mod.rs", "use crate::{basis, vault};"),
        ("desk/mod.rs", "axum::Json(1)"),
        ("desk/mod.rs", "let pool = sqlx::AnyPool::connect(url);"),
        ("serve/mod.rs", "use reqwest::Client;"),
        ("desk/mod.rs", "ring::aead::LessSafeKey::new(key)"),
        ("desk/mod.rs", "use toml::Table;"),
        ("serve/mod.rs", "use clap::Parser;"),
        ("outward/mod.rs", "std::process::Command::new(\"x\")"),
    ] {
        assert!(!violations(path, text).is_empty(), "{path}: {text}");
    }
    for text in ["use tokio::net::TcpStream;", "pub async fn get() {}", "client.send().await", "use sqlx::Any;"] {
        assert!(!intrusions("net/client.rs", text).is_empty(), "{text}");
    }
    assert!(violations("desk/mod.rs", "use crate::broker::policy::Policy;\nuse crate::basis::url;").is_empty());
    assert!(violations("store/db.rs", "use sqlx::Any;").is_empty());
    assert!(!super::violations("net/client.rs", "use crate::broker::ground::right::Right;").is_empty());
}

/// `cargo tree` reads the manifest and the lock file only.
#[test]
fn the_helper_gains_no_crate_by_the_broker() {
    let crates = |more: &[&str]| -> Vec<String> {
        let mut cargo = Command::new(env!("CARGO"));
        let fixed = ["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(fixed).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
    };
    let helper = crates(&[]);
    for foreign in ["axum", "sqlx", "sqlx-core", "libsqlite3-sys", "matchit"] {
        assert!(!helper.iter().any(|name| name == foreign), "{foreign}");
    }
    let broker = crates(&["--features", "broker"]);
    for own in ["axum", "sqlx"] {
        assert!(broker.iter().any(|name| name == own), "{own}");
    }
}
