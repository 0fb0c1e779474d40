//! `claim = { operator = value }`: typed, and never true of a claim that has another type.

use crate::broker::policy::guid::spelled;
use crate::broker::policy::view::{Shape, View};

/// One comparison of one claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition {
    /// Position among the policy's claim names.
    pub claim: usize,
    pub operator: Operator,
    /// Sorted, without repetition, of one type, never empty.
    pub values: Vec<Value>,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operator {
    /// The claim is one value, this one.
    Eq,
    /// The claim is, or its list has, one of these.
    AnyIn,
    /// The claim's list has all of these.
    AllIn,
}

/// What is compared with. Texts are compared byte for byte, object ids as numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    Guid(u128),
}

/// A [`Value`] without owning it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom<'a> {
    Text(&'a str),
    Number(i64),
    Flag(bool),
    Guid(u128),
}

/// What came of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Yes,
    No,
    /// The claim is there, but not of the type that is compared with.
    WrongType,
    /// The token leaves its groups out and nobody has asked for them.
    Unknown,
}

impl Condition {
    /// Compares.
    pub fn held(&self, view: &View<'_>) -> Held {
        match view.claim(self.claim) {
            Shape::Absent => Held::No,
            Shape::Unknown => Held::Unknown,
            Shape::WrongType => Held::WrongType,
            Shape::One(atom) if !self.is_of_type(*atom) => Held::WrongType,
            Shape::One(atom) => yes(match self.operator {
                Operator::Eq | Operator::AnyIn => self.has(*atom),
                Operator::AllIn => self.values.iter().all(|value| value.atom() == *atom),
            }),
            Shape::Many(_) if self.operator == Operator::Eq => Held::WrongType,
            Shape::Many(atoms) if atoms.first().is_some_and(|atom| !self.is_of_type(*atom)) => Held::WrongType,
            Shape::Many(atoms) => {
                let mut listed = self.values.iter().map(|value| atoms.binary_search(&value.atom()).is_ok());
                yes(if self.operator == Operator::AllIn { listed.all(|is| is) } else { listed.any(|is| is) })
            }
        }
    }

    fn has(&self, atom: Atom<'_>) -> bool {
        self.values.binary_search_by(|value| value.atom().cmp(&atom)).is_ok()
    }

    fn is_of_type(&self, atom: Atom<'_>) -> bool {
        let same = |value: &Value| std::mem::discriminant(&value.atom()) == std::mem::discriminant(&atom);
        self.values.first().is_some_and(same)
    }
}

impl Operator {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::AnyIn => "any_in",
            Self::AllIn => "all_in",
        }
    }

    /// From how it is written.
    pub fn of(word: &str) -> Option<Self> {
        OPERATORS.into_iter().find(|operator| operator.word() == word)
    }
}

impl Value {
    /// For comparing.
    pub fn atom(&self) -> Atom<'_> {
        match self {
            Self::Text(text) => Atom::Text(text),
            Self::Number(number) => Atom::Number(*number),
            Self::Flag(flag) => Atom::Flag(*flag),
            Self::Guid(guid) => Atom::Guid(*guid),
        }
    }

    /// As JSON has it.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Guid(guid) => spelled(*guid).into(),
        }
    }
}

fn yes(is: bool) -> Held {
    if is { Held::Yes } else { Held::No }
}

/// All operators.
pub(super) const OPERATORS: [Operator; 3] = [Operator::Eq, Operator::AnyIn, Operator::AllIn];
