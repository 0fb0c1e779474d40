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
            Class::Stop | Class::Device => Action::Stop,
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
fn a_device_that_a_code_cannot_show_is_shown_by_the_browser_once() {
    for code in [53000, 53001, 50129, 50097, 530_003, 530_033, 50005] {
        let at = |moment| action("access_denied", None, Some(code), true, moment).0;
        assert_eq!((at(Moment::Device), at(Moment::Browser)), (Action::BrowserInstead, Action::Stop), "{code}");
    }
}

/// `facts/entra.md` 4.6, code by code; those left out are met by a person in the browser only, or are no refusals.
#[test]
fn every_code_of_the_facts_is_in_the_table() {
    let known = |code: u32| find(code).is_some();
    for code in [
        16000, 16001, 16002, 16003, 28002, 28003, 40008, 40009, 40010, 40011, 40012, 40013, 40014, 40015, 50000, 50001,
        500_011, 500_014, 50002, 500_021, 500_022, 50005, 50011, 50012, 50013, 500_133, 50014, 50020, 50033, 50034,
        50049, 50053, 50055, 50144, 50056, 50126, 50057, 50058, 50059, 50128, 50072, 50079, 50074, 50076, 50078, 50085,
        50087, 50088, 50089, 50097, 50105, 50107, 500_121, 50125, 50127, 50129, 50131, 50132, 50133, 50134, 50135,
        50146, 50147, 501_481, 501_491, 50155, 50158, 50173, 50187, 50194, 50196, 50197, 500_208, 500_212, 500_213,
        51004, 53000, 53001, 53002, 53009, 53003, 530_003, 530_032, 530_035, 530_033, 530_034, 530_084, 53004, 53010,
        53011, 54005, 65001, 65002, 65004, 65005, 650_052, 650_053, 650_056, 650_057, 70000, 70001, 7_000_112,
        1_000_031, 70002, 70003, 70004, 70005, 700_054, 70007, 70008, 700_082, 700_084, 70011, 70021, 700_211, 700_212,
        700_213, 7_002_137, 7_002_138, 700_003, 700_005, 700_011, 700_016, 700_020, 700_022, 700_023, 700_024, 700_025,
        700_027, 700_030, 70043, 70044, 7_000_114, 7_000_215, 7_000_222, 7_000_218, 700_229, 90002, 900_021, 900_023,
        90006, 90012, 90024, 90033, 90090, 90014, 900_144, 90015, 90019, 90023, 9_002_313, 90100, 90004, 9_001_023,
        901_002, 9_002_326, 9_002_327, 9_002_332, 9_002_341, 90038, 900_432, 900_382, 900_439, 90055, 90056, 900_561,
        90072, 90094, 90095, 90099, 90112, 90123, 1_002_012,
    ] {
        assert!(known(code), "{code}");
    }
    // Interruptions of the page (KMSI, "is this you?"), the code page of another device, and the poll's own answers.
    for page in [50140, 50199, 90119, 90120, 70016, 70018, 70019, 70020] {
        assert!(!known(page), "{page}");
    }
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
