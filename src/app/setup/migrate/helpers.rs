//! Secrets that other programs keep. git's own helpers are asked; Git Credential Manager never is, since it might sign
//! in by itself: its files are looked for where its documentation says they are.

use super::{Found, Left, Length, What};
use crate::app::setup::git::{Entry, Git, values_outside_repositories};
use crate::basis::env::Env;
use crate::basis::secret::SecretBytes;
use crate::config::settings::{Host, Settings};
use std::path::{Path, PathBuf};

/// The files of `store --file`, as `~` leads there.
pub(super) fn store_files(entries: &[Entry], home: &Path) -> Vec<PathBuf> {
    let file = |entry: &Entry| {
        let words = words(entry, "store")?;
        let named = option(&words, "--file")?;
        let path = named.strip_prefix("~/").map_or_else(|| PathBuf::from(&named), |rest| home.join(rest));
        path.is_absolute().then_some(path)
    };
    entries.iter().filter_map(file).collect()
}

/// What git's helpers and Git Credential Manager keep for the configured hosts.
pub fn stored(env: &Env, home: &Path, entries: &[Entry], settings: &Settings) -> Vec<Found> {
    let git = Git::find(env).ok();
    let mut found = Vec::new();
    for host in &settings.hosts {
        for arguments in asked(entries) {
            let answer = git.as_ref().and_then(|git| git.credential(&arguments, "get", &request(host, None)));
            found.extend(answer.and_then(|answer| entry(host, &arguments, &answer)));
        }
    }
    let stores = manager_stores(env, home);
    found.extend(settings.hosts.iter().flat_map(|host| manager(&stores, host)));
    found
}

/// Has the helper that keeps it erase it; whether it then has nothing more of that user.
pub fn forget(env: &Env, entries: &[Entry], settings: &Settings, found: &Found) -> bool {
    let Ok(git) = Git::find(env) else { return false };
    let host = settings.hosts.iter().find(|host| host.url.to_string() == found.host);
    let arguments = asked(entries).into_iter().find(|arguments| *arguments.join(" ") == *found.place.to_string_lossy());
    let (Some(host), Some(arguments)) = (host, arguments) else { return false };
    let request = request(host, found.user.as_deref());
    git.credential(&arguments, "erase", &request).is_some()
        && git.credential(&arguments, "get", &request).is_none_or(|left| entry(host, &arguments, &left).is_none())
}

/// The helpers of git's own that keep secrets outside of files, with the options that say where.
fn asked(entries: &[Entry]) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    for entry in entries {
        for name in ["cache", "osxkeychain", "wincred"] {
            let Some(words) = words(entry, name) else { continue };
            let socket = option(&words, "--socket").filter(|_| name == "cache");
            let mut arguments = vec![format!("credential-{name}")];
            arguments.extend(socket.into_iter().flat_map(|socket| ["--socket".to_owned(), socket]));
            if !all.contains(&arguments) {
                all.push(arguments);
            }
        }
    }
    all
}

fn request(host: &Host, user: Option<&str>) -> String {
    let user = user.map_or_else(String::new, |user| format!("username={user}\n"));
    format!("protocol={}\nhost={}\n{user}\n", host.url.scheme(), host.url.authority())
}

fn entry(host: &Host, arguments: &[String], answer: &SecretBytes) -> Option<Found> {
    let text = std::str::from_utf8(answer.expose()).ok()?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    Some(Found {
        what: What::HelperEntry,
        place: arguments.join(" ").into(),
        line: 0,
        host: host.url.to_string(),
        user: value("username").map(str::to_owned),
        length: Some(Length::of(value("password")?.chars().count())),
        left: None,
    })
}

/// The words of a helper's value, if it is this one: `store --file x`, or by its path.
fn words(entry: &Entry, name: &str) -> Option<Vec<String>> {
    let mut words = entry.value.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned());
    let first = words.next()?;
    let program = Path::new(&first).file_name()?.to_str()?.trim_end_matches(".exe").to_owned();
    let bare = first == name || program == format!("git-credential-{name}");
    bare.then(|| words.collect())
}

fn option(words: &[String], name: &str) -> Option<String> {
    let joined = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let after = || words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)).map(String::as_str);
    joined.or_else(after).map(str::to_owned)
}

/// The folders of its plaintext, DPAPI and `pass` stores, the namespace included. A variable goes before git's
/// configuration there, too. All are looked at, whichever `credential.credentialStore` chooses: it may have been
/// another one yesterday.
fn manager_stores(env: &Env, home: &Path) -> Vec<PathBuf> {
    let values = values_outside_repositories(env, "^credential\\.(namespace|plaintextstorepath|dpapistorepath)$");
    let chosen = |variable: &str, key: &str| {
        let value = || values.iter().rfind(|(known, _)| known == key).map(|(_, value)| value.clone());
        env.text(variable).or_else(value)
    };
    let place = |chosen: Option<String>, usual: &str| match chosen {
        Some(path) => path.strip_prefix("~/").map_or_else(|| PathBuf::from(&path), |rest| home.join(rest)),
        None => home.join(usual),
    };
    let space = chosen("GCM_NAMESPACE", "credential.namespace").unwrap_or_else(|| "git".to_owned());
    let stores = [
        place(chosen("GCM_PLAINTEXT_STORE_PATH", "credential.plaintextstorepath"), ".gcm/store"),
        place(chosen("GCM_DPAPI_STORE_PATH", "credential.dpapistorepath"), ".gcm/dpapi_store"),
        place(env.text("PASSWORD_STORE_DIR"), ".password-store"),
    ];
    stores.iter().map(|store| store.join(&space)).collect()
}

/// What lies at `SCHEME/HOST/[PATH/]ACCOUNT.credential` or `.gpg` there (its docs/credstores.md).
fn manager(stores: &[PathBuf], host: &Host) -> Vec<Found> {
    let authority = if cfg!(windows) { host.url.authority().replace(':', "-") } else { host.url.authority() };
    let folders = stores.iter().map(|store| store.join(host.url.scheme()).join(&authority));
    folders.flat_map(|folder| accounts(&folder, 2)).map(|file| kept(&file, host)).collect()
}

fn accounts(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() && depth > 0 {
            found.extend(accounts(&path, depth - 1));
        } else if path.extension().is_some_and(|end| end == "credential" || end == "gpg") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn kept(file: &Path, host: &Host) -> Found {
    Found {
        what: What::ManagerFile,
        place: file.to_owned(),
        line: 0,
        host: host.url.to_string(),
        user: file.file_stem().map(|name| name.to_string_lossy().into_owned()),
        length: None,
        left: Some(Left::Foreign),
    }
}
