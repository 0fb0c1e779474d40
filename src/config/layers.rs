//! All documents become one: the first that sets a key wins, and what does not hold is reported.

use crate::basis::url::WebUrl;
use crate::config::document::{DEFAULT, Document, Entry, HostTable, Source, is_secret};
use crate::config::error::{Finding, Ignored, Layer, Spot};
use crate::config::table::Key;
use crate::config::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The settings of all layers, each with where it came from.
#[derive(Default)]
pub(super) struct Merged {
    sources: Vec<(Layer, Source)>,
    pub fixed: Vec<Setting>,
    pub profiles: Vec<(String, Vec<Setting>)>,
    /// Their names, for each host to look its own up.
    pub names: BTreeSet<String>,
    pub hosts: Vec<(WebUrl, Vec<Setting>)>,
}

/// A value in force. `source` is an index into the sources.
pub(super) struct Setting {
    pub entry: Entry,
    source: usize,
}

impl Merged {
    /// The layer that set it.
    pub fn layer(&self, setting: &Setting) -> Layer {
        self.sources.get(setting.source).map_or(Layer::BuiltIn, |(layer, _)| *layer)
    }

    /// Where it was set.
    pub fn spot(&self, setting: &Setting) -> Option<Spot> {
        self.sources.get(setting.source).map(|(_, source)| source.spot(setting.entry.at))
    }
}

/// Merges documents that come in the order of their layers.
pub(super) fn merge(mut documents: Vec<Document>, findings: &mut Vec<Finding>) -> Merged {
    withhold_trust(&mut documents, findings);
    withhold_governed(&mut documents, findings);
    let sole = documents.iter().filter(|document| !document.hosts.is_empty()).count() < 2;
    let mut merge = Merge { merged: Merged::default(), places: BTreeMap::new(), sole, findings };
    let names = profile_names(&documents);
    merge.merged.names = names.iter().cloned().collect();
    merge.merged.profiles = names.into_iter().map(|name| (name, Vec::new())).collect();
    for document in documents {
        merge.take(document);
    }
    merge.drop_misfits();
    merge.merged
}

/// Environment and command line may set trust keys only where no file sets any. A host has a trust key, its URL.
fn withhold_trust(documents: &mut [Document], findings: &mut Vec<Finding>) {
    let of_files = |document: &&Document| !is_passing(document.layer) && document.sets_trust();
    let Some(wins) = documents.iter().find(of_files).map(|document| document.layer) else { return };
    for document in documents.iter_mut().filter(|document| is_passing(document.layer)) {
        let Document { layer, source, fixed, profiles, hosts } = document;
        let own = fixed.extract_if(.., |entry| entry.key.is_trust());
        let of_profiles =
            profiles.iter_mut().flat_map(|(_, entries)| entries.extract_if(.., |entry| entry.key.is_trust()));
        let of_hosts = hosts.drain(..).flat_map(|host| host.entries);
        findings.extend(own.chain(of_profiles).chain(of_hosts).map(|entry| Finding::Ignored {
            key: entry.key.path(),
            at: source.spot(entry.at),
            layer: *layer,
            wins,
            why: Ignored::Trust,
        }));
    }
}

/// A server that policy names is policy's whole: another layer's host at another of its paths could take over
/// requests for the one of policy, or make them ambiguous.
fn withhold_governed(documents: &mut [Document], findings: &mut Vec<Finding>) {
    let of_policy = |document: &&Document| document.layer == Layer::Policy;
    if !documents.iter().any(|document| !of_policy(&document) && !document.hosts.is_empty()) {
        return;
    }
    let urls = documents.iter().filter(of_policy).flat_map(|document| &document.hosts).map(|host| &host.url);
    let governed: BTreeSet<(String, u16, String)> =
        urls.map(|url| (url.host().to_owned(), url.effective_port(), url.path().to_owned())).collect();
    if governed.is_empty() {
        return;
    }
    let displaced = |url: &WebUrl| {
        let server = (url.host().to_owned(), url.effective_port());
        let first = governed.range((server.0.clone(), server.1, String::new())..).next();
        let named = first.is_some_and(|(host, port, _)| (host, *port) == (&server.0, server.1));
        named && !governed.contains(&(server.0, server.1, url.path().to_owned()))
    };
    for document in documents.iter_mut().filter(|document| document.layer != Layer::Policy) {
        let Document { layer, source, hosts, .. } = document;
        findings.extend(hosts.extract_if(.., |host| displaced(&host.url)).map(|host| Finding::Ignored {
            key: "host.url".to_owned(),
            at: source.spot(host.at),
            layer: *layer,
            wins: Layer::Policy,
            why: Ignored::Governed,
        }));
    }
}

fn is_passing(layer: Layer) -> bool {
    matches!(layer, Layer::CommandLine | Layer::Environment)
}

/// `default` and every `[entra.NAME]`, each once.
fn profile_names(documents: &[Document]) -> Vec<String> {
    let mut seen = BTreeSet::from([DEFAULT]);
    let named = documents.iter().flat_map(|document| &document.profiles).map(|(name, _)| name.as_str());
    let new = named.filter(|name| seen.insert(name));
    std::iter::once(DEFAULT).chain(new).map(str::to_owned).collect()
}

