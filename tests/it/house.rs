//! The walls of the house: imports go down, every outside library has its owner, files stay small.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "house/broker.rs"]
mod broker;

/// Floors from the ground up. A module may use modules of lower floors, and its own.
const FLOORS: [&[&str]; 6] = [
    &["basis"],
    &["vault", "flight", "audit", "ui", "net", "idtoken", "config"],
    &["git", "hosts", "session", "identity", "source"],
    &["app"],
    &["cli"],
    &["run", "lib", "main"],
];

/// Pantry rooms are reached through their doors; these are the only ones other pantry rooms may use.
const SHARED_DOORS: &[(&str, &str)] = &[("net", "config::settings"), ("vault", "config::settings")];

/// Who may name which outside library, as path prefixes under `src/`.
const OWNERS: &[(&str, &[&str])] = &[
    // Our own module of that name is for everybody.
    ("base64::engine", &["basis/base64.rs"]),
    ("base64::prelude", &["basis/base64.rs"]),
    ("clap", &["cli", "run.rs"]),
    ("clap_complete", &["cli/"]),
    ("clap_mangen", &["cli/"]),
    ("reqwest", &["net/client"]),
    ("rustls", &["net/client"]),
    (
        "ring",
        &[
            "identity/certificate",
            "identity/pkcs12.rs",
            "idtoken/",
            "basis/seal.rs",
            "basis/random.rs",
            "basis/digest.rs",
            "basis/ssh_signature.rs",
            "audit/hmac.rs",
        ],
    ),
    ("aes", &["identity/pkcs12.rs"]),
    ("cbc", &["identity/pkcs12.rs"]),
    ("keyring", &["vault/keyring"]),
    ("keyring_core", &["vault/keyring"]),
    ("windows_native_keyring_store", &["vault/keyring"]),
    ("linux_keyutils", &["vault/kernel.rs"]),
    ("oauth2", &["session/"]),
    ("jsonwebtoken", &["idtoken/"]),
    ("secrecy", &["basis/secret.rs"]),
    ("zeroize", &["basis/secret.rs"]),
    ("open", &["ui/browser"]),
    ("dirs", &["config/places.rs"]),
    ("toml", &["config/"]),
    ("jiff", &["basis/"]),
    ("tempfile", &["basis/files.rs", "basis/publish.rs", "app/setup/"]),
    ("signal_hook", &["flight/deferred.rs"]),
    ("tokio", &["flight/deferred.rs"]),
    ("zbus", &["vault/secret_service.rs"]),
    ("url", &["basis/url.rs", "basis/form.rs", "net/", "identity/", "session/loopback", "source/", "ui/browser"]),
    ("windows_registry", &["config/managed"]),
    ("plist", &["config/managed"]),
    ("dlmalloc", &["main.rs"]),
];

/// Who may start a process.
const STARTERS: &[&str] = &["ui/browser", "config/secret_command.rs", "app/setup/git.rs", "app/renew.rs"];

#[test]
fn imports_go_down_and_libraries_have_owners() {
    let wrong: Vec<String> = sources().iter().flat_map(|(path, text)| violations(path, &without_tests(text))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_a_crowded_room() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["src", "tests", "benches", "installers"] {
        walk(&root.join(folder), &mut all);
    }
    let lines = |path: &PathBuf| fs::read_to_string(path).unwrap().lines().count();
    let crowded: Vec<String> = all
        .iter()
        .filter(|path| lines(path) > 300)
        .map(|path| format!("{}: {} lines", path.display(), lines(path)))
        .collect();
    assert!(all.len() > 400 && crowded.is_empty(), "{} files; {}", all.len(), crowded.join("\n"));
}

#[test]
fn a_planted_violation_is_found() {
    let planted = [
        ("basis/text.rs", "use crate::app::get;"),
        ("session/entra.rs", "use crate::source::Grant;"),
        ("vault/hot.rs", "use crate::net::Http;"),
        ("app/get.rs", "let x = crate::cli::parse(&[]);"),
        ("git/answer.rs", "use reqwest::blocking::Client;"),
        ("app/get.rs", "ring::rand::SystemRandom::new()"),
        ("app/get.rs", "std::process::Command::new(\"x\")"),
        ("source/cloud.rs", "use std::process::Command;"),
        ("source/cloud.rs", "use base64::engine::general_purpose::STANDARD;"),
    ];
    for (path, text) in planted {
        assert!(!violations(path, text).is_empty(), "{path}: {text}");
    }
    assert!(violations("app/get.rs", "use crate::basis::text;\nuse crate::source::Grant;").is_empty());
    assert!(violations("basis/seal.rs", "use ring::aead;").is_empty());
}

/// Whole files that are compiled for tests only.
const TEST_FILES: [&str; 4] = ["tests.rs", "bootstrap_tests.rs", "samples.rs", "source/script.rs"];

fn violations(path: &str, text: &str) -> Vec<String> {
    let room = room(path);
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        let place = || format!("{path}:{}: {}", number + 1, line.trim());
        if used_rooms(line).iter().any(|used| !allowed(room, used)) {
            wrong.push(format!("{} (climbs)", place()));
        }
        for (library, owners) in OWNERS {
            if names(line, library) && !owners.iter().any(|owner| path.starts_with(owner)) {
                wrong.push(format!("{} ({library} belongs to {owners:?})", place()));
            }
        }
        let starts = line.contains("process::Command") || line.contains("process::{Command");
        if starts && !STARTERS.iter().any(|starter| path.starts_with(starter)) {
            wrong.push(format!("{} (starts a process)", place()));
        }
    }
    wrong
}

fn allowed(room: &str, used: &str) -> bool {
    let used_room = used.split("::").next().unwrap_or_default();
    if room == used_room {
        return true;
    }
    let shared = SHARED_DOORS.iter().any(|(from, door)| *from == room && used.starts_with(door));
    shared || matches!((floor(room), floor(used_room)), (Some(from), Some(to)) if to < from)
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// `app/get.rs` → `app`; `cli.rs` → `cli`.
fn room(path: &str) -> &str {
    path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// What stands behind each `crate::` in a line, two steps deep.
fn used_rooms(line: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let inner = list.split('}').next().unwrap_or_default();
            used.extend(inner.split(',').map(|one| one.trim().split("::").next().unwrap_or_default().to_owned()));
        } else {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
            used.push(rest[..end].to_owned());
        }
    }
    used
}

/// Whether a line uses a library's path: `name::` not preceded by a path or a word.
fn names(line: &str, library: &str) -> bool {
    let needle = format!("{library}::");
    line.match_indices(&needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

/// Unit tests at the bottom may reach further.
fn without_tests(text: &str) -> String {
    // `#[cfg(test)]` over a `mod name;` only leaves a file out, over anything else it begins the tests.
    let at = text.match_indices("#[cfg(test)]\n").find(|(at, found)| {
        let next = text[at + found.len()..].lines().next().unwrap_or_default();
        !next.trim_end().ends_with(';')
    });
    text[..at.map_or(text.len(), |(at, _)| at)].to_owned()
}

/// The helper's; the broker has a house of its own.
fn sources() -> Vec<(String, String)> {
    all_sources().into_iter().filter(|(path, _)| !path.starts_with("broker/")).collect()
}

fn all_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    assert!(found.len() > 20, "the sources were not found under {}", root.display());
    let name = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
    found
        .iter()
        .filter(|path| {
            !TEST_FILES.iter().any(|name| path.ends_with(name))
                && !path.components().any(|part| part.as_os_str() == "tests")
        })
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
