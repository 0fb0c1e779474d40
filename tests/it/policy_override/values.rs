//! For every key of the table a value that the policy of the tests does not set.

use crate::desk::Desk;
use crate::managed::sample::{self, Place, Sample};
use bitbucket_sso::config::table::{Key, Kind, Rights, Section, TABLE};

/// What flags and variables may set for a host of policy with that source, each to another value.
pub fn passing(source: &str) -> Vec<(&'static Key, String)> {
    let tables = sample::tables(sample::Layer::Policy, Place::Linux);
    let url = |table: &sample::Table| {
        let row = |name: &str| table.rows.iter().find(|row| row.key.name == name).map(|row| text(&row.value));
        row("source").filter(|own| own == source).and_then(|_| row("url"))
    };
    let url = tables.iter().find_map(url).unwrap();
    let may = |key: &&Key| matches!(key.rights, Rights::Anyone | Rights::Trust) && key.name != "client_secret_file";
    let fits = |key: &&Key| key.section != Section::Host || key.fits(source);
    let value = |key: &Key| match (key.section, key.name) {
        (Section::Host, "url") => url.clone(),
        (Section::Host, "source") => source.to_owned(),
        _ => text(&other(key)),
    };
    TABLE.iter().filter(may).filter(fits).map(|key| (key, value(key))).collect()
}

/// A directory with evil files.
pub fn planted(desk: &Desk, name: &str) -> std::path::PathBuf {
    let folder = desk.path(name);
    std::fs::create_dir_all(&folder).unwrap();
    for file in ["config.toml", "policy.toml", "10.toml", "bitbucket-sso.toml"] {
        std::fs::write(folder.join(file), evil()).unwrap();
    }
    folder
}

/// A file that says otherwise about every key that it may set, for the hosts of policy too.
pub fn evil() -> String {
    let may = |key: &&Key| key.rights != Rights::Policy;
    let mut text = String::new();
    for section in Section::ALL.into_iter().filter(|section| *section != Section::Host) {
        text.extend(["[", section.name(), "]\n"]);
        text.extend(section.keys().filter(may).map(line));
    }
    for table in sample::tables(sample::Layer::Policy, Place::Linux) {
        if table.section == Section::Host {
            text.push_str("[[host]]\n");
            let keeps = |key: &Key| matches!(key.name, "url" | "source");
            text.extend(
                table.rows.iter().map(|row| if keeps(row.key) { pair(row.key, &row.value) } else { line(row.key) }),
            );
        }
    }
    text
}

/// A value that policy does not set.
pub fn other(key: &Key) -> Sample {
    let invented = match key.kind {
        Kind::Tenant => "evil.example",
        Kind::Guid => "99999999-2222-4333-8444-555555555555",
        Kind::Url | Kind::Address => "https://evil.example",
        Kind::Redirect => "http://localhost:1/evil",
        Kind::TimeOfDay => "23:59",
        Kind::Path => "/dev/null/evil",
        Kind::Version => "0.0.1",
        Kind::Text | Kind::Secret if key.name != "entra" => "evil",
        Kind::Text | Kind::Secret => "default",
        Kind::Keys => return Sample::List(vec![OTHER_KEY.into()]),
        Kind::Words | Kind::Command => return Sample::List(vec!["/bin/evil".into()]),
        Kind::Flag => return Sample::Flag(sample::value(key, "", Place::Linux) == Sample::Flag(false)),
        Kind::Duration { least, most } => {
            let ours = [least.max(1), most].map(|seconds| Sample::Text(format!("{seconds}s")));
            let [low, high] = ours;
            return if sample::value(key, "", Place::Linux) == low { high } else { low };
        }
        Kind::Choice(words) => {
            let ours = sample::value(key, "", Place::Linux);
            words.iter().find(|word| Sample::Text((**word).to_owned()) != ours).unwrap()
        }
    };
    Sample::Text(invented.to_owned())
}

pub fn line(key: &Key) -> String {
    pair(key, &other(key))
}

fn pair(key: &Key, value: &Sample) -> String {
    let value = match value {
        Sample::Text(text) => format!("'{text}'"),
        Sample::Flag(flag) => flag.to_string(),
        Sample::List(list) => format!("{list:?}"),
    };
    format!("{} = {value}\n", key.name)
}

pub fn text(value: &Sample) -> String {
    match value {
        Sample::Text(text) => text.clone(),
        Sample::Flag(flag) => flag.to_string(),
        Sample::List(list) => list.join(" "),
    }
}

const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICYhQUQDZJD7WCljlQHw4DqIiKZ96tBrIaYM2DJxNk7t evil";
