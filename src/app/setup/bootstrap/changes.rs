//! How two documents differ, setting by setting.

use crate::app::setup::schema::Setting;
use crate::basis::text::clean;
use crate::config::table::{self, Section};

/// One setting that would not stay as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Cleaned, for people.
    pub text: String,
    /// Whether it is about whom to trust, so that a person decides.
    pub trust: bool,
}

/// What of `wanted` is not so at `present`.
pub(super) fn one_way(wanted: &[Setting], present: &[Setting]) -> Vec<String> {
    wanted.iter().filter_map(|wanted| differs(wanted, present)).collect()
}

/// The same, and what `present` has besides.
pub(super) fn both_ways(wanted: &[Setting], present: &[Setting]) -> Vec<Change> {
    let changed = wanted.iter().filter_map(|setting| Some((setting, differs(setting, present)?)));
    let gone = present.iter().filter(|here| !wanted.iter().any(|there| there.key == here.key));
    let gone = gone.map(|here| (here, clean(&format!("{}: {} here, not set there", here.key, here.value))));
    changed.chain(gone).map(|(setting, text)| Change { trust: is_trust(&setting.key), text }).collect()
}

fn differs(wanted: &Setting, present: &[Setting]) -> Option<String> {
    let here = present.iter().find(|setting| setting.key == wanted.key);
    // A host's own key holds its URL in one spelling, so its `url` is the same however it is written.
    let is_url = wanted.key.rsplit('.').next() == Some("url");
    let same = |here: &Setting| here.value == wanted.value || is_url;
    match here {
        Some(here) if same(here) => None,
        Some(here) => Some(clean(&format!("{}: {} here, {} there", wanted.key, here.value, wanted.value))),
        None => Some(clean(&format!("{}: not set here, {} there", wanted.key, wanted.value))),
    }
}

/// A trust key; which profile a host uses decides about its tenant. A key that is not known here counts too.
fn is_trust(full: &str) -> bool {
    let section = if full.starts_with("host ") { Section::Host } else { Section::Entra };
    let name = full.rsplit('.').next().unwrap_or_default();
    name == Section::Entra.name() || table::find(section, name).is_none_or(table::Key::is_trust)
}
