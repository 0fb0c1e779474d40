//! What a token of Cloud may do, by the scopes it came with.

use crate::broker::ground::issued::IssueError;
use crate::broker::ground::right::Right;

/// Passes a token that may do what the right says and no more. A consumer with other scopes than the two below and the
/// account's own (to learn whose token it is) is an administrator's mistake: its tokens are not handed out.
pub fn no_more_than(right: Right, scopes: &str) -> Result<(), IssueError> {
    let words = || scopes.split([' ', ',']).filter(|word| !word.is_empty());
    let allowed: &[&str] = match right {
        Right::Read => &["repository", "account", "email"],
        Right::Write => &["repository", "repository:write", "account", "email"],
    };
    let needed = match right {
        Right::Read => "repository",
        Right::Write => "repository:write",
    };
    if let Some(more) = words().find(|word| !allowed.contains(word)) {
        return Err(IssueError::Misconfigured(format!(
            "the consumer for {right} has the scope `{more}`, which is more than {right}"
        )));
    }
    if !words().any(|word| word == needed) {
        return Err(IssueError::Misconfigured(format!("the consumer for {right} lacks the scope `{needed}`")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_what_its_right_says_and_no_more() {
        assert_eq!(no_more_than(Right::Read, "account email repository"), Ok(()));
        assert_eq!(no_more_than(Right::Write, "repository:write account"), Ok(()));
        for (right, scopes) in [
            (Right::Read, "repository repository:write"),
            (Right::Read, "repository:write"),
            (Right::Read, "account"),
            (Right::Read, ""),
            (Right::Read, "repository pullrequest:write"),
            (Right::Write, "repository"),
            (Right::Write, "repository:write repository:admin"),
            (Right::Write, "repository:write project:admin"),
        ] {
            let wrong = no_more_than(right, scopes);
            assert!(matches!(wrong, Err(IssueError::Misconfigured(_))), "{right} {scopes}: {wrong:?}");
        }
    }
}
