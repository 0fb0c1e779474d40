//! Configuration: which file and line is wrong, what was ignored, and where a value comes from.

use crate::app::wanted::Wanted;
use crate::app::world::World;
use crate::basis::failure::{Failure, Kind};
use crate::basis::session::Flow;
use crate::basis::url::BadUrl;
use crate::basis::version::Version;
use crate::config::{self, ConfigError, Finding, Ignored, Origin, Places, Reason, Spot};

/// The configuration cannot be used.
pub fn config(error: &ConfigError) -> Failure {
    let (id, help) = remedy(error);
    let why = match error {
        ConfigError::Untrusted { file, at, why } if file == at => {
            format!("the policy file {} is not trusted, because it {why}", file.display())
        }
        ConfigError::Untrusted { file, at, why } => {
            format!("the policy file {} is not trusted, because {} {why}", file.display(), at.display())
        }
        other => other.to_string(),
    };
    Failure::new(Kind::Config, id, format!("the configuration is not usable: {why}"), help)
}

/// The same where it may be policy's fault, which a person cannot mend.
pub fn layers(places: &Places, error: &ConfigError) -> Failure {
    let mut failure = config(error);
    if error.file().is_some_and(|file| file.starts_with(&places.policy_dir)) {
        failure.help = format!("ask your administrator: {}", failure.help);
    }
    failure
}

/// Policy wants a later version of this program.
pub fn too_old(wanted: Version, own: Version) -> Failure {
    let what = format!("no token is handed out: policy wants version {wanted} of this helper or later, this is {own}");
    let help = format!("install git-credential-bitbucket-sso {wanted}    (or ask your administrator for it)");
    Failure::new(Kind::Denied, "version-too-old", what, help)
}

/// `login --browser` or `--device-code` against policy.
pub fn flow_locked(flow: Flow) -> String {
    format!("the way to sign in that was asked for is ignored: policy says {flow}")
}

fn remedy(error: &ConfigError) -> (&'static str, String) {
    match error {
        ConfigError::Unreadable { file, .. } => ("config-unreadable", format!("ls -l {}", file.display())),
        ConfigError::TooLarge(file) => ("config-too-large", format!("ls -l {}", file.display())),
        ConfigError::Syntax { at, .. } => ("config-syntax", correct(at)),
        ConfigError::UnknownKey { at, nearest, .. } => {
            let help = nearest.as_ref().map_or_else(
                || "git credential-bitbucket-sso config schema --markdown    (lists every key)".to_owned(),
                |near| instead(at, near),
            );
            ("config-unknown-key", help)
        }
        ConfigError::BadValue { at, reason, .. } => (reason_id(reason), reason_help(at, reason)),
        ConfigError::Missing { key, at } => {
            let name = key.rsplit('.').next().unwrap_or(key);
            let help = at.as_ref().map_or_else(
                || format!("ask your administrator for `{key}`"),
                |at| format!("add `{name}` to the table at {at}"),
            );
            ("config-missing-key", help)
        }
        ConfigError::UnknownProfile { at, name, nearest } => {
            let near = nearest.as_ref().map_or_else(String::new, |near| format!(", or write \"{near}\""));
            ("config-unknown-profile", format!("add [entra.{name}]{near} at {at}"))
        }
        ConfigError::DuplicateHost { at, .. } => ("config-duplicate-host", format!("remove one of the two, at {at}")),
        ConfigError::WrongSource { at, sources, .. } => {
            ("config-wrong-source", format!("remove it at {at}    (it is for {})", sources.join(", ")))
        }
        ConfigError::WrongLayer { at, .. } => {
            ("config-wrong-layer", format!("remove it at {at}    (your administrator can set it in policy)"))
        }
        // A Windows path: Administrators own it (S-1-5-32-544), everybody signed in reads it (S-1-5-11).
        ConfigError::Untrusted { at, .. } if at.to_string_lossy().contains('\\') => {
            let owner = format!("icacls \"{0}\" /setowner *S-1-5-32-544 /T", at.display());
            let rights = format!("icacls \"{0}\" /inheritance:r /grant:r *S-1-5-32-544:F *S-1-5-11:RX /T", at.display());
            ("config-untrusted-policy", format!("{owner} && {rights}"))
        }
        ConfigError::Untrusted { at, .. } => {
            ("config-untrusted-policy", format!("chown root {0} && chmod go-w {0}", at.display()))
        }
        ConfigError::Secret { .. } => (
            "client-secret-unreadable",
            "check client_secret_file or client_secret_command of that [[host]]; the file must be yours alone (chmod 600)"
                .into(),
        ),
    }
}

