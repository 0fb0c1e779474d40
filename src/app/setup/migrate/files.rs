//! The files that are looked at, and their change: whole or not at all, under the lock that git itself takes.

use super::undo::Rewritten;
use super::{Edit, Found, Spot, What, Wish, config_file, helpers, items, netrc, store};
use crate::app::setup::git::{Entry, Git};
use crate::app::setup::replace::{Lock, Readers};
use crate::app::setup::{Blocked, SetupError, Surroundings, include, target};
use crate::basis::secret::SecretBytes;
use crate::config::settings::Settings;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Why something is left to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The file may not or should not be replaced.
    Blocked(Blocked),
    /// A symbolic link: a dotfiles manager's, most often.
    Linked,
    /// The line is written in a way that only its owner should change, or its https form cannot be told.
    Unclear,
    /// Another program's own store.
    Foreign,
    /// The keyring would have to be unlocked.
    Locked,
}

/// Everything that was found.
pub struct Look {
    files: Vec<Seen>,
    /// What other programs keep.
    stored: Vec<Found>,
    entries: Vec<Entry>,
}

/// A file in which something was found.
struct Seen {
    path: PathBuf,
    bytes: SecretBytes,
    spots: Vec<Spot>,
}

/// What became of the files.
#[derive(Debug, Default)]
pub struct Applied {
    pub changed: Vec<Found>,
    /// For `--undo`.
    pub rewritten: Vec<Rewritten>,
    /// Why it ended early.
    pub error: Option<SetupError>,
}

/// Looks at everything that git, and curl for git, read for this user, and at the repositories below `roots`.
pub fn look(surroundings: &Surroundings, settings: &Settings, roots: &[PathBuf]) -> Result<Look, SetupError> {
    let home = target::home(surroundings)?;
    let mut entries = Git::find(surroundings.env)?.helpers()?;
    // A repository does not say which files and programs are looked at.
    entries.retain(|entry| !matches!(entry.scope.as_deref(), Some("local" | "worktree")));
    let xdg = surroundings.env.os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let mut stores = BTreeSet::from([home.join(".git-credentials"), xdg.join("git/credentials")]);
    stores.extend(helpers::store_files(&entries, &home));
    let mut configs = BTreeSet::from(target::home_files(surroundings.env, &home));
    configs.extend(read_here(surroundings));
    for root in roots {
        below(root, DEEPEST, &mut configs);
    }
    configs.retain(|path| path != surroundings.include_file);
    let netrc = [".netrc", "_netrc"].map(|name| home.join(name));
    let read = |path: &PathBuf, read: fn(&Path, &[u8], &Settings) -> Vec<Spot>| file(path, settings, read);
    let mut files: Vec<Seen> = stores.iter().filter_map(|path| read(path, store::spots)).collect();
    files.extend(netrc.iter().filter_map(|path| read(path, netrc::spots)));
    files.extend(configs.iter().filter_map(|path| read(path, config_file::spots)));
    let mut stored = helpers::stored(surroundings.env, &home, &entries, settings);
    stored.extend(items::stored(settings));
    Ok(Look { files, stored, entries })
}

impl Look {
    /// Everything, files first.
    pub fn found(&self) -> Vec<Found> {
        let in_files = self.files.iter().flat_map(|file| &file.spots).map(|spot| &spot.found);
        in_files.chain(&self.stored).cloned().collect()
    }

    /// Makes the changes that are wished for, file by file, until one fails.
    pub fn apply(&self, surroundings: &Surroundings, settings: &Settings, wish: Wish) -> Applied {
        let mut applied = Applied::default();
        for file in &self.files {
            if let Err(error) = file.apply(wish, &mut applied) {
                applied.error = Some(error);
                return applied;
            }
        }
        let wished = self.stored.iter().filter(|found| found.left.is_none() && wish.covers(found));
        let gone = wished.filter(|found| match found.what {
            What::KeyringItem => items::forget(&found.place),
            _ => helpers::forget(surroundings.env, &self.entries, settings, found),
        });
        applied.changed.extend(gone.cloned());
        applied
    }
}

impl Seen {
    fn apply(&self, wish: Wish, applied: &mut Applied) -> Result<(), SetupError> {
        let all = self.spots.iter().filter_map(|spot| Some((spot, spot.edit.as_ref()?)));
        let chosen: Vec<(&Spot, &Edit)> =
            all.filter(|(spot, _)| spot.found.left.is_none() && wish.covers(&spot.found)).collect();
        if chosen.is_empty() {
            return Ok(());
        }
        let edits: Vec<&Edit> = chosen.iter().map(|(_, edit)| *edit).collect();
        replace(&self.path, &self.bytes, &SecretBytes::new(spliced(self.bytes.expose(), &edits)))?;
        applied.rewritten.extend(chosen.iter().filter_map(|(spot, edit)| rewritten(self, spot, edit)));
        applied.changed.extend(chosen.into_iter().map(|(spot, _)| spot.found.clone()));
        Ok(())
    }
}

