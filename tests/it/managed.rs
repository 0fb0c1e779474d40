//! `installers/managed/` is what its generator writes, and the helper takes it.

use crate::desk::{HELPER, said};
use std::path::Path;
use std::process::Command;

#[path = "../../installers/generate/admx.rs"]
mod admx;
#[path = "../../installers/generate/ansible.rs"]
mod ansible;
#[path = "../../installers/generate/everything.rs"]
mod everything;
#[path = "../../installers/generate/json.rs"]
mod json;
#[path = "../../installers/generate/property_list.rs"]
mod property_list;
#[path = "../../installers/generate/registry.rs"]
mod registry;
#[path = "../../installers/generate/sample.rs"]
pub mod sample;
#[path = "../../installers/generate/toml.rs"]
mod toml;

#[test]
fn what_is_deployed_comes_from_the_settings_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("installers/managed");
    let differs =
        |(name, text): &(String, String)| std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text);
    let old: Vec<String> = everything::files().into_iter().filter(differs).map(|(name, _)| name).collect();
    assert!(old.is_empty(), "run `cargo run --example managed -- installers/managed`; it changes {old:?}");
    assert_eq!(sample::missing(), Vec::<String>::new(), "settings without a sample");
}

#[test]
fn the_samples_are_valid_as_they_are_and_with_every_line() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in
        everything::files().iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|end| end == "toml"))
    {
        // No path of Windows is absolute here.
        let text = text.replace(r"C:\\ProgramData\\", "/");
        for text in [text.clone(), uncommented(&text)] {
            let file = dir.path().join("sample.toml");
            std::fs::write(&file, &text).unwrap();
            let output = Command::new(HELPER).args(["config", "validate"]).arg(&file).output().unwrap();
            assert!(output.status.success(), "{name}: {}\n{text}", said(&output));
        }
    }
}

/// The sample with everything set.
pub fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// The policy for Linux with everything set.
pub fn whole_policy() -> String {
    let tables = sample::tables(sample::Layer::Policy, sample::Place::Linux);
    uncommented(&toml::file(&tables, sample::Layer::Policy, sample::Place::Linux))
}
