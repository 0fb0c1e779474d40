//! `when = { claim = { operator = value } }`: a conjunction.

use super::Work;
use super::claims::{LISTS, SINGLES, better, known};
use super::fields::{Fields, Item};
use crate::basis::nearest::nearest;
use crate::basis::text::clean;
use crate::broker::ground::subject::Kind;
use crate::broker::policy::condition::{Condition, OPERATORS, Operator, Value};
use crate::broker::policy::guid::{guid, holds_guids};
use toml::de::{DeTable, DeValue};

/// Reads the conditions, sorted; `None` if something is wrong with them, which is reported. Empty means everyone and is
/// refused unless that is said.
pub(super) fn read(fields: &Fields<'_, '_>, who: Option<Kind>, work: &Work<'_>) -> Option<Vec<Condition>> {
    let everyone = fields.flag("everyone");
    let table = match fields.item("when") {
        None => None,
        Some(item) => Some(item.get_ref().as_table().or_else(|| {
            fields.wrong(item.span().start, "`when` is no table", "write { claim = { any_in = [\"…\"] } }");
            None
        })?),
    };
    let count = table.map_or(0, DeTable::len);
    match (count, everyone) {
        (0, Some(true)) => return Some(Vec::new()),
        (0, _) => {
            let what = if fields.item("when").is_some() { "`when` is empty" } else { "`when` is missing" };
            fields.wrong(fields.place("when"), what, "to mean everybody, write `everyone = true`");
            return None;
        }
        (_, Some(true)) => {
            fields.wrong(fields.place("everyone"), "`everyone` contradicts `when`", "remove one of the two");
            return None;
        }
        _ => {}
    }
    let mut when = Vec::new();
    let mut whole = true;
    for (name, item) in table.into_iter().flatten() {
        let claim = Claim { fields, name: name.get_ref(), at: name.span().start, who };
        match claim.read(item, work) {
            Some(conditions) => when.extend(conditions),
            None => whole = false,
        }
    }
    when.sort();
    whole.then_some(when)
}

/// One claim of a `when`.
struct Claim<'c, 'r, 'i> {
    fields: &'c Fields<'r, 'i>,
    name: &'c str,
    at: usize,
    who: Option<Kind>,
}

