use super::*;
use crate::basis::account::BitbucketAccount;
use crate::basis::secret::RefreshToken;
use crate::net::NetError;
use crate::source::grant::{Grant, GrantError};
use crate::source::pasted::PasteError;
use crate::source::{Demand, SourceError};

pub(super) fn tell(book: &mut Book) {
    for (case, error) in errors() {
        for name in ["cloud-oauth", "datacenter-oauth", "exchange", "entra"] {
            let failure = source(&wanted(&book.world, name), &error);
            // One of them is enough where the source makes no difference.
            let differs = matches!(error, SourceError::NotAllowed { .. } | SourceError::Configuration { .. });
            if differs || name == "exchange" {
                book.fail(&format!("source {case} {name}"), &failure);
            }
        }
    }
    for (name, failure) in failures(&wanted(&book.world, "cloud-oauth"), &wanted(&book.world, "exchange")) {
        book.fail(name, &failure);
    }
    for (case, error) in pastes() {
        book.fail(&format!("pasted {case}"), &pasted(&wanted(&book.world, "cloud-oauth"), &error));
        if matches!(error, PasteError::NotAnAddress | PasteError::OtherPage { .. } | PasteError::OtherSignIn) {
            book.say(&format!("pasted_again {case}"), pasted_again(&error));
        }
    }
    let said = {
        let (cloud, broker) = (wanted(&book.world, "cloud-oauth"), wanted(&book.world, "exchange"));
        [
            ("forbidden_repository", forbidden_repository(&cloud, &alice())),
            ("minted_a_moment_ago", minted_a_moment_ago(&broker, &alice())),
            ("confirm_accounts", confirm_accounts(&cloud, &alice(), &account())),
        ]
    };
    for (name, text) in said {
        book.say(name, text);
    }
}

fn errors() -> Vec<(&'static str, SourceError)> {
    let (error, description) = (|| "invalid_target".to_owned(), || "No token for this audience".to_owned());
    let wording = || "The refresh token is invalid".to_owned();
    vec![
        ("NeedsConsent", SourceError::NeedsConsent { wording: wording() }),
        ("GrantDead", SourceError::GrantDead { wording: wording() }),
        ("ProofRefused", SourceError::ProofRefused { error: error(), description: description() }),
        ("NotAllowed", SourceError::NotAllowed { error: error(), description: description(), contact: None }),
        (
            "NotAllowed contact",
            SourceError::NotAllowed {
                error: "access_denied".into(),
                description: "No rule allows it".into(),
                contact: Some("the platform team".into()),
            },
        ),
        ("Connect", SourceError::Connect { page: "https://sso.example.com/connect/bitbucket.org".into() }),
        ("StepUp", SourceError::StepUp { demand: Demand::default(), description: "Rule releases wants c1".to_owned() }),
        ("Configuration", SourceError::Configuration { error: error(), description: description() }),
        ("Throttled", SourceError::Throttled { after: None }),
        ("Throttled for", SourceError::Throttled { after: Some(Duration::from_secs(120)) }),
        ("Net", SourceError::Net(NetError::TimedOut { place: PLACE.into(), after: Duration::from_secs(30) })),
        ("Upstream", SourceError::Upstream { place: PLACE.into(), clause: "answered with a page of HTML".into() }),
        ("Unprintable", SourceError::Unprintable { what: "user name" }),
        ("SecretMissing", SourceError::SecretMissing),
    ]
}

fn pastes() -> Vec<(&'static str, PasteError)> {
    vec![
        ("NotAnAddress", PasteError::NotAnAddress),
        ("OtherPage", PasteError::OtherPage { expected: "http://127.0.0.1/callback".into() }),
        ("OtherSignIn", PasteError::OtherSignIn),
        ("Declined", PasteError::Declined),
        ("Refused", PasteError::Refused { error: "invalid_scope".into(), description: "Unknown scope".into() }),
        ("NoCode", PasteError::NoCode),
    ]
}

fn failures(cloud: &Wanted<'_>, broker: &Wanted<'_>) -> Vec<(&'static str, Failure)> {
    vec![
        ("grant_of_another", grant_of_another(cloud, &grant(), &alice())),
        ("grant_of_other_version", grant_of_other_version(cloud, &GrantError::Version(9))),
        ("accounts_differ", accounts_differ(cloud, &alice(), &account())),
        ("accounts_not_confirmed", accounts_not_confirmed(cloud, &alice(), &account())),
        ("other_bitbucket_account", other_bitbucket_account(cloud, "Alice Example", "Bob Example")),
        ("no_grant", no_grant(cloud)),
        ("connect_first", connect_first(broker)),
        ("connect_declined", connect_declined(broker, "access_denied", "The accounts are different people")),
        ("connected_in_vain", connected_in_vain(broker)),
        ("stepped_up_in_vain", stepped_up_in_vain(broker)),
    ]
}

fn account() -> BitbucketAccount {
    BitbucketAccount { id: "712020:b0b".into(), name: "Bob Example".into(), verified_emails: Vec::new() }
}

fn grant() -> Grant {
    Grant {
        tid: "t".into(),
        oid: "o".into(),
        account_id: "712020:b0b".into(),
        account_name: "Bob Example".into(),
        refresh_token: RefreshToken::new("canary".into()),
        redirect_uri: String::new(),
        scopes: String::new(),
        since: NOON,
    }
}

const PLACE: &str = "https://sso.example.com/oauth2/token";
