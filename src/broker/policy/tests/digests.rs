//! The digest knows the meaning and not the spelling.

use super::world::{around, id, policy};
use crate::broker::policy::compile;

const CEILING: &str = "[ceiling]\nright=\"write\"\nlife=\"1h\"\nresources=[\"git.example.com/bitbucket/*/*\"]\nprotected=[]\npolicy_repository=\"none\"\n";

fn rule(name: &str, group: usize, life: &str) -> String {
    format!(
        "[[rule]]\nid=\"{name}\"\nwho=\"person\"\nwhen={{groups={{any_in=[\"{}\"]}},acct={{eq=0}}}}\nresources=[\"git.example.com/bitbucket/pay/API\"]\nright=\"read\"\nlife=\"{life}\"\n",
        id(group)
    )
}

fn digest(files: &[String]) -> String {
    let named: Vec<_> = files.iter().enumerate().map(|(at, text)| (format!("{at}.toml"), text.clone())).collect();
    compile(&named, around()).unwrap().digest().to_owned()
}

#[test]
fn spelling_order_and_files_do_not_matter() {
    let (one, two) = (rule("one", 1, "60m"), rule("two", 0x00ab_cdef, "1h"));
    let first = digest(&[format!("{CEILING}{one}{two}")]);
    let shouted = two.replace(&id(0x00ab_cdef), &id(0x00ab_cdef).to_uppercase());
    let moved = shouted.replace("any_in=[", "any_in=[ # a comment\n");
    let again = [moved, format!("{}{CEILING}", ""), one.replace("60m", "3600s").replace("pay/API", "PAY/api.git")];
    assert_eq!(first, digest(&again));
    assert_eq!(first.len(), 64);
}

#[test]
fn everything_that_decides_matters() {
    let base = format!("{CEILING}{}", rule("one", 1, "1h"));
    let changes = [
        ("right=\"read\"", "right=\"write\""),
        ("any_in", "all_in"),
        ("eq=0", "eq=1"),
        ("eq=0", "eq=\"0\""),
        ("acct", "employee"),
        ("pay/API", "pay/other"),
        ("pay/API", "pay/*"),
        ("id=\"one\"", "id=\"two\""),
        ("protected=[]\npolicy_repository=\"none\"", "protected=[\"git.example.com/bitbucket/a/b\"]"),
        ("right=\"read\"", "mode=\"audit\"\nright=\"read\""),
        ("right=\"read\"", "acrs=\"c1\"\nright=\"read\""),
        ("right=\"read\"", "token_age=\"1h\"\nright=\"read\""),
        ("right=\"read\"", "contact=\"x\"\nright=\"read\""),
        (&id(1), &id(3)),
    ];
    let mut seen = vec![policy(&base).digest().to_owned()];
    for (from, to) in changes {
        assert!(base.contains(from), "{from}");
        seen.push(policy(&base.replace(from, to)).digest().to_owned());
    }
    seen.push(policy(&base.replacen("1h", "2h", 1)).digest().to_owned());
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count);
}