struct Merge<'a> {
    merged: Merged,
    /// Where in `merged.hosts` a URL is.
    places: BTreeMap<WebUrl, usize>,
    /// Only one document has hosts; it names none twice, so that there is nothing to look up.
    sole: bool,
    findings: &'a mut Vec<Finding>,
}

impl Merge<'_> {
    fn take(&mut self, document: Document) {
        let Document { layer, source, fixed, profiles, hosts } = document;
        let from = self.merged.sources.len();
        self.merged.sources.push((layer, source));
        let mut slot = std::mem::take(&mut self.merged.fixed);
        self.add_all(&mut slot, fixed, from);
        self.merged.fixed = slot;
        self.take_profiles(&profiles, from);
        for host in hosts {
            self.take_host(host, from);
        }
    }

    /// A profile's own table comes first; what it does not say about trust, it takes from `[entra]` of the
    /// same document. So policy for `[entra]` holds for profiles that a user adds.
    fn take_profiles(&mut self, profiles: &[(String, Vec<Entry>)], from: usize) {
        // There may be thousands of them.
        let own: BTreeMap<&str, &[Entry]> =
            profiles.iter().map(|(name, own)| (name.as_str(), own.as_slice())).collect();
        let entries_of = |name| own.get(name).copied().unwrap_or_default().iter().cloned();
        let mut slots = std::mem::take(&mut self.merged.profiles);
        for (name, slot) in &mut slots {
            self.add_all(slot, entries_of(name.as_str()), from);
            if name != DEFAULT {
                let habits = entries_of(DEFAULT).filter(|entry| !entry.key.is_trust());
                let unset: Vec<Entry> = habits.filter(|entry| rival(slot, entry.key).is_none()).collect();
                self.add_all(slot, unset, from);
            }
        }
        self.merged.profiles = slots;
    }

    fn take_host(&mut self, host: HostTable, from: usize) {
        let HostTable { url, at: _, entries } = host;
        let next = self.merged.hosts.len();
        let place = if self.sole { next } else { *self.places.entry(url.clone()).or_insert(next) };
        if place == next {
            self.merged.hosts.push((url, Vec::with_capacity(entries.len())));
        }
        let Some((_, slot)) = self.merged.hosts.get_mut(place) else { return };
        let mut slot = std::mem::take(slot);
        self.add_all(&mut slot, entries, from);
        if let Some((_, empty)) = self.merged.hosts.get_mut(place) {
            *empty = slot;
        }
    }

    fn add_all(&mut self, slot: &mut Vec<Setting>, entries: impl IntoIterator<Item = Entry>, from: usize) {
        for entry in entries {
            match self.obstacle(slot, &entry, from) {
                Obstacle::Free => slot.push(Setting { entry, source: from }),
                Obstacle::Taken => {}
                Obstacle::Locked => self.report(&entry, from, Layer::Policy, Ignored::Locked),
            }
        }
    }

    fn obstacle(&self, slot: &[Setting], entry: &Entry, from: usize) -> Obstacle {
        let locked = |setting: &Setting| self.merged.layer(setting) == Layer::Policy;
        match rival(slot, entry.key) {
            Some(rival) if locked(rival) && !(rival.entry.key == entry.key && rival.entry.value.same(&entry.value)) => {
                Obstacle::Locked
            }
            Some(_) => Obstacle::Taken,
            // The profile decides about tenant and client: a policy host keeps the one that policy gave it.
            None if entry.key.name == "entra"
                && slot.iter().any(|setting| setting.source != from && locked(setting)) =>
            {
                Obstacle::Locked
            }
            None => Obstacle::Free,
        }
    }

    /// A key of a lower layer may not suit the source that a higher layer chose.
    fn drop_misfits(&mut self) {
        let mut hosts = std::mem::take(&mut self.merged.hosts);
        for (_, slot) in &mut hosts {
            let Some(chosen) = slot.iter().find(|setting| setting.entry.key.name == "source") else { continue };
            let (Value::Text(source), wins) = (chosen.entry.value.clone(), self.merged.layer(chosen)) else { continue };
            for setting in slot.extract_if(.., |setting| !setting.entry.key.fits(&source)) {
                self.report(&setting.entry, setting.source, wins, Ignored::Source);
            }
        }
        self.merged.hosts = hosts;
    }

    fn report(&mut self, entry: &Entry, from: usize, wins: Layer, why: Ignored) {
        let Some((layer, source)) = self.merged.sources.get(from) else { return };
        let (key, at, layer) = (entry.key.path(), source.spot(entry.at), *layer);
        self.findings.push(Finding::Ignored { key, at, layer, wins, why });
    }
}

enum Obstacle {
    Free,
    Taken,
    Locked,
}

/// What already stands where `key` would: itself, or another way to give the client secret.
fn rival<'a>(slot: &'a [Setting], key: &Key) -> Option<&'a Setting> {
    slot.iter().find(|setting| setting.entry.key == key || (is_secret(key) && is_secret(setting.entry.key)))
}
