//! `[ceiling]`.

use super::Work;
use super::fields::Fields;
use super::grants::right;
use crate::broker::policy::model::Ceiling;
use crate::broker::policy::pattern::Pattern;
use crate::broker::policy::surroundings::KnownHost;

/// Reads it; `None` if it is not complete, which is reported.
pub(super) fn read(fields: &Fields<'_, '_>, work: &Work<'_>) -> Option<Ceiling> {
    fields.only(&["right", "life", "resources", "account_wide", "protected", "policy_repository"]);
    let right = right(fields);
    let life = fields.duration("life");
    if fields.item("life").is_none() {
        fields.missing("life", "say how long a token lives at most, such as \"1h\"");
    }
    let resources = patterns(fields, "resources", work);
    match &resources {
        None if fields.item("resources").is_none() => fields.missing("resources", "say where tokens are for at most"),
        Some(list) if list.is_empty() => {
            fields.wrong(fields.place("resources"), "`resources` is empty", "nothing could be granted");
        }
        _ => {}
    }
    let account_wide = account_wide(fields, work);
    let protected = protected(fields, work);
    Some(Ceiling {
        right: right?,
        life: life?,
        resources: resources?,
        account_wide: account_wide?,
        protected: protected?,
    })
}

/// A list of patterns, sorted; what is no pattern is reported and left out.
pub(super) fn patterns(fields: &Fields<'_, '_>, key: &str, work: &Work<'_>) -> Option<Vec<Pattern>> {
    let mut patterns = Vec::new();
    for (text, at) in fields.texts(key)? {
        match Pattern::parse(text, work.around) {
            Ok(pattern) => patterns.push(pattern),
            Err((what, why)) => {
                let hosts: Vec<String> = work.around.hosts.iter().map(KnownHost::name).collect();
                fields.bad_resource(at, &what, &why, text, &hosts);
            }
        }
    }
    patterns.sort();
    patterns.dedup();
    Some(patterns)
}

fn account_wide(fields: &Fields<'_, '_>, work: &Work<'_>) -> Option<Vec<usize>> {
    if fields.item("account_wide").is_none() {
        return Some(Vec::new());
    }
    let names: Vec<String> = work.around.hosts.iter().map(KnownHost::name).collect();
    let mut hosts = Vec::new();
    for (text, at) in fields.texts("account_wide")? {
        match names.iter().position(|name| name == text) {
            Some(host) => hosts.push(host),
            None => fields.unknown(at, "no configured host is called", text, names.iter().map(String::as_str)),
        }
    }
    hosts.sort_unstable();
    hosts.dedup();
    Some(hosts)
}

fn protected(fields: &Fields<'_, '_>, work: &Work<'_>) -> Option<Vec<Pattern>> {
    let elsewhere = fields.word("policy_repository", &["none"]).is_some();
    let protected = patterns(fields, "protected", work);
    let at = fields.place("protected");
    match &protected {
        None if fields.item("protected").is_none() => fields.missing(
            "protected",
            "name the repository this policy is kept in, which nobody may write to by a token of this broker",
        ),
        Some(list)
            if list.is_empty() && !elsewhere && fields.texts("protected").is_some_and(|texts| texts.is_empty()) =>
        {
            let why = "if this policy is kept in no repository of these hosts, add `policy_repository = \"none\"`";
            fields.wrong(at, "`protected` is empty", why);
        }
        Some(list) if !list.is_empty() && elsewhere => {
            let why = "`policy_repository = \"none\"` says that there is nothing to protect; remove one of the two";
            fields.wrong(at, "`protected` names repositories", why);
        }
        _ => {}
    }
    protected
}
