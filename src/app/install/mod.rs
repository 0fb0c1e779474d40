//! `self install`, `self uninstall`, `self update --check`: this program's own files, put in place and taken back.
//! `install.sh` and `install.ps1` fetch and verify; what they then do is here.

mod layout;
mod place;
mod record;
mod register;
mod remove;
pub mod update;
mod version;

pub use place::{Fate, Placed};
pub use remove::{Leaving, Left, uninstall};

use crate::app::words;
use crate::app::world::own_path;
use crate::basis::clock::Clock;
use crate::basis::env::Env;
use crate::basis::failure::Failure;
use layout::Layout;
use place::Wanted;
use record::Record;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `self install` as typed.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are flags as typed")]
pub struct Wish {
    /// For everybody on this machine, below `/usr/local`.
    pub system: bool,
    /// Where the program goes instead.
    pub bin_dir: Option<PathBuf>,
    pub no_git_config: bool,
    pub dry_run: bool,
    /// Whether a newer version may be replaced.
    pub downgrade: bool,
}

/// A manual page or a completion: its place below `share`, and its text.
pub type Paper = (String, String);

/// Why files could not be put in place or taken back, named for what the person does next.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No home directory to install to.
    #[error("HOME is not set")]
    NoHome,
    /// The file system refuses: not ours, read-only, full.
    #[error("{path} cannot be written: {source}")]
    Unwritable { path: PathBuf, source: io::Error },
    /// A file that is there, or our own program, cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    /// The record of what was installed makes no sense.
    #[error("{path} is no record of an installation")]
    BrokenRecord { path: PathBuf },
    /// There is no record: a package put this program here, or nobody.
    #[error("{path} does not exist")]
    NoRecord { path: PathBuf },
}

/// Puts this very program in place with its manual pages and completions, then registers it with git for the hosts
/// that are configured. Run again it changes nothing, not even a file's inode.
pub fn install(env: &Env, clock: &Arc<dyn Clock>, wish: &Wish, papers: &[Paper]) -> Result<String, Failure> {
    if !wish.system {
        register::check_home(env)?;
    }
    let (layout, placed) = match files(env, wish, papers).map_err(|error| words::install(&error))? {
        Step::Newer(version) => return Ok(words::newer_is_there(&version)),
        Step::Placed(layout, placed) => (layout, placed),
    };
    let mut said = words::placed(&placed, wish.dry_run);
    if !wish.no_git_config {
        said.push_str(&register::register(env, clock, &layout.program, wish)?);
    }
    Ok(said)
}

enum Step {
    /// The version that is there and stays.
    Newer(String),
    Placed(Layout, Vec<Placed>),
}

fn files(env: &Env, wish: &Wish, papers: &[Paper]) -> Result<Step, InstallError> {
    let layout = layout::of(env, wish.system, wish.bin_dir.as_deref())?;
    let before = Record::read(&layout.record)?;
    if let Some(there) = before.as_ref().map(|record| &record.version)
        && !wish.downgrade
        && version::newer(there, version::OURS)
    {
        return Ok(Step::Newer(there.clone()));
    }
    let files = wanted(&layout, papers)?;
    let placed = place::compare(&files)?;
    let record = record::after(before.as_ref(), &files, &place::missing_folders(&files, &layout.record));
    let fate = record.fate(before.as_ref());
    if !wish.dry_run {
        // What is written down first can be taken back even if the rest fails.
        if fate != Fate::Same {
            record.write(&layout.record)?;
        }
        place::place(&files, &placed)?;
    }
    let written_down = Placed { path: layout.record.clone(), fate };
    Ok(Step::Placed(layout, [written_down].into_iter().chain(placed).collect()))
}

/// The program comes last: where it is, everything else is.
fn wanted(layout: &Layout, papers: &[Paper]) -> Result<Vec<Wanted>, InstallError> {
    let exe = own_path();
    let bytes = std::fs::read(&exe).map_err(|source| InstallError::Unreadable { path: exe, source })?;
    let below = |share: &PathBuf, (place, text): &Paper| Wanted {
        path: share.join(Path::new(place)),
        bytes: text.clone().into_bytes(),
        program: false,
    };
    let share = layout.share.iter();
    let mut files: Vec<Wanted> = share.flat_map(|share| papers.iter().map(move |paper| below(share, paper))).collect();
    files.push(Wanted { path: layout.program.clone(), bytes, program: true });
    Ok(files)
}
