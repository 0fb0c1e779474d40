//! Whose Bitbucket account it is, and whether that is the person whom Entra vouches for (DESIGN.md section 7).

use crate::basis::session::Who;
use crate::basis::text;
use std::fmt;

/// A Bitbucket account as Bitbucket itself names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitbucketAccount {
    /// Given by the server, not chosen by the person: Cloud's `account_id`, Data Center's user name.
    pub id: String,
    /// For people.
    pub name: String,
    /// Cloud's confirmed addresses; empty where there are none, or where nobody has verified them.
    pub verified_emails: Vec<String>,
}

impl fmt::Display for BitbucketAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::clean(&self.name))
    }
}

/// `account_match`: how the Bitbucket account of a first grant is compared with the Entra account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountMatch {
    /// A verified e-mail must equal the UPN; anything else is refused.
    Upn,
    /// As `Upn`; where that cannot be told, a person confirms once.
    Confirm,
    Off,
}

/// What comparing the two accounts says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The same person: store the grant.
    Same,
    /// It cannot be told: show both names and let the person confirm once.
    Unclear,
    /// Somebody else: refuse, naming both.
    Different,
}

/// Compares an Entra account with a Bitbucket account before a first grant is stored.
///
/// Equal are the user principal name and either a verified e-mail address or the account's id (Data Center user
/// names often are the UPN); with `confirm` Entra's own e-mail address counts like the UPN. Names a person can
/// choose count for nothing. Case does not matter.
pub fn compare(who: &Who, account: &BitbucketAccount, rule: AccountMatch) -> Match {
    let known = |name: &str| {
        let mut names = account.verified_emails.iter().chain([&account.id]);
        !name.is_empty() && names.any(|other| other.to_lowercase() == name.to_lowercase())
    };
    let by_email = || who.email.as_deref().is_some_and(known);
    match rule {
        AccountMatch::Off => Match::Same,
        _ if known(&who.username) => Match::Same,
        AccountMatch::Confirm if by_email() => Match::Same,
        AccountMatch::Confirm if account.verified_emails.is_empty() => Match::Unclear,
        AccountMatch::Confirm | AccountMatch::Upn => Match::Different,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(emails: &[&str], id: &str, rule: AccountMatch) -> Match {
        let who = Who {
            tid: "t".into(),
            oid: "o".into(),
            username: "Alice@corp.example".into(),
            email: Some("alice.smith@corp.example".into()),
        };
        let verified_emails = emails.iter().map(|&email| email.to_owned()).collect();
        let account = BitbucketAccount { id: id.into(), name: "alice@corp.example".into(), verified_emails };
        compare(&who, &account, rule)
    }

    #[test]
    fn a_verified_address_that_is_the_upn_is_proof() {
        for rule in [AccountMatch::Upn, AccountMatch::Confirm] {
            assert_eq!(compared(&["x@y", "alice@CORP.example"], "557058:1", rule), Match::Same);
            assert_eq!(compared(&[], "alice@corp.example", rule), Match::Same);
        }
    }

    #[test]
    fn upn_refuses_all_else_and_confirm_asks_only_where_nothing_is_known() {
        assert_eq!(compared(&[], "557058:1", AccountMatch::Upn), Match::Different);
        assert_eq!(compared(&["alice.smith@corp.example"], "557058:1", AccountMatch::Upn), Match::Different);
        assert_eq!(compared(&["alice.smith@corp.example"], "557058:1", AccountMatch::Confirm), Match::Same);
        assert_eq!(compared(&[], "alice", AccountMatch::Confirm), Match::Unclear);
        assert_eq!(compared(&["mallory@corp.example"], "557058:1", AccountMatch::Confirm), Match::Different);
        assert_eq!(compared(&["mallory@corp.example"], "557058:1", AccountMatch::Off), Match::Same);
    }

    #[test]
    fn an_account_without_a_name_matches_nothing() {
        let who = Who { tid: "t".into(), oid: "o".into(), username: String::new(), email: Some(String::new()) };
        let account = BitbucketAccount { id: String::new(), name: String::new(), verified_emails: vec![String::new()] };
        assert_eq!(compare(&who, &account, AccountMatch::Confirm), Match::Different);
    }
}
