//! Policy as a file for `reg import`.

use super::sample::{self, Layer, Place, Sample};
use bitbucket_sso::config::table::Section;
use std::fmt::Write as _;

/// The file, with the line ends that Windows expects.
pub fn policy() -> String {
    let mut text = "Windows Registry Editor Version 5.00\n".to_owned();
    let mut host = 0;
    for table in sample::tables(Layer::Policy, Place::Windows) {
        let below = if table.section == Section::Host {
            host += 1;
            format!("host\\{host}")
        } else {
            table.section.name().to_owned()
        };
        let active = table.rows.iter().any(|row| row.active);
        let mark = |active| if active { "" } else { ";" };
        _ = write!(text, "\n{}[HKEY_LOCAL_MACHINE\\{KEY}\\{below}]\n", mark(active));
        for row in &table.rows {
            _ = writeln!(text, "{}\"{}\"={}", mark(row.active), row.key.name, data(&row.value));
        }
    }
    text.replace('\n', "\r\n")
}

fn data(value: &Sample) -> String {
    match value {
        Sample::Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        Sample::Flag(flag) => format!("dword:{:08x}", u32::from(*flag)),
        Sample::List(list) => {
            let ended = list.iter().flat_map(|word| word.encode_utf16().chain([0])).chain([0]);
            let bytes: Vec<String> = ended.flat_map(u16::to_le_bytes).map(|byte| format!("{byte:02x}")).collect();
            format!("hex(7):{}", bytes.join(","))
        }
    }
}

/// Where policy is.
pub const KEY: &str = "SOFTWARE\\Policies\\BitbucketSso";
