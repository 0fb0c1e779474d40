//! From text to a policy that cannot be wrong, or to everything that is wrong with the text.

mod binding;
mod ceiling;
mod claims;
mod deny;
mod fields;
mod grants;
mod rule;
mod when;

use crate::broker::policy::Policy;
use crate::broker::policy::canonical::digest;
use crate::broker::policy::error::PolicyError;
use crate::broker::policy::index::Index;
use crate::broker::policy::model::{Ceiling, Deny, Rule};
use crate::broker::policy::surroundings::Surroundings;
use fields::{Fields, Report, Source};
use std::cell::RefCell;
use std::collections::HashMap;
use toml::Spanned;
use toml::de::DeTable;

/// What all parts of a compilation share.
struct Work<'a> {
    around: &'a Surroundings,
    /// The claim names met so far.
    names: RefCell<Vec<String>>,
    /// How many values conditions have named so far.
    values: RefCell<usize>,
}

/// The tables of all files, by what they are.
#[derive(Default)]
struct Tables<'r, 'i> {
    ceilings: Vec<Fields<'r, 'i>>,
    denies: Vec<Fields<'r, 'i>>,
    rules: Vec<Fields<'r, 'i>>,
}

/// Compiles the files (name and text) of one policy. All problems are reported, sorted by file and line.
pub fn compile(files: &[(String, String)], around: &Surroundings) -> Result<Policy, Vec<PolicyError>> {
    let report = Report::default();
    let sources: Vec<Source<'_>> = files.iter().map(|(name, text)| Source::new(name, text)).collect();
    let parsed: Vec<Option<Spanned<DeTable<'_>>>> =
        files.iter().zip(&sources).map(|((_, text), source)| parse(text, source, &report)).collect();
    let mut tables = Tables::default();
    for (source, root) in sources.iter().zip(&parsed) {
        let Some(root) = root else { continue };
        tables.take(&Fields::new(&report, source, root.get_ref(), 0));
    }
    let whole = parsed.iter().all(Option::is_some);
    let policy = tables.compile(whole, around, &report);
    let mut problems = report.problems.into_inner();
    problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    policy.filter(|_| problems.is_empty()).ok_or(problems)
}

fn parse<'i>(text: &'i str, source: &Source<'_>, report: &Report) -> Option<Spanned<DeTable<'i>>> {
    let add = |at: usize, what: String, why: &str| {
        let (file, line) = (source.name.to_owned(), source.line(at));
        report.add(PolicyError { file, line, rule: None, what, why: why.to_owned(), nearest: None });
    };
    if text.len() > LARGEST_FILE {
        add(0, format!("the file has {} bytes", text.len()), "at most 1 MiB is read; split it");
        return None;
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let what = crate::basis::text::clean(error.message());
        add(error.span().map_or(0, |span| span.start), format!("this is no TOML: {what}"), "");
    }
    errors.is_empty().then_some(root)
}

impl<'r, 'i> Tables<'r, 'i> {
    /// Sorts out one file.
    fn take(&mut self, file: &Fields<'r, 'i>) {
        file.only(&["ceiling", "deny", "rule"]);
        if let Some(item) = file.item("ceiling") {
            match item.get_ref().as_table() {
                Some(table) => self.ceilings.push(Fields::new(file.report, file.source, table, item.span().start)),
                None => file.wrong(item.span().start, "`ceiling` is no table", "write [ceiling], once"),
            }
        }
        self.denies.extend(list(file, "deny"));
        self.rules.extend(list(file, "rule"));
    }

