use super::*;
use crate::app::audit::table::parse;

#[test]
fn a_sign_in_leads_to_a_token_leads_to_a_push() {
    for entra in [ENTRA_CSV, ENTRA_JSON] {
        let joined = join(&trail(), &parse(entra).unwrap(), &parse(CLOUD).unwrap());
        let [token] = &joined.tokens[..] else { panic!("{joined:?}") };
        assert_eq!(token.sign_in.as_ref().unwrap().uti, "utiOfAdasMorning");
        let events: Vec<_> =
            token.events.iter().map(|event| (&*event.time, &*event.repository, event.proven)).collect();
        assert_eq!(events, [("2026-11-24T08:15:00Z", "acme/website", false)]);
        let rest: Vec<_> = joined.events_without_token.iter().map(|event| &*event.actor).collect();
        assert_eq!(rest, ["ada@acme.com", "Mallory"], "one after the token's end, one of somebody else");
        let unused: Vec<_> = joined.sign_ins_without_token.iter().map(|sign_in| &*sign_in.user).collect();
        assert_eq!(unused, ["bob@acme.com"]);
    }
}

#[test]
fn the_bound_account_counts_and_a_digest_proves() {
    let joined = join(&trail(), &[], &parse(DATA_CENTER).unwrap());
    assert!(joined.tokens[0].sign_in.is_none());
    let events = &joined.tokens[0].events;
    assert_eq!(events.iter().map(|event| &*event.actor).collect::<Vec<_>>(), ["ada-l"]);
    assert_eq!(joined.events_without_token.len(), 1, "another token's digest, whatever the account");
    let named = DATA_CENTER.replace(&"c".repeat(64), &"AB".repeat(32));
    let joined = join(&trail(), &[], &parse(&named).unwrap());
    assert!(joined.tokens[0].events[1].proven && joined.events_without_token.is_empty());
}

#[test]
fn the_uti_joins_where_the_correlation_id_is_missing() {
    let entra = ENTRA_CSV.replace("11111111-1111-8111-8111-111111111111", "");
    assert!(join(&trail(), &parse(&entra).unwrap(), &[]).tokens[0].sign_in.is_some());
    let neither = entra.replace("utiOfAdasMorning", "");
    assert!(join(&trail(), &parse(&neither).unwrap(), &[]).tokens[0].sign_in.is_none(), "nothing joins with nothing");
}

#[test]
fn what_is_no_export_is_refused() {
    for text in ["", "just text\n", "a,b\n\"open", "[1", "a,b\n1,2,3\n", "{\"a\":1}\nnot json\n"] {
        assert!(parse(text).is_none(), "{text}");
    }
}

fn trail() -> Vec<Row> {
    let row = |event: &str, time: &str| Row {
        time: time.into(),
        event: event.into(),
        oid: Some("oid".into()),
        user: Some("ada@acme.com".into()),
        host: Some("https://bitbucket.org".into()),
        correlation: Some("11111111-1111-8111-8111-111111111111".into()),
        uti: Some("utiOfAdasMorning".into()),
        ..Row::default()
    };
    let grant = Row { bitbucket_account: Some("ada-l".into()), ..row("grant", "2026-11-24T08:00:06Z") };
    let mint = Row {
        token_sha256: Some("ab".repeat(32)),
        expires: Some("2026-11-24T10:00:00Z".into()),
        ..row("mint", "2026-11-24T08:00:07Z")
    };
    vec![row("sign-in", "2026-11-24T08:00:05Z"), grant, mint]
}

const ENTRA_CSV: &str = include_str!("../../../../tests/samples/entra-sign-ins.csv");
const ENTRA_JSON: &str = include_str!("../../../../tests/samples/entra-sign-ins.json");
const CLOUD: &str = include_str!("../../../../tests/samples/bitbucket-cloud-audit.json");
const DATA_CENTER: &str = include_str!("../../../../tests/samples/bitbucket-data-center-audit.csv");
