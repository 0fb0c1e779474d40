//! Trails and exports that are not what they are taken for: said so, within bounds.

use crate::desk::{Desk, said, stdout};
use std::fs;
use std::path::Path;
use std::process::Output;

#[test]
fn a_file_of_something_else_is_no_empty_trail() {
    let desk = with_trail("hello\nworld\n{\"event\":\"mint\",\"user\":\"a\\u001b[31m\"}\n");
    let shown = run(&desk, &["audit", "show"]);
    let text = stdout(&shown);
    assert!(
        shown.status.success()
            && text.ends_with("2 lines are no records; see: git credential-bitbucket-sso audit verify\n"),
        "{text}"
    );
    assert!(text.contains(" mint ") && !text.contains('\x1b'), "{text:?}");
    assert_eq!(run(&desk, &["audit", "verify"]).status.code(), Some(5));
}

#[test]
fn of_many_findings_the_first_are_told_and_the_rest_counted() {
    let desk = with_trail(&"{\"event\":\"mint\"}\n".repeat(5000));
    let verdict = run(&desk, &["audit", "verify"]);
    let text = said(&verdict);
    assert!(
        verdict.status.code() == Some(5) && text.contains("5000 findings") && text.contains("and 4900 more"),
        "{text}"
    );
    assert!(text.lines().count() < 120, "{}", text.lines().count());
}

#[test]
fn a_table_of_something_else_is_not_joined() {
    let desk = with_trail("");
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let (entra, atlassian) = (good.join("entra-sign-ins.csv"), good.join("bitbucket-cloud-audit.json"));
    let other = desk.path("other.csv");
    fs::write(&other, "a,b\n1,2\n").unwrap();
    let join = |entra: &Path, atlassian: &Path| {
        let files = [entra, atlassian].map(|file| file.to_str().unwrap().to_owned());
        run(&desk, &["audit", "join", "--entra", &files[0], "--atlassian", &files[1]])
    };
    assert!(join(&entra, &atlassian).status.success());
    for output in [join(&other, &atlassian), join(&entra, &other), join(&entra, &desk.home())] {
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{}", said(&output));
    }
    assert!(said(&join(&other, &atlassian)).contains("other.csv is no such export"));
}

fn with_trail(text: &str) -> Desk {
    let desk = Desk::bare(Path::new("/dev/null"));
    fs::create_dir_all(desk.state()).unwrap();
    fs::write(desk.state().join("audit.jsonl"), text).unwrap();
    desk
}

fn run(desk: &Desk, arguments: &[&str]) -> Output {
    desk.helper().args(arguments).output().unwrap()
}
