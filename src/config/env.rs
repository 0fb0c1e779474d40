//! Environment and command line as documents. The names of the variables come from the settings table.

use crate::basis::env::Env;
use crate::config::document::{DEFAULT, Document, Entry, HostTable, Source};
use crate::config::error::{ConfigError, Finding, Ignored, Layer, Origin};
use crate::config::file::url_of;
use crate::config::nearest::nearest;
use crate::config::table::{CONFIG_VARIABLE, Key, PREFIX, Rights, Section, TABLE};
use crate::config::value;

/// The variables that are set. Mostly none is: one look over all names is cheaper than one search per key.
pub(super) fn environment(env: &Env, findings: &mut Vec<Finding>) -> Result<Document, ConfigError> {
    let set = env.names(PREFIX);
    let mut pairs = Vec::new();
    let mut name = String::new();
    for key in if set.is_empty() { &[] } else { TABLE } {
        if key.write_variable(&mut name)
            && set.contains(&name)
            && let Some(text) = env.text(&name)
        {
            pairs.push((key, Origin::Variable(name.clone()), text));
        }
    }
    document(Layer::Environment, Origin::Variable([PREFIX, "*"].concat()), &pairs, findings)
}

/// The variables that start like ours and mean nothing: a mistyped one would be missed otherwise. For `status` and
/// `doctor`.
pub fn unknown_variables(env: &Env) -> Vec<Finding> {
    let known: Vec<String> = TABLE.iter().filter_map(Key::variable).chain([CONFIG_VARIABLE.to_owned()]).collect();
    let unknown = |name: String| {
        let nearest = nearest(&name, known.iter().map(String::as_str)).map(str::to_owned);
        Finding::UnknownVariable { name, nearest }
    };
    let ours = |name: &String| known.contains(name) || name.starts_with(INSTALLER);
    env.names(PREFIX).into_iter().filter(|name| !ours(name)).map(unknown).collect()
}

/// The flags, each by the key it stands for.
pub(super) fn command_line(flags: &[(String, String)], findings: &mut Vec<Finding>) -> Result<Document, ConfigError> {
    let mut pairs = Vec::new();
    for (path, text) in flags {
        let known =
            TABLE.iter().find(|key| matches!(key.rights, Rights::Anyone | Rights::Trust) && key.path() == *path);
        let Some(key) = known else {
            let at = Source::named(Origin::Flag(path.clone()), Vec::new()).spot(0);
            let paths: Vec<String> = TABLE.iter().map(Key::path).collect();
            let nearest = nearest(path, paths.iter().map(String::as_str)).map(str::to_owned);
            return Err(ConfigError::UnknownKey { at, key: path.clone(), nearest });
        };
        pairs.push((key, Origin::Flag(path.clone()), text.clone()));
    }
    document(Layer::CommandLine, Origin::Flag(String::new()), &pairs, findings)
}

type Pair = (&'static Key, Origin, String);

fn document(
    layer: Layer,
    origin: Origin,
    pairs: &[Pair],
    findings: &mut Vec<Finding>,
) -> Result<Document, ConfigError> {
    let names = pairs.iter().map(|(_, origin, _)| origin.clone()).collect();
    let mut document = Document::new(layer, Source::named(origin, names));
    let (mut host, mut profile) = (Vec::new(), Vec::new());
    for (at, (key, _, text)) in pairs.iter().enumerate() {
        let value = value::from_text(key, text).map_err(|reason| ConfigError::BadValue {
            at: document.source.spot(at),
            key: key.path(),
            reason,
        })?;
        let entry = Entry { key, value, at };
        match key.section {
            Section::Host => host.push(entry),
            Section::Entra => profile.push(entry),
            _ => document.fixed.push(entry),
        }
    }
    document.profiles.push((DEFAULT.to_owned(), profile));
    take_host(&mut document, host, findings);
    document.check()?;
    Ok(document)
}

/// The one host that variables can describe. Without a URL there is nothing that its keys could belong to.
fn take_host(document: &mut Document, entries: Vec<Entry>, findings: &mut Vec<Finding>) {
    if let Some(url) = url_of(&entries).cloned() {
        document.hosts.push(HostTable { url, at: 0, entries });
        return;
    }
    findings.extend(entries.iter().map(|entry| Finding::Ignored {
        key: entry.key.path(),
        at: document.source.spot(entry.at),
        layer: document.layer,
        wins: Layer::BuiltIn,
        why: Ignored::NoHost,
    }));
}

/// What `install.sh` and `install.ps1` read; settings of no run of this program.
const INSTALLER: &str = "BITBUCKET_SSO_INSTALL_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_become_settings_and_one_host() {
        let env = Env::fixed([
            ("BITBUCKET_SSO_FLOW", "device-code"),
            ("BITBUCKET_SSO_MARGIN", "4m"),
            ("BITBUCKET_SSO_HOST_URL", "https://h"),
            ("BITBUCKET_SSO_HOST_SCOPES", "a b"),
            ("BITBUCKET_SSO_CONFIG", "/x"),
            ("BITBUCKET_SSO_INSTALL_YES", "1"),
            ("BITBUCKET_SSO_TENNANT", "typed wrong"),
        ]);
        let mut findings = Vec::new();
        let document = environment(&env, &mut findings).unwrap();
        let shown: Vec<String> = document.entries().map(|e| format!("{}={}", e.key.path(), e.value.shown())).collect();
        assert_eq!(shown, ["token.margin=4m", "entra.flow=device-code", "host.url=https://h", "host.scopes=a b"]);
        assert!(findings.is_empty());
        let findings = unknown_variables(&env);
        let [Finding::UnknownVariable { name, nearest }] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!((name.as_str(), nearest.as_deref()), ("BITBUCKET_SSO_TENNANT", Some("BITBUCKET_SSO_TENANT")));
    }

    #[test]
    fn keys_of_files_only_have_no_variable() {
        let env = Env::fixed([("BITBUCKET_SSO_HOST_CLIENT_SECRET_COMMAND", "/bin/x")]);
        assert_eq!(environment(&env, &mut Vec::new()).unwrap().entries().count(), 0);
        assert!(matches!(unknown_variables(&env).as_slice(), [Finding::UnknownVariable { .. }]));
    }

    #[test]
    fn an_error_names_the_variable_or_the_flag() {
        let env = Env::fixed([("BITBUCKET_SSO_MARGIN", "soon")]);
        let error = environment(&env, &mut Vec::new()).err().unwrap().to_string();
        assert!(error.starts_with("environment variable BITBUCKET_SSO_MARGIN: `token.margin` must be a duration"));
        let flags = [("entra.flwo".to_owned(), "auto".to_owned())];
        let Err(ConfigError::UnknownKey { nearest, .. }) = command_line(&flags, &mut Vec::new()) else { panic!() };
        assert_eq!(nearest.as_deref(), Some("entra.flow"));
    }
}
