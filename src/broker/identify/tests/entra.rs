use super::*;

fn changed(name: &str, value: impl Into<Value>) -> String {
    why(asked(&with(person(), name, value)))
}

#[test]
fn a_person_is_known_by_object_id() {
    let token_text = token(&person());
    let subject = asked(&with(person(), "email", "ada@example.com")).unwrap();
    assert_eq!(
        (subject.kind, subject.issuer.as_str(), subject.name.as_str()),
        (Kind::Person, "corp", "ada@example.com")
    );
    assert_eq!(subject.key(), format!("entra:{TID}:{OID}"));
    assert_eq!((subject.issued, subject.expires), (Timestamp(NOW.0 - 300), Timestamp(NOW.0 + 3600)));
    assert_eq!((subject.uti.as_deref(), subject.client.as_deref()), (Some("uti-1"), Some(HELPER)));
    assert_eq!(subject.email, None, "nobody vouches for the address");
    assert_eq!(subject.claims.get("groups"), Some(&json!([group(1)])));
    let same = believe(&entra("https://login.example", None), &keys(), &token_text, JWT, NOW).unwrap();
    assert_eq!(same.token_sha256, digest::of(token_text.expose().as_bytes()));
}

#[test]
fn ids_have_one_spelling_whatever_entra_writes() {
    let claims = with(with(person(), "tid", TID.to_uppercase()), "oid", OID.to_uppercase());
    let claims = with(with(claims, "azp", HELPER.to_uppercase()), "xms_edov", true);
    let subject = asked(&with(claims, "email", "ada@example.com")).unwrap();
    assert_eq!(subject.key(), format!("entra:{TID}:{OID}"));
    assert_eq!(subject.email.as_deref(), Some("ada@example.com"));
}

#[test]
fn a_version_1_token_names_its_program_otherwise() {
    let v1 = with(with(without(person(), "azp"), "iss", V1), "ver", "1.0");
    assert_eq!(asked(&with(v1.clone(), "appid", HELPER)).unwrap().client.as_deref(), Some(HELPER));
    assert_eq!(why(asked(&with(v1.clone(), "azp", HELPER))), "the token has no `appid`");
    let mixed = why(asked(&with(with(v1, "appid", HELPER), "ver", "2.0")));
    assert_eq!(mixed, "`ver` of the token does not go with its issuer");
    assert_eq!(changed("ver", "1.0"), "`ver` of the token does not go with its issuer");
    assert_eq!(changed("ver", "3.0"), "`ver` of the token does not go with its issuer");
}

#[test]
fn an_app_is_one_that_says_so() {
    let subject = asked(&app()).unwrap();
    assert_eq!((subject.kind, subject.client.as_deref(), subject.name.as_str()), (Kind::App, Some("a-program"), OID));
    let unsaid = why(asked(&without(app(), "idtyp")));
    assert_eq!(unsaid, "the token has no `scp`, and no `idtyp` that says `app`");
    assert_eq!(why(asked(&with(app(), "idtyp", "user"))), unsaid);
    assert_eq!(why(asked(&with(app(), "idtyp", "device"))), "`idtyp` of the token is `device`");
    let both = why(asked(&with(app(), "scp", "token.issue")));
    assert_eq!(both, "the token says to be an application's and has a person's `scp`");
}

#[test]
fn an_app_needs_the_role() {
    for roles in [json!([]), json!(["Token.Issue"]), json!(["token.issue.all", "x"])] {
        assert_eq!(why(asked(&with(app(), "roles", roles))), "`roles` of the token does not have `token.issue`");
    }
    assert_eq!(why(asked(&without(app(), "roles"))), "`roles` of the token does not have `token.issue`");
}

#[test]
fn a_person_needs_the_scope() {
    for scopes in ["openid", "Token.Issue", "token.issue.all", "xtoken.issue", ""] {
        assert_eq!(changed("scp", scopes), "`scp` of the token does not have `token.issue`", "{scopes}");
    }
    let roles = with(without(person(), "scp"), "roles", json!(["token.issue"]));
    assert_eq!(why(asked(&roles)), "the token has no `scp`, and no `idtyp` that says `app`");
}

#[test]
fn only_listed_programs_ask_for_people() {
    let other = "99999999-2222-3333-4444-555555555555";
    assert_eq!(changed("azp", other), format!("the program `{other}` may not ask for people"));
    assert_eq!(why(asked(&without(person(), "azp"))), "the token has no `azp`");
    let mut issuer = entra("https://login.example", None);
    if let IssuerKind::Entra { clients, .. } = &mut issuer.kind {
        clients.clear();
    }
    assert!(why(believe(&issuer, &keys(), &token(&person()), ACCESS, NOW)).contains("may not ask for people"));
}

#[test]
fn a_token_for_another_api_is_refused() {
    let graph = "00000003-0000-0000-c000-000000000000";
    for audience in [graph, "https://graph.microsoft.com", "API://bitbucket-broker", "api://bitbucket-broker/"] {
        let want = format!("the token is for the audience `{audience}`, not for this broker");
        assert_eq!(changed("aud", audience), want);
    }
    assert_eq!(changed("aud", json!([US])), "`aud` of the token has the wrong type");
}

