//! The helper as it ships, built by the cargo that runs this.

use crate::show;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The directory that holds the built helper; an error is one clause and what to do.
pub fn build(broker: bool) -> Result<PathBuf, String> {
    let profile = profile_dir()?;
    let (target, triple) = target_of(&profile);
    let mut line = vec!["build", "--quiet", "--bin", NAME];
    if broker {
        line.extend(["--features", "broker", "--bin", "bitbucket-sso-broker"]);
    }
    line.extend(triple.iter().flat_map(|triple| ["--target", triple]));
    match profile.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => {}
        Some("release") => line.push("--release"),
        Some(other) => line.extend(["--profile", other]),
    }
    show::command(&format!("cargo {}", line.join(" ")));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut command = Command::new(cargo);
    command.args(&line).arg("--manifest-path").arg(manifest).arg("--target-dir").arg(target).stdin(Stdio::null());
    forget_this_package(&mut command);
    let built = command.status().map_err(|error| format!("cargo could not be started: {error}"))?;
    if !built.success() || !profile.join(NAME).is_file() {
        return Err(format!("the helper was not built\n  do this: cargo {}", line.join(" ")));
    }
    Ok(profile)
}

/// What cargo tells the program it runs would make it build dependencies again that look at it.
fn forget_this_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let ours = |name: &str| name == "OUT_DIR" || TOLD.iter().any(|prefix| name.starts_with(prefix));
        if name.to_str().is_some_and(ours) {
            command.env_remove(name);
        }
    }
}

/// `target/PROFILE` of `target/PROFILE/examples/demo`.
fn profile_dir() -> Result<PathBuf, String> {
    let exe = std::env::current_exe().map_err(|error| format!("the demonstration cannot find itself: {error}"))?;
    let profile = exe.parent().and_then(Path::parent).map(Path::to_owned);
    profile.ok_or_else(|| "start it with `cargo run --example demo`".to_owned())
}

/// The target directory, and the target where cargo was told one: `target/debug`, `target/TRIPLE/debug`. The cache's tag
/// lies in the outer one, too.
fn target_of(profile: &Path) -> (&Path, Option<&str>) {
    let inner = profile.parent().unwrap_or(profile);
    match inner.parent().filter(|outer| outer.join("CACHEDIR.TAG").is_file()) {
        Some(outer) => (outer, inner.file_name().and_then(|name| name.to_str())),
        None => (inner, None),
    }
}

const TOLD: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];
const NAME: &str = "git-credential-bitbucket-sso";
