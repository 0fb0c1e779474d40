//! A subject's claims as conditions see them: read once per decision, sorted for being looked up.

use crate::broker::ground::subject::{Claims, Subject};
use crate::broker::policy::condition::Atom;
use crate::broker::policy::guid::{guid, holds_guids};
use serde_json::Value as Json;
use std::cell::OnceCell;

/// The claims of one subject by their position among the policy's claim names.
pub(super) struct View<'a> {
    names: &'a [String],
    claims: &'a Claims,
    /// Groups that are known besides those in the token; `None`: nobody has asked.
    groups: Option<&'a [String]>,
    seen: Vec<OnceCell<Shape<'a>>>,
}

/// A claim by its type.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape<'a> {
    Absent,
    /// The token says that there are groups, but not which.
    Unknown,
    /// An object, a fraction, `null`, a mixed list, or something else than an object id where one belongs.
    WrongType,
    One(Atom<'a>),
    /// Sorted, all of one type.
    Many(Vec<Atom<'a>>),
}

impl<'a> View<'a> {
    pub fn new(names: &'a [String], subject: &'a Subject, groups: Option<&'a [String]>) -> Self {
        let seen = names.iter().map(|_| OnceCell::new()).collect();
        Self { names, claims: &subject.claims, groups, seen }
    }

    /// The claim at a position.
    pub fn claim(&self, at: usize) -> &Shape<'a> {
        match (self.names.get(at), self.seen.get(at)) {
            (Some(name), Some(seen)) => seen.get_or_init(|| self.read(name)),
            _ => &Shape::Absent,
        }
    }

    fn read(&self, name: &'a str) -> Shape<'a> {
        let own = self.claims.get(name).map_or(Shape::Absent, |value| shape(value, holds_guids(name)));
        if name != GROUPS {
            return own;
        }
        match (own, self.groups) {
            (own, None) => {
                if leaves_groups_out(self.claims) {
                    Shape::Unknown
                } else {
                    own
                }
            }
            (Shape::WrongType, Some(_)) => Shape::WrongType,
            (own, Some(more)) => {
                let more = more.iter().filter_map(|text| guid(text).map(Atom::Guid));
                let own = match own {
                    Shape::Many(atoms) => atoms,
                    Shape::One(atom) => vec![atom],
                    _ => Vec::new(),
                };
                sorted(own.into_iter().chain(more).collect())
            }
        }
    }
}

/// Whether a token says that its subject has groups without saying which (`facts/entra.md` 5.3).
pub(super) fn leaves_groups_out(claims: &Claims) -> bool {
    let names = claims.get("_claim_names");
    let elsewhere = names.is_some_and(|names| !names.is_object() || names.get(GROUPS).is_some());
    let flag = claims.get("hasgroups");
    elsewhere || flag.is_some_and(|flag| *flag != Json::Bool(false) && flag.as_str() != Some("false"))
}

fn shape(value: &Json, guids: bool) -> Shape<'_> {
    match value {
        Json::Array(list) => {
            let atoms: Option<Vec<Atom<'_>>> = list.iter().map(|one| atom(one, guids)).collect();
            atoms.map_or(Shape::WrongType, sorted)
        }
        one => atom(one, guids).map_or(Shape::WrongType, Shape::One),
    }
}

fn atom(value: &Json, guids: bool) -> Option<Atom<'_>> {
    match value {
        Json::String(text) if guids => guid(text).map(Atom::Guid),
        _ if guids => None,
        Json::String(text) => Some(Atom::Text(text)),
        Json::Number(number) => number.as_i64().map(Atom::Number),
        Json::Bool(flag) => Some(Atom::Flag(*flag)),
        _ => None,
    }
}

fn sorted(mut atoms: Vec<Atom<'_>>) -> Shape<'_> {
    atoms.sort_unstable();
    let types = atoms.first().zip(atoms.last());
    // Sorted, the first and the last are of different types if any two are.
    if types.is_some_and(|(first, last)| std::mem::discriminant(first) != std::mem::discriminant(last)) {
        return Shape::WrongType;
    }
    Shape::Many(atoms)
}

/// The claim that Entra may leave out.
pub(super) const GROUPS: &str = "groups";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: &Json) -> Claims {
        Claims(value.as_object().cloned().unwrap_or_default())
    }

    #[test]
    fn a_claim_of_no_plain_type_is_of_the_wrong_one() {
        for bad in [json!(null), json!({}), json!(1.5), json!(u64::MAX), json!(["a", 1]), json!([["a"]]), json!([null])]
        {
            assert_eq!(shape(&bad, false), Shape::WrongType, "{bad}");
        }
        for bad in [json!("developers"), json!(["developers"]), json!(7), json!([7])] {
            assert_eq!(shape(&bad, true), Shape::WrongType, "{bad}");
        }
        assert_eq!(shape(&json!([]), true), Shape::Many(vec![]));
        assert_eq!(shape(&json!(["b", "a"]), false), Shape::Many(vec![Atom::Text("a"), Atom::Text("b")]));
    }

    #[test]
    fn groups_are_left_out_in_three_ways() {
        for out in [
            json!({"_claim_names": {"groups": "src1"}}),
            json!({"_claim_names": "groups"}),
            json!({"hasgroups": true}),
            json!({"hasgroups": "true"}),
        ] {
            assert!(leaves_groups_out(&claims(&out)), "{out}");
        }
        for full in [json!({}), json!({"_claim_names": {"other": "src1"}}), json!({"hasgroups": false})] {
            assert!(!leaves_groups_out(&claims(&full)), "{full}");
        }
    }
}
