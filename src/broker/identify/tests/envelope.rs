use super::*;
use crate::basis::base64::{from_url, url as base64url};

fn judged(token: &Assertion) -> Result<Subject, Refusal> {
    believe(&entra("https://login.example", None), &keys(), token, ACCESS, NOW)
}

fn under(name: &str, value: impl Into<Value>) -> String {
    let mut header = header("k1");
    header[name] = value.into();
    why(judged(&Assertion::new(signed_text(&header, &person().to_string()))))
}

#[test]
fn other_algorithms_are_refused_by_name() {
    for name in ["none", "None", "HS256", "PS256", "RS384", "RS512", "ES256", "EdDSA", ""] {
        assert_eq!(under("alg", name), format!("the token is signed with `{name}` instead of RS256"));
    }
    for value in [json!(null), json!(["RS256"]), json!(1)] {
        assert_eq!(under("alg", value), "the token is malformed");
    }
}

#[test]
fn a_token_without_signature_is_refused() {
    let signed = token(&person());
    let (message, _) = signed.expose().rsplit_once('.').unwrap();
    assert_eq!(why(judged(&Assertion::new(format!("{message}.")))), "the signature of the token is wrong");
    assert_eq!(why(judged(&Assertion::new(message.to_owned()))), "the token is malformed");
}

#[test]
fn a_changed_signature_or_claim_is_refused() {
    let signed = token(&person());
    let parts: Vec<&str> = signed.expose().split('.').collect();
    for at in [0, 100, 255] {
        let mut signature = from_url(parts[2]).unwrap();
        signature[at] ^= 1;
        let forged = format!("{}.{}.{}", parts[0], parts[1], base64url(&signature));
        assert_eq!(why(judged(&Assertion::new(forged))), "the signature of the token is wrong", "byte {at}");
    }
    let richer = with(person(), "groups", json!([group(2)])).to_string();
    let forged = format!("{}.{}.{}", parts[0], base64url(richer.as_bytes()), parts[2]);
    assert_eq!(why(judged(&Assertion::new(forged))), "the signature of the token is wrong");
}

#[test]
fn an_unknown_key_is_told_from_a_wrong_one() {
    assert_eq!(under("kid", "k\u{7}2"), "the token is signed with the unknown key `k\u{fffd}2`");
    assert_eq!(under("kid", json!(1)), "the token is malformed");
    let mut bare = header("k1");
    bare.as_object_mut().unwrap().remove("kid");
    let unnamed = Assertion::new(signed_text(&bare, &person().to_string()));
    assert_eq!(why(judged(&unnamed)), "the token is malformed");
}

#[test]
fn the_key_of_another_issuer_does_not_sign_for_this_one() {
    let consumers = "https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    let foreign = KeySet::parse(&key_set(&[jwk("k1", Some(consumers))])).unwrap();
    let issuer = entra("https://login.example", None);
    let outcome = believe(&issuer, &foreign, &token(&person()), ACCESS, NOW);
    assert_eq!(why(outcome), "the key `k1` may not sign for the token's issuer");
    let one = with(with(with(person(), "iss", V1), "ver", "1.0"), "appid", HELPER);
    assert!(judged(&token(&one)).is_ok(), "the tenant's key signs both forms of its issuer");
}

#[test]
fn what_a_header_says_of_keys_is_not_read() {
    for (name, value) in [
        ("jku", json!("http://127.0.0.1:1/keys")),
        ("x5u", json!("http://127.0.0.1:1/cert")),
        ("jwk", jwk("k1", None)),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = header("k2");
        header[name] = value;
        let outcome = judged(&Assertion::new(signed_text(&header, &person().to_string())));
        assert_eq!(why(outcome), "the token is signed with the unknown key `k2`", "{name}");
    }
}

#[test]
fn extensions_that_must_be_understood_are_not() {
    for crit in [json!(["b64"]), json!([]), json!([["exp"]]), json!({"crit": ["x"]}), json!("b64")] {
        assert_eq!(under("crit", crit), "the token is malformed");
    }
}

#[test]
fn two_and_four_dots_are_no_token() {
    let signed = token(&person());
    for text in [format!("{}.", signed.expose()), format!("{}.x.y", signed.expose()), String::new(), "a.b".to_owned()] {
        assert_eq!(why(judged(&Assertion::new(text))), "the token is malformed");
    }
    assert!(judged(&signed).is_ok());
}

#[test]
fn claims_that_are_no_object_or_come_twice_are_malformed() {
    let claims = person().to_string();
    let twice = claims.replacen('{', r#"{"aud":"another","#, 1);
    for text in ["[]", "7", "null", "", "{", "\u{feff}{}", twice.as_str(), &format!("{claims}{claims}")] {
        let outcome = judged(&Assertion::new(signed_text(&header("k1"), text)));
        assert_eq!(why(outcome), "the token is malformed", "{text}");
    }
}

#[test]
fn other_spellings_of_base64_are_malformed() {
    let signed = token(&person());
    for (from, to) in [(".", "=."), (".", " ."), ("e", "+")] {
        let forged = signed.expose().replacen(from, to, 1);
        assert_eq!(why(judged(&Assertion::new(forged))), "the token is malformed", "{to}");
    }
}

#[test]
fn deep_json_is_malformed_and_not_a_stack_overflow() {
    let deep = format!(r#"{{"iss":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    let outcome = judged(&Assertion::new(signed_text(&header("k1"), &deep)));
    assert_eq!(why(outcome), "the token is malformed");
}

#[tokio::test]
async fn a_huge_token_is_refused_before_it_is_read() {
    let issuers = Issuers::new(&[entra("http://127.0.0.1:1", None)], Outward::new(None).unwrap());
    let ten_thousand: Vec<String> = (0..10_000).map(group).collect();
    for claims in [with(person(), "groups", json!(ten_thousand)), with(person(), "x", "y".repeat(1 << 20))] {
        let outcome = issuers.identify(&token(&claims), ACCESS, NOW).await;
        assert_eq!(why(outcome), "the token is larger than 64 KiB");
    }
}

#[test]
fn a_thousand_groups_are_no_matter() {
    let thousand: Vec<String> = (0..1_000).map(group).collect();
    let subject = judged(&token(&with(person(), "groups", json!(thousand)))).unwrap();
    assert_eq!(crate::broker::identify::groups::in_token(&subject.claims).len(), 1_000);
    assert!(!format!("{subject:?}").contains(&group(7)), "personal data stays out of `Debug`");
}
