//! What a rule gives, against the ceiling and against what hosts can do.

use super::fields::Fields;
use crate::broker::ground::right::{HostKind, Right};
use crate::broker::ground::subject::Kind;
use crate::broker::policy::model::{Ceiling, Rule};
use crate::broker::policy::pattern::Pattern;
use crate::broker::policy::spelling::span;
use crate::broker::policy::surroundings::{KnownHost, Surroundings};

/// `right`, which is mandatory.
pub(super) fn right(fields: &Fields<'_, '_>) -> Option<Right> {
    if fields.item("right").is_none() {
        fields.missing("right", "`read` or `write`");
    }
    fields.word("right", &["read", "write"]).map(|word| if word == "write" { Right::Write } else { Right::Read })
}

/// Reports what a rule must not say. `swallowed_by`: the deny that leaves nobody to the rule.
pub(super) fn check(
    fields: &Fields<'_, '_>,
    rule: &Rule,
    ceiling: &Ceiling,
    swallowed_by: Option<&str>,
    around: &Surroundings,
) {
    within(fields, rule, ceiling, around);
    writes_protected(fields, rule, ceiling, around);
    reach(fields, rule, ceiling, around);
    service_user(fields, rule, around);
    if let Some(deny) = swallowed_by.filter(|_| rule.enforced) {
        let why = "whoever it is about, everywhere it is about; remove one of the two, or set `mode = \"audit\"`";
        fields.wrong(fields.at, format!("the rule can never match: `{deny}` denies it"), why);
    }
}

/// A rule that widens is refused rather than cut, so that what is written is what is granted.
fn within(fields: &Fields<'_, '_>, rule: &Rule, ceiling: &Ceiling, around: &Surroundings) {
    let why = "no rule can go beyond [ceiling]";
    if rule.right > ceiling.right {
        let what = format!("the rule grants {}, the ceiling {}", rule.right, ceiling.right);
        fields.wrong(fields.place("right"), what, why);
    }
    if rule.life > ceiling.life {
        let what = format!("the rule grants for {}, the ceiling for {}", span(rule.life), span(ceiling.life));
        fields.wrong(fields.place("life"), what, why);
    }
    for pattern in rule.resources.iter().filter(|pattern| !covered(&ceiling.resources, pattern)) {
        let limit: Vec<String> = ceiling.resources.iter().map(|pattern| pattern.text(around)).collect();
        let what = format!("the rule is about `{}`, the ceiling about `{}`", pattern.text(around), limit.join("`, `"));
        fields.wrong(fields.place("resources"), what, why);
    }
}

fn writes_protected(fields: &Fields<'_, '_>, rule: &Rule, ceiling: &Ceiling, around: &Surroundings) {
    if rule.right < Right::Write {
        return;
    }
    for pattern in rule.resources.iter().filter(|pattern| covered(&ceiling.protected, pattern)) {
        let what = format!("the rule grants write on `{}`, which is protected", pattern.text(around));
        fields.wrong(fields.place("resources"), what, "grant read, in a rule of its own");
    }
    for (_, host) in hosts(rule, around).into_iter().filter(|(at, host)| unguarded(*at, host, ceiling)) {
        let what = format!("the rule grants write on `{}`, whose tokens reach what is protected there", host.name());
        let why = "nobody can be asked whether the account may write there; set `tokens = \"minted\"`, or grant read";
        fields.wrong(fields.place("right"), what, why);
    }
}

/// Whether tokens reach what is protected, and the account's own right cannot be asked for, as it can on Cloud.
fn unguarded(at: usize, host: &KnownHost, ceiling: &Ceiling) -> bool {
    let protects = ceiling.protected.iter().any(|pattern| pattern.host == at);
    !host.confined && host.kind == HostKind::DataCenter && protects
}

/// Where tokens cannot be confined to a repository, ceiling and rule both have to say that they know.
fn reach(fields: &Fields<'_, '_>, rule: &Rule, ceiling: &Ceiling, around: &Surroundings) {
    let mut needed = false;
    for (host, known) in hosts(rule, around) {
        let listed = ceiling.account_wide.contains(&host);
        needed |= listed || !known.confined;
        if !known.confined && !listed {
            let what = format!("tokens of `{}` reach all that their account may", known.name());
            let why = format!("the ceiling has no `account_wide = [\"{}\"]`, so no rule can grant there", known.name());
            fields.wrong(fields.place("resources"), what, why);
        }
    }
    if needed && !rule.account_wide {
        fields.missing(
            "reach",
            "write `reach = \"account\"`: its tokens cannot be confined to the resources of the rule",
        );
    }
    if rule.account_wide && !needed {
        fields.wrong(
            fields.place("reach"),
            "`reach = \"account\"` is not true here",
            "these hosts' tokens reach one repository",
        );
    }
}

fn service_user(fields: &Fields<'_, '_>, rule: &Rule, around: &Surroundings) {
    let at = fields.place("service_user");
    let wide: Vec<(usize, &KnownHost)> = hosts(rule, around).into_iter().filter(|(_, host)| !host.confined).collect();
    match (&rule.service_user, rule.who) {
        (Some(_), Kind::Person) => {
            fields.wrong(at, "a person acts by their own account", "remove `service_user`");
        }
        (None, _) if rule.who == Kind::Person || fields.item("service_user").is_some() => {}
        (None, _) => {
            if let Some((_, host)) = wide.first() {
                let why = format!("on `{}` a workload acts by the account of a [[service_user]]", host.name());
                fields.missing("service_user", &why);
            }
        }
        (Some((name, _)), _) if wide.is_empty() => {
            fields.wrong(
                at,
                format!("`{name}` serves none of the rule's hosts"),
                "the broker's own account makes tokens there",
            );
        }
        (Some((name, host)), _) => {
            for (_, other) in wide.iter().filter(|(other, _)| other != host) {
                let why = "write one rule for each host";
                fields.wrong(at, format!("`{name}` is no user of `{}`", other.name()), why);
            }
        }
    }
}

/// The hosts of a rule, each once.
fn hosts<'a>(rule: &Rule, around: &'a Surroundings) -> Vec<(usize, &'a KnownHost)> {
    let mut positions: Vec<usize> = rule.resources.iter().map(|pattern| pattern.host).collect();
    positions.sort_unstable();
    positions.dedup();
    positions.into_iter().filter_map(|host| Some((host, around.hosts.get(host)?))).collect()
}

fn covered(by: &[Pattern], pattern: &Pattern) -> bool {
    by.iter().any(|wide| wide.covers(pattern))
}