/// Writes a file whose content is known.
pub(super) fn replace(path: &Path, before: &SecretBytes, after: &SecretBytes) -> Result<(), SetupError> {
    let mut lock = Lock::take(path, Readers::Owner)?;
    let now = lock.current()?.map(SecretBytes::new);
    if now.as_ref().map(SecretBytes::expose) != Some(before.expose()) {
        return Err(SetupError::ChangedMeanwhile { path: path.to_owned() });
    }
    lock.fill(after.expose())?;
    lock.commit()
}

fn file(path: &Path, settings: &Settings, read: fn(&Path, &[u8], &Settings) -> Vec<Spot>) -> Option<Seen> {
    let target = target::look(path).ok()?;
    let bytes = SecretBytes::new(target.bytes?);
    if include::is_ours(bytes.expose()) {
        return None;
    }
    let linked = (target.real != target.path).then_some(Left::Linked);
    let left = target.blocked.map(Left::Blocked).or(linked);
    let mut spots = read(path, bytes.expose(), settings);
    for spot in &mut spots {
        spot.found.left = left.or(spot.edit.is_none().then_some(Left::Unclear));
    }
    (!spots.is_empty()).then(|| Seen { path: path.to_owned(), bytes, spots })
}

/// The files that git reads in the current directory, and the repository there.
fn read_here(surroundings: &Surroundings) -> Vec<PathBuf> {
    let Ok(git) = Git::find(surroundings.env) else { return Vec::new() };
    let listed = git.lines(&["config", "--show-origin", "--name-only", "--null", "--list"]);
    let mut files: Vec<PathBuf> =
        listed.iter().filter_map(|origin| origin.strip_prefix("file:")).map(PathBuf::from).collect();
    // Relative ones are the repository's own.
    files.retain(|path| path.is_absolute());
    for dir in git.lines(&["rev-parse", "--git-common-dir"]) {
        if let Ok(dir) = std::fs::canonicalize(dir.trim_end()) {
            repository(&dir, DEEPEST, &mut files);
        }
    }
    files
}

/// Symbolic links are not followed: they may lead anywhere.
fn below(dir: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) {
    let mut files = Vec::new();
    if is_repository(dir) {
        repository(dir, DEEPEST, &mut files);
        found.extend(files);
        return;
    }
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        below(&entry.path(), depth - 1, found);
    }
}

fn is_repository(dir: &Path) -> bool {
    dir.join("HEAD").is_file() && dir.join("config").is_file() && dir.join("objects").is_dir()
}

/// Its configuration, and that of its submodules.
fn repository(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    files.extend(["config", "config.worktree"].map(|name| dir.join(name)).into_iter().filter(|file| file.is_file()));
    let mut modules = BTreeSet::new();
    if depth > 0 {
        let inside = std::fs::read_dir(dir.join("modules")).into_iter().flatten().flatten();
        for entry in inside {
            below(&entry.path(), depth - 1, &mut modules);
        }
    }
    files.extend(modules);
}

fn spliced(bytes: &[u8], edits: &[&Edit]) -> Vec<u8> {
    let mut sorted = edits.to_vec();
    sorted.sort_by_key(|edit| edit.at.start);
    let room = bytes.len() + edits.iter().map(|edit| edit.with.len()).sum::<usize>();
    // It never grows: that would leave copies of a secret behind.
    let mut after = Vec::with_capacity(room);
    let mut from = 0;
    for edit in sorted {
        after.extend_from_slice(bytes.get(from..edit.at.start).unwrap_or_default());
        after.extend_from_slice(edit.with.as_bytes());
        from = edit.at.end.max(from);
    }
    after.extend_from_slice(bytes.get(from..).unwrap_or_default());
    after
}

/// The line as it was and as it is, if it holds no secret.
fn rewritten(file: &Seen, spot: &Spot, edit: &Edit) -> Option<Rewritten> {
    if !matches!(spot.found.what, What::SshRemote | What::SshBase) {
        return None;
    }
    let before = file.bytes.expose().get(edit.at.clone())?;
    Some(Rewritten {
        file: file.path.clone(),
        before: String::from_utf8(before.to_vec()).ok()?,
        after: edit.with.clone(),
        line: spot.found.line,
    })
}

/// How deep repositories are looked for.
const DEEPEST: usize = 12;
