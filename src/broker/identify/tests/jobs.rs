use super::*;

fn judged(kind: Kind, claims: &Value) -> Result<Subject, Refusal> {
    let keys = KeySet::parse(&key_set(&[jwk("k1", None)])).unwrap();
    believe(&ci(kind, "https://ci.example"), &keys, &token(claims), JWT, NOW)
}

fn refusal(claims: &Value) -> String {
    why(judged(Kind::Pipelines, claims))
}

#[test]
fn each_kind_of_job_is_known_by_its_sub() {
    let pod = json!({"serviceaccount": {"name": "builder"}});
    for (kind, claim, value, name) in [
        (Kind::Pipelines, "repositoryUuid", json!("{repo}"), "{repo}"),
        (Kind::GithubActions, "repository", json!("acme/app"), "acme/app"),
        (Kind::Gitlab, "project_path", json!("acme/app"), "acme/app"),
        (Kind::Kubernetes, "kubernetes.io", pod, "builder"),
    ] {
        let subject = judged(kind, &with(step(), claim, value)).unwrap();
        assert_eq!((subject.kind, subject.key().as_str()), (kind, "ci:{repo}:{step}"));
        assert_eq!((subject.name.as_str(), subject.tid, subject.client), (name, None, None));
    }
}

#[test]
fn an_audience_may_be_one_of_several() {
    assert!(judged(Kind::Kubernetes, &with(step(), "aud", json!(["https://kubernetes", US]))).is_ok());
    for aud in [json!([]), json!(["https://kubernetes"]), json!("sts.amazonaws.com"), json!("api://BITBUCKET-broker")] {
        assert!(refusal(&with(step(), "aud", aud.clone())).starts_with("the token is for the audience `"), "{aud}");
    }
    for aud in [json!(null), json!([US, 1]), json!({"aud": US})] {
        assert_eq!(refusal(&with(step(), "aud", aud)), "`aud` of the token has the wrong type");
    }
}

#[test]
fn a_job_ends_and_began() {
    for name in ["iss", "aud", "sub", "exp", "iat"] {
        assert_eq!(refusal(&without(step(), name)), format!("the token has no `{name}`"));
    }
    assert_eq!(refusal(&with(step(), "exp", NOW.0 - 300)), "the token ended 300 seconds ago");
    assert_eq!(refusal(&with(step(), "nbf", NOW.0 + 301)), "the token begins in 301 seconds");
    assert_eq!(refusal(&with(step(), "nbf", "soon")), "`nbf` of the token has the wrong type");
}

#[test]
fn a_job_of_another_issuer_is_refused() {
    let other = CI.replace("acme", "evil");
    assert_eq!(refusal(&with(step(), "iss", other.as_str())), format!("the token is from the issuer `{other}`"));
}

#[test]
fn claims_of_another_type_are_refused() {
    for name in ["repositoryUuid", "workspaceUuid", "branchName", "deploymentEnvironmentUuid"] {
        assert_eq!(refusal(&with(step(), name, json!(["x"]))), format!("`{name}` of the token has the wrong type"));
    }
    assert_eq!(refusal(&with(step(), "sub", json!(["x"]))), "the token is malformed");
    let outcome = judged(Kind::GithubActions, &with(step(), "ref", json!({"eq": "refs/heads/main"})));
    assert_eq!(why(outcome), "`ref` of the token has the wrong type");
    let outcome = judged(Kind::Gitlab, &with(step(), "ref_protected", true));
    assert_eq!(why(outcome), "`ref_protected` of the token has the wrong type");
}

#[test]
fn a_sub_is_a_name() {
    for sub in ["a\nb".to_owned(), "x".repeat(1025)] {
        assert_eq!(refusal(&with(step(), "sub", sub)), "`sub` of the token is no name");
    }
    assert_eq!(refusal(&with(step(), "sub", "")), "the token has no `sub`");
}

#[test]
fn types_of_tokens_are_taken_by_name() {
    let keys = KeySet::parse(&key_set(&[jwk("k1", None)])).unwrap();
    let as_kind = |kind: &str| believe(&ci(Kind::Gitlab, "https://ci.example"), &keys, &token(&step()), kind, NOW);
    assert!(as_kind(JWT).is_ok() && as_kind(ID).is_ok());
    assert_eq!(why(as_kind(ACCESS)), "this issuer's tokens are of the type `jwt`");
    for kind in ["", "jwt", "urn:ietf:params:oauth:token-type:saml2", "urn:ietf:params:oauth:token-type:refresh_token"]
    {
        assert!(matches!(as_kind(kind), Err(Refusal::Malformed(_))), "{kind}");
    }
}

#[test]
fn entras_claims_make_no_person_of_a_job() {
    let claims = with(with(step(), "scp", "token.issue"), "tid", TID);
    let subject = judged(Kind::GithubActions, &with(claims, "oid", OID)).unwrap();
    assert_eq!((subject.kind, subject.tid), (Kind::GithubActions, None));
}
