//! What is wrong with a policy: all of it at once, each with its place.

use std::fmt;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The file as it was named to [`compile`](super::compile), and the line; 0 where no line is to blame.
    pub file: String,
    pub line: usize,
    /// The `id` of the rule or deny it is in, where it has one.
    pub rule: Option<String>,
    /// What is wrong.
    pub what: String,
    /// Why that is refused, or what to write instead; may be empty.
    pub why: String,
    /// The known name nearest to the one that is not.
    pub nearest: Option<String>,
}

/// `FILE:LINE: rule `ID`: WHAT (did you mean …?): WHY`.
impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        f.write_str(": ")?;
        if let Some(rule) = &self.rule {
            write!(f, "`{rule}`: ")?;
        }
        f.write_str(&self.what)?;
        if let Some(nearest) = &self.nearest {
            write!(f, " (did you mean `{nearest}`?)")?;
        }
        if !self.why.is_empty() {
            write!(f, "; {}", self.why)?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}

/// All of them, a line each.
pub fn listed(problems: &[PolicyError]) -> String {
    problems.iter().fold(String::new(), |mut text, problem| {
        text.push_str(&problem.to_string());
        text.push('\n');
        text
    })
}