fn reason_id(reason: &Reason) -> &'static str {
    match reason {
        Reason::SharedTenant(_) => "config-shared-tenant",
        Reason::Url(_) => "config-url",
        _ => "config-bad-value",
    }
}

fn reason_help(at: &Spot, reason: &Reason) -> String {
    match reason {
        Reason::SharedTenant(_) => format!("write your tenant's GUID or domain at {at}"),
        Reason::Url(BadUrl::PlainHttp(_)) => format!("write https:// at {at}"),
        Reason::NotAllowed { nearest: Some(near), .. } => instead(at, near),
        _ => correct(at),
    }
}

fn correct(at: &Spot) -> String {
    match &at.origin {
        Origin::Variable(name) => format!("unset {name}    (or correct its value)"),
        Origin::Flag(key) => format!("correct `--set {key}=…` on the command line"),
        Origin::File(_) | Origin::Managed(_) => format!("correct {at}"),
    }
}

fn instead(at: &Spot, right: &str) -> String {
    match &at.origin {
        Origin::Variable(name) => format!("export {name}={right}"),
        Origin::Flag(key) => format!("write `{right}` in `--set {key}=…` on the command line"),
        Origin::File(_) | Origin::Managed(_) => format!("write `{right}` at {at}"),
    }
}

/// Something that was left out, for `status`.
pub fn finding(finding: &Finding) -> String {
    match finding {
        Finding::Ignored { key, at, layer, wins, why } => {
            let what = match &at.origin {
                Origin::Variable(name) => format!("the variable {name}"),
                Origin::Flag(key) => format!("`--set {key}=…`"),
                Origin::File(_) | Origin::Managed(_) => format!("`{key}` from {at} ({layer})"),
            };
            let because = match why {
                Ignored::Locked => "policy locks it".to_owned(),
                Ignored::Trust => format!("the {wins} already says whom to trust"),
                Ignored::Source => "the host's source does not know it".to_owned(),
                Ignored::Governed => "policy decides about every host of that server".to_owned(),
                Ignored::NoHost => "there is no host that it could belong to".to_owned(),
            };
            format!("{what} is ignored: {because}")
        }
        Finding::Skipped { error, .. } => format!("a file of the managed defaults is skipped: {error}"),
        Finding::UntrustedDirectory { directory, at, why } if directory == at => {
            format!("{} counts as absent, because it {why}", directory.display())
        }
        Finding::UntrustedDirectory { directory, at, why } => {
            format!("{} counts as absent, because {} {why}", directory.display(), at.display())
        }
        Finding::UnknownVariable { name, nearest } => {
            let near = nearest.as_ref().map_or_else(String::new, |near| format!("; did you mean {near}?"));
            format!("the variable {name} means nothing{near}")
        }
    }
}

/// The system's log did not take the head of the trail; nothing was held up for it.
pub fn forward_failed(when: &str, why: &str) -> String {
    format!("`audit.forward`: the system's log did not take the head of the audit trail at {when}: {why}")
}

/// Which layer and file a host comes from.
pub fn origin(world: &World, wanted: &Wanted<'_>) -> String {
    let key = format!("host[{}].url", wanted.host.url);
    let shown = config::show(&world.loaded).into_iter().find(|shown| shown.key == key);
    shown.map_or_else(|| "unknown".to_owned(), |shown| shown.file.unwrap_or_else(|| shown.layer.to_string()))
}