    fn compile(&self, whole: bool, around: &Surroundings, report: &Report) -> Option<Policy> {
        let work = Work { around, names: RefCell::default(), values: RefCell::default() };
        let count = self.rules.len() + self.denies.len();
        if count > MOST_RULES {
            report.add(of_all(format!("there are {count} rules and denies"), "at most 5,000 are read"));
            return None;
        }
        let ceiling = self.ceiling(whole, &work, report);
        self.check_ids();
        let denies: Vec<Deny> = self.denies.iter().filter_map(|fields| deny::read(fields, &work)).collect();
        let read = self.rules.iter().filter_map(|fields| Some((fields, rule::read(fields, &work)?)));
        let rules: Vec<(&Fields<'_, '_>, Rule)> = read.collect();
        if let Some(ceiling) = &ceiling {
            let swallowed = |rule: &Rule| denies.iter().find(|deny| deny.swallows(rule)).map(|deny| deny.id.as_str());
            for (fields, rule) in &rules {
                grants::check(fields, rule, ceiling, swallowed(rule), around);
            }
        }
        if self.rules.is_empty() && whole {
            report.add(of_all("the policy has no [[rule]]".into(), "it would grant nothing to anybody"));
        }
        if *work.values.borrow() > MOST_VALUES {
            let count = *work.values.borrow();
            report.add(of_all(format!("conditions compare with {count} values"), "at most 10,000 are read"));
        }
        let rules = rules.into_iter().map(|(_, rule)| rule).collect();
        let ceiling = ceiling.filter(|_| report.is_empty())?;
        Some(assemble(ceiling, denies, rules, work.names.into_inner(), around))
    }

    fn ceiling(&self, whole: bool, work: &Work<'_>, report: &Report) -> Option<Ceiling> {
        let Some((first, more)) = self.ceilings.split_first() else {
            if whole {
                report.add(of_all("there is no [ceiling]".into(), "every policy says what no rule can go beyond"));
            }
            return None;
        };
        for again in more {
            let place = format!("{}:{}", first.source.name, first.source.line(first.at));
            again.wrong(again.at, "there is a second [ceiling]", format!("the first is at {place}"));
        }
        ceiling::read(first, work)
    }

    /// Rules and denies share one set of ids: records name them.
    fn check_ids(&self) {
        let mut seen: HashMap<&str, &Fields<'_, '_>> = HashMap::new();
        for fields in self.denies.iter().chain(&self.rules) {
            let Some(item) = fields.item("id") else {
                fields.missing("id", "records and refusals name rules by it");
                continue;
            };
            let Some(id) = item.get_ref().as_str().filter(|id| is_id(id)) else {
                fields.wrong(item.span().start, "`id` is no id", "write 1 to 64 letters, digits, `.`, `_` or `-`");
                continue;
            };
            match seen.get(id) {
                None => drop(seen.insert(id, fields)),
                Some(first) => {
                    let place = format!("{}:{}", first.source.name, first.source.line(first.place("id")));
                    fields.wrong(item.span().start, format!("the id `{id}` is taken"), format!("by {place}"));
                }
            }
        }
    }
}

/// The tables of `[[key]]`.
fn list<'r, 'i>(file: &Fields<'r, 'i>, key: &str) -> Vec<Fields<'r, 'i>> {
    let Some(item) = file.item(key) else { return Vec::new() };
    let Some(list) = item.get_ref().as_array() else {
        file.wrong(item.span().start, format!("`{key}` is no list of tables"), format!("write [[{key}]]"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for one in list {
        match one.get_ref().as_table() {
            Some(table) => found.push(Fields::new(file.report, file.source, table, one.span().start)),
            None => file.wrong(one.span().start, format!("`{key}` is no list of tables"), format!("write [[{key}]]")),
        }
    }
    found
}

fn assemble(
    ceiling: Ceiling,
    mut denies: Vec<Deny>,
    mut rules: Vec<Rule>,
    names: Vec<String>,
    around: &Surroundings,
) -> Policy {
    denies.sort_by(|a, b| a.id.cmp(&b.id));
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let digest = digest(&ceiling, &denies, &rules, &names, around);
    let index = Index::of(&rules);
    Policy { ceiling, denies, rules, names, index, digest, around: around.clone() }
}

/// A problem of the policy as a whole.
fn of_all(what: String, why: &str) -> PolicyError {
    PolicyError { file: "policy".into(), line: 0, rule: None, what, why: why.to_owned(), nearest: None }
}

/// Ids stand in records, in labels of metrics and on terminals.
fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    matches!(text.len(), 1..=64) && text.bytes().all(plain)
}

/// The largest file that is read, in bytes.
pub const LARGEST_FILE: usize = 1024 * 1024;

/// What is read at most: rules with denies, values of all conditions together.
const MOST_RULES: usize = 5_000;
const MOST_VALUES: usize = 10_000;
