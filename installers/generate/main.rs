//! `cargo run --example managed -- installers/managed`: writes everything that device management deploys, from the
//! settings table. Not shipped; a test compares what is there with what this would write.

mod admx;
mod ansible;
mod everything;
mod json;
mod property_list;
mod registry;
mod sample;
mod toml;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "installers/managed".into()));
    for (name, text) in everything::files() {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap_or(&folder))?;
        std::fs::write(file, text)?;
    }
    Ok(())
}