impl Claim<'_, '_, '_> {
    fn read(&self, item: &Item<'_>, work: &Work<'_>) -> Option<Vec<Condition>> {
        let named = self.check_name();
        let Some(table) = item.get_ref().as_table().filter(|table| !table.is_empty()) else {
            let why = format!("write {} = {{ any_in = [\"…\"] }}", clean(self.name));
            self.wrong(item.span().start, "has no operator", &why);
            return None;
        };
        let mut read = Vec::new();
        let mut whole = named;
        for (word, value) in table {
            match self.comparison(word.get_ref(), word.span().start, value) {
                Some((operator, values)) => read.push((operator, values)),
                None => whole = false,
            }
        }
        whole = whole && self.agrees(&read);
        *work.values.borrow_mut() += read.iter().map(|(_, values)| values.len()).sum::<usize>();
        let claim = position(&mut work.names.borrow_mut(), self.name);
        let conditions = read.into_iter().map(|(operator, values)| Condition { claim, operator, values });
        whole.then(|| conditions.collect())
    }

    /// Names that people choose decide nothing; a misspelt claim would be one that no token has.
    fn check_name(&self) -> bool {
        if let Some(better) = better(self.name) {
            self.wrong(self.at, "is not compared with", &format!("it is a name, or says nothing; compare {better}"));
            return false;
        }
        if self.name == "acrs" && self.who.is_some() {
            self.wrong(
                self.at,
                "stands in the wrong place",
                "write `acrs = \"c1\"` in the rule: whoever lacks it is asked to sign in again",
            );
            return false;
        }
        let known = known(self.who);
        let misspelt = !known.contains(&self.name) && nearest(self.name, known.iter().copied()).is_some();
        if misspelt {
            self.fields.unknown(self.at, "no token has the claim", self.name, known);
        }
        !misspelt
    }

    fn comparison(&self, word: &str, at: usize, value: &Item<'_>) -> Option<(Operator, Vec<Value>)> {
        let Some(operator) = Operator::of(word) else {
            self.fields.unknown(at, "unknown operator", word, OPERATORS.map(Operator::word));
            return None;
        };
        let items: Vec<&Item<'_>> = match (operator, value.get_ref()) {
            (Operator::Eq, DeValue::Array(_)) => {
                self.wrong(at, "has a list behind `eq`", "`eq` compares with one value; write `any_in` or `all_in`");
                return None;
            }
            (Operator::Eq, _) => vec![value],
            (_, DeValue::Array(list)) if !list.is_empty() => list.iter().collect(),
            (_, DeValue::Array(_)) => {
                self.wrong(at, &format!("has an empty `{word}`"), "it could never mean anything");
                return None;
            }
            _ => {
                self.wrong(at, &format!("has no list behind `{word}`"), "write [\"…\"], or `eq` for one value");
                return None;
            }
        };
        if operator == Operator::Eq && LISTS.contains(&self.name) {
            self.wrong(at, "is a list, which `eq` is never true of", "write `any_in` or `all_in`");
            return None;
        }
        let mut values: Vec<Value> = items.iter().filter_map(|item| self.value(item)).collect();
        let whole = values.len() == items.len();
        values.sort();
        values.dedup();
        let mixed = values.windows(2).any(|pair| std::mem::discriminant(&pair[0]) != std::mem::discriminant(&pair[1]));
        if mixed {
            self.wrong(at, "is compared with values of several types", "write texts, numbers or true and false");
        }
        if operator == Operator::AllIn && values.len() > 1 && SINGLES.contains(&self.name) {
            self.wrong(at, "is one value and cannot be several at once", "write `any_in`");
            return None;
        }
        (whole && !mixed).then_some((operator, values))
    }

    fn value(&self, item: &Item<'_>) -> Option<Value> {
        let at = item.span().start;
        match item.get_ref() {
            DeValue::String(text) if holds_guids(self.name) => {
                let id = guid(text);
                if id.is_none() {
                    let what = format!("is compared with `{}`, which is no object id", clean(text));
                    self.wrong(at, &what, "write the GUID: names can be given to others");
                }
                id.map(Value::Guid)
            }
            _ if holds_guids(self.name) => {
                self.wrong(at, "is compared with something else than an object id", "write the GUID in quotes");
                None
            }
            DeValue::String(text) if self.name == "roles" && text.contains(char::is_whitespace) => {
                let what = format!("is compared with `{}`, which looks like a display name", clean(text));
                self.wrong(at, &what, "write the `value` of the app role");
                None
            }
            DeValue::String(text) if !text.is_empty() && text.len() <= LONGEST_VALUE => {
                Some(Value::Text(text.to_string()))
            }
            DeValue::Integer(number) => {
                let read = i64::from_str_radix(number.as_str(), number.radix()).ok();
                if read.is_none() {
                    self.wrong(at, "is compared with a number that is too large", "");
                }
                read.map(Value::Number)
            }
            DeValue::Boolean(flag) => Some(Value::Flag(*flag)),
            _ => {
                let why = "write a text of 1 to 1,024 bytes, a whole number, or true or false";
                self.wrong(at, "is compared with something that no claim is", why);
                None
            }
        }
    }

    /// Several operators on one claim have to leave something.
    fn agrees(&self, read: &[(Operator, Vec<Value>)]) -> bool {
        let of = |operator| read.iter().find(|(one, _)| *one == operator).map(|(_, values)| values);
        let one = of(Operator::Eq).and_then(|values| values.first());
        let any = of(Operator::AnyIn);
        let all = of(Operator::AllIn);
        let apart = one.is_some_and(|one| {
            any.is_some_and(|any| !any.contains(one)) || all.is_some_and(|all| all.iter().any(|value| value != one))
        });
        if apart {
            self.wrong(self.at, "has conditions that contradict each other", "nothing is equal to two values");
        }
        !apart
    }

    fn wrong(&self, at: usize, what: &str, why: &str) {
        self.fields.wrong(at, format!("the claim `{}` {what}", clean(self.name)), why);
    }
}

/// Where a claim's name is among those met so far.
fn position(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

/// More than any claim that decides something.
const LONGEST_VALUE: usize = 1024;