#[test]
fn the_issuer_is_compared_byte_for_byte() {
    for iss in [format!("{V2}/"), V2.to_uppercase(), V2.replace("https", "http"), String::from("https://evil.example")]
    {
        assert_eq!(changed("iss", iss.as_str()), format!("the token is from the issuer `{iss}`"));
    }
}

#[test]
fn another_tenant_is_refused() {
    let other = "deadbeef-0000-4000-8000-000000000bad";
    assert_eq!(changed("tid", other), format!("the token is from the tenant `{other}`"));
    assert_eq!(changed("tid", "corp"), "`tid` of the token is no GUID");
    assert_eq!(changed("oid", "../me"), "`oid` of the token is no GUID");
}

#[test]
fn an_id_token_is_refused_whatever_it_is_called() {
    let want = "the token is an ID token; an access token is needed";
    for name in ["nonce", "at_hash", "c_hash"] {
        assert_eq!(changed(name, "x"), want);
    }
    // As Entra makes it for the broker's own web sign-in, if that shared the API's registration.
    let plain = without(without(without(person(), "scp"), "azp"), "azpacr");
    assert_eq!(why(asked(&plain)), "the token has no `azp`");
    assert_eq!(why(asked(&with(plain, "azp", HELPER))), "the token has no `scp`, and no `idtyp` that says `app`");
    let named = believe(&entra("https://login.example", None), &keys(), &token(&person()), ID, NOW);
    assert_eq!(why(named), "an ID token of Entra is not taken, only an access token");
}

#[test]
fn a_token_bound_to_a_key_is_no_bearers() {
    let want = "the token is bound to a key, which cannot be proven here";
    assert_eq!(changed("cnf", json!({"kid": "x"})), want);
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    let at = |name: &str, seconds: i64| asked(&with(person(), name, NOW.0 + seconds));
    assert!(at("exp", -299).is_ok() && at("nbf", 300).is_ok() && at("iat", 300).is_ok());
    assert_eq!(why(at("exp", -300)), "the token ended 300 seconds ago");
    assert_eq!(why(at("nbf", 301)), "the token begins in 301 seconds");
    assert_eq!(why(at("iat", 301)), "the token begins in 301 seconds");
    assert_eq!(why(asked(&with(with(person(), "exp", NOW.0 - 10), "nbf", NOW.0))), "the token ends before it begins");
}

#[test]
fn the_ends_of_time_are_no_way_in() {
    assert_eq!(changed("exp", i64::MIN).split(' ').next(), Some("the"));
    assert_eq!(changed("nbf", i64::MAX), format!("the token begins in {} seconds", i64::MAX - NOW.0));
    assert_eq!(changed("exp", u64::MAX), "`exp` of the token has the wrong type");
}

#[test]
fn a_missing_claim_is_not_a_passed_check() {
    for name in ["iss", "aud", "tid", "exp", "nbf", "iat", "ver", "azp", "oid"] {
        assert_eq!(why(asked(&without(person(), name))), format!("the token has no `{name}`"));
    }
    for name in ["iss", "aud", "tid", "ver", "azp", "oid"] {
        assert_eq!(changed(name, ""), format!("the token has no `{name}`"), "empty");
    }
}

#[test]
fn a_claim_of_another_type_is_refused() {
    let texts = ["iss", "aud", "tid", "ver", "azp", "oid", "scp", "idtyp", "preferred_username", "email", "appid"];
    for name in texts {
        for value in [json!(1), json!(null), json!(true), json!(["x"]), json!({"x": 1})] {
            assert_eq!(changed(name, value.clone()), format!("`{name}` of the token has the wrong type"), "{value}");
        }
    }
    assert_eq!(changed("sub", json!(["x"])), "the token is malformed");
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for value in [json!("1790003600"), json!(1.5), json!(null)] {
            assert_eq!(changed(name, value.clone()), format!("`{name}` of the token has the wrong type"), "{value}");
        }
    }
    for name in ["groups", "roles", "wids", "amr"] {
        for value in [json!("x"), json!([1]), json!(null), json!({"x": 1}), json!([["x"]])] {
            assert_eq!(changed(name, value.clone()), format!("`{name}` of the token has the wrong type"), "{value}");
        }
    }
    for (name, value) in [
        ("acrs", json!([1])),
        ("acrs", json!(1)),
        ("hasgroups", json!([])),
        ("_claim_names", json!("groups")),
        ("uti", json!(7)),
        ("acct", json!([])),
    ] {
        assert_eq!(changed(name, value), format!("`{name}` of the token has the wrong type"));
    }
}

#[test]
fn names_are_cleaned_and_decide_nothing() {
    let subject = asked(&with(person(), "preferred_username", "a\u{1b}[2J\u{202e}b")).unwrap();
    assert_eq!(subject.name, "a\u{fffd}[2J\u{fffd}b");
    let forged = changed("aud", "x\r\nHTTP/1.1 200\u{7}");
    assert_eq!(forged, "the token is for the audience `x HTTP/1.1 200\u{fffd}`, not for this broker");
}
