//! `self install`, `self uninstall`, `self update --check`: what was written, taken back, offered.

use crate::app::install::update::UpdateError;
use crate::app::install::{Fate, InstallError, Left, Placed};
use crate::basis::failure::{Failure, Kind};
use crate::basis::text::clean;
use std::path::Path;

/// Files could not be put in place or taken back.
pub fn install(error: &InstallError) -> Failure {
    let config = |id, what: String, help: String| Failure::new(Kind::Config, id, what, help);
    match error {
        InstallError::NoHome => {
            let what = "cannot install: HOME is not set, and --system was not asked for".to_owned();
            config("install-home", what, "set HOME, or add --system as an administrator".to_owned())
        }
        InstallError::Unwritable { path, source } => {
            let folder = path.parent().unwrap_or(path).display();
            let help = format!("ls -ld {folder}; df {folder}    (it must be yours, writable, with room left)");
            config("install-unwritable", error.to_string(), help).with_detail(format!("{:?}", source.kind()))
        }
        InstallError::Unreadable { path, .. } => {
            config("install-unreadable", error.to_string(), format!("ls -l {}", path.display()))
        }
        InstallError::BrokenRecord { path } => {
            config("install-record", error.to_string(), format!("rm {}    (then install again)", path.display()))
        }
        InstallError::NoRecord { .. } => {
            let what = format!("there is nothing to uninstall: {error}");
            let help = "remove the package that it came in; `unsetup` takes the registration with git back";
            config("not-self-installed", what, help.to_owned())
        }
    }
}

/// What was written, or would be, one line per file.
pub fn placed(placed: &[Placed], dry_run: bool) -> String {
    let verb = |fate: Fate| match (fate, dry_run) {
        (Fate::Same, _) => None,
        (Fate::New, false) => Some("created"),
        (Fate::New, true) => Some("would create"),
        (Fate::Replaced, false) => Some("replaced"),
        (Fate::Replaced, true) => Some("would replace"),
    };
    let lines = placed.iter().filter_map(|file| Some(format!("{} {}\n", verb(file.fate)?, show(&file.path))));
    let text: String = lines.collect();
    if text.is_empty() { format!("{} is installed already\n", env!("CARGO_PKG_VERSION")) } else { text }
}

/// A newer version is there, and nobody asked to go back.
pub fn newer_is_there(version: &str) -> String {
    let ours = env!("CARGO_PKG_VERSION");
    format!(
        "nothing was changed: {} is installed, which is newer than {ours}\nto go back, add --allow-downgrade \
         (with install.sh, name the version: --version {ours})\n",
        clean(version)
    )
}

/// Installed, and nobody has said which tenant and hosts there are.
pub fn installed_next(program: &Path) -> String {
    let program = show(program);
    format!("next, with your organisation's domain or file:\n  {program} setup DOMAIN\n  {program} setup --from FILE\n")
}

/// What was taken back.
pub fn uninstalled(left: &[Left]) -> String {
    let line = |left: &Left| match left {
        Left::Removed(path) => format!("removed {}\n", show(path)),
        Left::Changed(path) => format!("left {}, which somebody changed\n", show(path)),
    };
    left.iter().map(line).collect()
}

/// Nobody knows whether there is a newer version.
pub fn update(error: &UpdateError) -> Failure {
    let what = format!("whether there is a newer version is not known: {error}");
    let ask = "ask whoever runs that mirror; its file `latest` holds one version, without a redirect";
    match error {
        UpdateError::NoPlace => {
            let help = "set [network] update_url in the configuration, or ask your administrator to";
            Failure::new(Kind::Config, "update-url-missing", what, help)
        }
        UpdateError::Net(_) => {
            Failure::new(Kind::Network, "update-unreachable", what, "git credential-bitbucket-sso doctor")
        }
        UpdateError::Status { .. } | UpdateError::Nonsense { .. } => {
            Failure::new(Kind::Upstream, "update-answer", what, ask)
        }
    }
}

/// What is offered, beside what is here.
pub fn offered(place: &str, version: &str, newer: bool) -> String {
    let ours = env!("CARGO_PKG_VERSION");
    if newer {
        format!(
            "{version} is offered by {place}, this is {ours}\n  to install it, run install.sh or your package manager\n"
        )
    } else {
        format!("this is {ours}; {place} offers {version}, nothing newer\n")
    }
}

fn show(path: &Path) -> String {
    clean(&path.to_string_lossy())
}
