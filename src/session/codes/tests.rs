use super::*;

fn stored(error: &str, suberror: Option<&str>, code: u32) -> Action {
    action(error, suberror, Some(code), false, Moment::Refresh).0
}

#[test]
fn each_code_has_its_action() {
    for (class, name, codes) in TABLE {
        let want = match class {
            Class::Ui | Class::UiOnce => Action::SignIn,
            Class::Consent => Action::Consent,
            Class::Gone => Action::Gone,
            Class::Expired => Action::Expired,
            Class::Stop => Action::Stop,
            Class::Configuration => Action::Configuration,
            Class::Later => Action::Later,
            Class::Browser => Action::BrowserInstead,
            Class::Bug => Action::Bug,
        };
        for code in *codes {
            let told = action("invalid_grant", None, Some(*code), false, Moment::Refresh);
            assert_eq!(told, (want, *name), "{code}");
        }
    }
}

#[test]
fn no_code_is_listed_twice_and_names_are_kebab() {
    let mut all: Vec<u32> = TABLE.iter().flat_map(|(_, _, codes)| codes.iter().copied()).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert!(TABLE.iter().all(|(_, name, _)| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
}

#[test]
fn exactly_these_codes_remove_an_account() {
    let of_class = TABLE.iter().filter(|(class, _, _)| *class == Class::Gone);
    let mut gone: Vec<u32> = of_class.flat_map(|(_, _, codes)| codes.iter().copied()).collect();
    gone.sort_unstable();
    assert_eq!(gone, [50034, 50057, 50132, 50133, 50173]);
}

#[test]
fn only_an_error_about_the_token_ends_a_session() {
    assert_eq!(stored("invalid_grant", Some("bad_token"), 50173), Action::Gone);
    assert_eq!(stored("server_error", None, 50173), Action::Later);
    assert_eq!(stored("invalid_request", None, 50173), Action::Stop);
    assert_eq!(stored("temporarily_unavailable", None, 70043), Action::Later);
}

#[test]
fn a_refused_sign_in_removes_nothing() {
    for moment in [Moment::Browser, Moment::Device] {
        assert_eq!(action("invalid_grant", None, Some(50057), false, moment).0, Action::Stop);
        assert_eq!(action("invalid_grant", None, Some(70008), false, moment).0, Action::SignIn);
        assert_eq!(action("access_denied", None, Some(53003), true, moment).0, Action::Stop, "no second sign-in");
    }
    assert_eq!(action("invalid_grant", None, Some(530_003), false, Moment::Browser).0, Action::Stop);
}

#[test]
fn unknown_codes_follow_suberror_then_error() {
    let cases = [
        ("invalid_grant", Some("basic_action"), Action::SignIn),
        ("invalid_grant", Some("message_only"), Action::SignIn),
        ("invalid_grant", Some("consent_required"), Action::Consent),
        ("invalid_grant", Some("bad_token"), Action::Expired),
        ("invalid_grant", Some("token_expired"), Action::Expired),
        ("invalid_grant", Some("protection_policy_required"), Action::Stop),
        ("invalid_grant", Some("device_authentication_failed"), Action::Stop),
        ("invalid_grant", Some("of a later year"), Action::SignIn),
        ("invalid_grant", None, Action::SignIn),
        ("login_required", None, Action::SignIn),
        ("consent_required", None, Action::Consent),
        ("invalid_client", None, Action::Configuration),
        ("invalid_scope", None, Action::Configuration),
        ("invalid_request", None, Action::Bug),
        ("access_denied", None, Action::Stop),
        ("server_error", None, Action::Later),
        ("of a later year", None, Action::Stop),
    ];
    for (error, suberror, want) in cases {
        assert_eq!(action(error, suberror, Some(1), false, Moment::Refresh).0, want, "{error} {suberror:?}");
        assert_eq!(action(error, suberror, None, false, Moment::Refresh).0, want, "{error} {suberror:?}");
    }
}

#[test]
fn claims_go_along_with_a_sign_in() {
    assert_eq!(action("invalid_grant", None, Some(50076), true, Moment::Refresh).0, Action::SignInWithClaims);
    assert_eq!(action("invalid_grant", None, Some(530_084), true, Moment::Refresh).0, Action::Stop);
}
