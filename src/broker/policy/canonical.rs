//! The digest: what is decided by, and nothing of how it was written down.

use crate::basis::digest::of_fields;
use crate::broker::ground::subject::Kind;
use crate::broker::policy::condition::{Condition, Value};
use crate::broker::policy::model::{Ceiling, Deny, Rule};
use crate::broker::policy::pattern::Pattern;
use crate::broker::policy::surroundings::{KnownHost, Surroundings};

/// SHA-256 over every part in one order; the rules and denies are sorted by id, lists are sorted.
pub(super) fn digest(
    ceiling: &Ceiling,
    denies: &[Deny],
    rules: &[Rule],
    names: &[String],
    around: &Surroundings,
) -> String {
    let mut form = Form { names, around, fields: vec![VERSION.to_owned()] };
    form.ceiling(ceiling);
    for deny in denies {
        form.deny(deny);
    }
    for rule in rules {
        form.rule(rule);
    }
    of_fields(form.fields.iter().map(String::as_str))
}

/// SHA-256 over one rule: two of them mean the same, also of two policies with the same surroundings, if it is the same.
pub(super) fn of_rule(rule: &Rule, names: &[String], around: &Surroundings) -> String {
    let mut form = Form { names, around, fields: Vec::new() };
    form.rule(rule);
    of_fields(form.fields.iter().map(String::as_str))
}

/// The same of a deny.
pub(super) fn of_deny(deny: &Deny, names: &[String], around: &Surroundings) -> String {
    let mut form = Form { names, around, fields: Vec::new() };
    form.deny(deny);
    of_fields(form.fields.iter().map(String::as_str))
}

struct Form<'a> {
    names: &'a [String],
    around: &'a Surroundings,
    fields: Vec<String>,
}

impl Form<'_> {
    fn ceiling(&mut self, ceiling: &Ceiling) {
        let Ceiling { right, life, resources, account_wide, protected } = ceiling;
        self.add("ceiling");
        self.add(right.to_string());
        self.add(life.as_secs().to_string());
        self.patterns(resources);
        let hosts = account_wide.iter().filter_map(|host| self.around.hosts.get(*host)).map(KnownHost::name);
        self.list(hosts.collect());
        self.patterns(protected);
    }

    fn deny(&mut self, deny: &Deny) {
        let Deny { id, who, issuer, when, resources, reason, contact } = deny;
        self.add("deny");
        self.add(id.as_str());
        self.maybe(who.as_ref().map(Kind::to_string).as_deref());
        self.maybe(issuer.as_deref());
        self.conditions(when);
        self.patterns(resources);
        self.add(reason.as_str());
        self.maybe(contact.as_deref());
    }

    fn rule(&mut self, rule: &Rule) {
        let Rule {
            id,
            who,
            issuer,
            when,
            resources,
            right,
            life,
            account_wide,
            service_user,
            step_up,
            enforced,
            contact,
        } = rule;
        self.add("rule");
        self.add(id.as_str());
        self.add(who.to_string());
        self.add(issuer.as_str());
        self.conditions(when);
        self.patterns(resources);
        self.add(right.to_string());
        self.add(life.as_secs().to_string());
        self.add(account_wide.to_string());
        self.maybe(service_user.as_ref().map(|(name, _)| name.as_str()));
        self.maybe(step_up.acrs.as_deref());
        self.maybe(step_up.max_age.map(|age| age.as_secs().to_string()).as_deref());
        self.add(enforced.to_string());
        self.maybe(contact.as_deref());
    }

    fn conditions(&mut self, when: &[Condition]) {
        let text = |condition: &Condition| {
            let name = self.names.get(condition.claim).map_or("", String::as_str);
            let values: Vec<_> = condition.values.iter().map(Value::json).collect();
            serde_json::json!([name, condition.operator.word(), values]).to_string()
        };
        // The position of a name depends on which file was read first.
        let mut texts: Vec<String> = when.iter().map(text).collect();
        texts.sort();
        self.list(texts);
    }

    fn patterns(&mut self, patterns: &[Pattern]) {
        let mut texts: Vec<String> = patterns.iter().map(|pattern| pattern.text(self.around)).collect();
        texts.sort();
        self.list(texts);
    }

    fn list(&mut self, texts: Vec<String>) {
        self.add(texts.len().to_string());
        self.fields.extend(texts);
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.list(text.map(str::to_owned).into_iter().collect());
    }

    fn add(&mut self, text: impl Into<String>) {
        self.fields.push(text.into());
    }
}

/// Another one where the meaning of a part changes.
const VERSION: &str = "bitbucket-sso-broker policy 1";
