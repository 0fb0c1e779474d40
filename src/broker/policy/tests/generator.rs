//! Random policies, callers and asks out of a small world, so that they meet. `SplitMix64`: the same seed, the same case.

use super::world::{NOW, around, ask, id, subject};
use crate::broker::ground::ask::Ask;
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::{Kind, Subject};
use crate::broker::policy::{Policy, compile, listed};
use serde_json::{Value, json};
use std::time::Duration;

/// The source of chance.
pub struct Dice(pub u64);

/// A policy before it is text.
#[derive(Clone, Debug)]
pub struct Draft {
    pub right: &'static str,
    pub life: u64,
    pub protected: bool,
    pub denies: Vec<Entry>,
    pub rules: Vec<Entry>,
}

/// A rule or a deny: conditions, one for each claim, and the other lines.
#[derive(Clone, Debug)]
pub struct Entry {
    pub when: Vec<(&'static str, String)>,
    pub lines: String,
}

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())].clone()
    }

    pub fn draft(&mut self) -> Draft {
        let (right, life) = (self.pick(&["read", "write"]), self.pick(&[20, 60]));
        let rules = (0..=self.roll(6)).map(|at| self.rule(at, right, life)).collect();
        let denies = (0..self.roll(3)).map(|at| self.deny(at)).collect();
        Draft { right, life, protected: self.roll(2) == 0, denies, rules }
    }

    fn rule(&mut self, at: usize, most: &str, longest: u64) -> Entry {
        let right = if most == "write" { self.pick(&["read", "write"]) } else { "read" };
        let life = self.pick(&[5, 10, 20, 40]).min(longest);
        let resource = self.pick(&["*/*", "PAY/*", "PAY/*", "PAY/api", "PAY/web", "~ada/x"]);
        let mut lines = format!(
            "id=\"r{at}\"\nright=\"{right}\"\nlife=\"{life}m\"\nresources=[\"git.example.com/bitbucket/{resource}\"]\n"
        );
        let mut when = self.conditions();
        if self.roll(4) == 0 {
            lines += "who=\"pipelines\"\n";
            when.retain(|(claim, _)| *claim != "sub");
            when.push(("sub", "eq=\"step\"".into()));
        } else {
            lines += "who=\"person\"\n";
            lines += self.pick(&["", "", "acrs=\"c1\"\n", "token_age=\"10m\"\n"]);
        }
        lines += self.pick(&["", "", "", "mode=\"audit\"\n"]);
        Entry { when, lines }
    }

    pub fn deny(&mut self, at: usize) -> Entry {
        let mut lines = format!("id=\"d{at}\"\nreason=\"no\"\n");
        lines += self.pick(&["", "who=\"person\"\n"]);
        lines += self.pick(&["", "resources=[\"git.example.com/bitbucket/PAY/api\"]\n"]);
        let when = vec![self.condition()];
        Entry { when, lines }
    }

    fn conditions(&mut self) -> Vec<(&'static str, String)> {
        let mut when: Vec<(&'static str, String)> = Vec::new();
        for _ in 0..self.roll(3) {
            let condition = self.condition();
            if when.iter().all(|(claim, _)| *claim != condition.0) {
                when.push(condition);
            }
        }
        when
    }

    pub fn condition(&mut self) -> (&'static str, String) {
        let (one, other) = (self.roll(3), self.roll(3));
        let operator = self.pick(&["any_in", "all_in"]);
        match self.roll(4) {
            0 => ("roles", format!("{operator}=[\"R{one}\",\"R{other}\"]")),
            1 => ("acct", format!("eq={one}")),
            2 => ("sub", self.pick(&["eq=\"step\"", "any_in=[\"step\",\"other\"]"]).into()),
            _ => ("groups", format!("{operator}=[\"{}\",\"{}\"]", id(one), id(other))),
        }
    }

    pub fn subject(&mut self) -> Subject {
        let mut claims = serde_json::Map::new();
        for claim in ["groups", "roles", "acct", "sub", "acrs", "_claim_names"] {
            if self.roll(5) > 0 {
                claims.insert(claim.into(), self.claim(claim));
            }
        }
        let (kind, issuer) = self.pick(&[(Kind::Person, "corp"), (Kind::Person, "corp"), (Kind::Pipelines, "ci")]);
        let age = self.pick(&[0, 300, 900]);
        Subject { issued: NOW.before(Duration::from_secs(age)), ..subject(kind, issuer, Value::Object(claims)) }
    }

    fn claim(&mut self, name: &str) -> Value {
        let (one, other) = (self.roll(3), self.roll(3));
        let odd = [json!(null), json!(1.5), json!({"a": []}), json!([1, "x"]), json!([[]]), json!(""), json!([])];
        if self.roll(12) == 0 {
            return self.pick(&odd);
        }
        match name {
            "groups" => json!([id(one), id(other)]),
            "roles" => json!([format!("R{one}"), format!("R{other}")]),
            "acct" => json!(one),
            "acrs" => self.pick(&[json!(["c1"]), json!(["c2"])]),
            "_claim_names" => self.pick(&[json!({}), json!({}), json!({"groups": "src1"})]),
            _ => self.pick(&[json!("step"), json!("other"), json!(["step"])]),
        }
    }

    /// What Graph might say.
    pub fn groups(&mut self) -> Option<Vec<String>> {
        let some: Vec<String> = (0..self.roll(3)).map(id).collect();
        self.pick(&[None, Some(some)])
    }

    pub fn ask(&mut self) -> Ask {
        let place = self.pick(&["/scm/PAY/api.git", "/PAY/web", "/PAY/other", "/scm/~ada/x.git", "/OPS/x", ""]);
        let right = self.pick(&[None, Some(Right::Read), Some(Right::Write)]);
        let life = self.pick(&[None, None, Some(Duration::from_secs(420)), Some(Duration::from_secs(86_400))]);
        Ask { life, ..ask(&format!("https://git.example.com/bitbucket{place}"), right) }
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.roll(at + 1));
        }
    }
}

impl Draft {
    /// As parts of a file each, the ceiling first.
    pub fn parts(&self) -> Vec<String> {
        let protected = if self.protected {
            "protected=[\"git.example.com/bitbucket/PAY/web\"]"
        } else {
            "protected=[]\npolicy_repository=\"none\""
        };
        let (right, life) = (self.right, self.life);
        let resources = "resources=[\"git.example.com/bitbucket/*/*\"]";
        let mut parts = vec![format!("[ceiling]\nright=\"{right}\"\nlife=\"{life}m\"\n{resources}\n{protected}\n")];
        parts.extend(self.rules.iter().map(|rule| rule.text("rule")));
        parts.extend(self.denies.iter().map(|deny| deny.text("deny")));
        parts
    }

    /// Compiled; `None` where chance made something that is refused for its own reasons.
    pub fn policy(&self) -> Option<Policy> {
        match compile(&[("a.toml".into(), self.parts().concat())], around()) {
            Ok(policy) => Some(policy),
            Err(problems) => {
                let protected = problems.iter().all(|problem| problem.what.contains("which is protected"));
                assert!(protected, "{}\n{}", listed(&problems), self.parts().concat());
                None
            }
        }
    }
}

impl Entry {
    fn text(&self, table: &str) -> String {
        let when: Vec<String> = self.when.iter().map(|(claim, test)| format!("{claim}={{{test}}}")).collect();
        let when = if when.is_empty() { "everyone=true".into() } else { format!("when={{{}}}", when.join(",")) };
        format!("[[{table}]]\n{}{when}\n", self.lines)
    }
}
