use super::*;

#[test]
fn a_scope_for_people_names_the_application() {
    for (scope, app) in [
        ("api://broker/token.issue", "api://broker/.default"),
        ("api://broker/.default", "api://broker/.default"),
        ("api://broker", "api://broker/.default"),
        ("https://h.example//.default", "https://h.example//.default"),
        ("https://h.example/app/x", "https://h.example/app/.default"),
    ] {
        assert_eq!(app_scope(scope), app);
    }
}
