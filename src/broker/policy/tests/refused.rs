//! Everything that is refused when a policy is read.

use super::world::{id, problems};

const CEILING: &str = r#"
[ceiling]
right = "read"
life = "30m"
resources = ["bitbucket.org/acme/*", "git.example.com/bitbucket/PAY/*"]
account_wide = ["bitbucket.org"]
protected = ["bitbucket.org/acme/broker-policy"]
"#;

const RULE: &str = r#"
[[rule]]
id = "r"
who = "person"
when = { roles = { any_in = ["Read"] } }
resources = ["git.example.com/bitbucket/PAY/*"]
right = "read"
life = "30m"
"#;

/// A good policy in which one line of the rule is replaced, or added.
fn with(line: &str) -> String {
    let key = line.split(" =").next().unwrap();
    let kept = RULE.lines().filter(|old| old.split(" =").next() != Some(key)).collect::<Vec<_>>().join("\n");
    problems(&format!("{CEILING}{kept}\n{line}\n"))
}

fn ceiling(from: &str, to: &str) -> String {
    assert!(CEILING.contains(from));
    problems(&format!("{}{RULE}", CEILING.replace(from, to)))
}

#[test]
fn the_good_one_is_good() {
    assert_eq!(problems(&format!("{CEILING}{RULE}")), "");
}

#[test]
fn a_rule_that_says_nothing_sensible() {
    for (line, want) in [
        ("who = \"pipeline\"", "`who` cannot be `pipeline` (did you mean `pipelines`?)"),
        ("rihgt = \"read\"", "unknown key `rihgt` (did you mean `right`?)"),
        ("right = \"admin\"", "`right` cannot be `admin`"),
        ("life = \"forever\"", "`life` is no duration: `forever`"),
        ("life = \"0s\"", "`life` is no duration"),
        ("life = \"25h\"", "`life` is no duration"),
        ("life = 30", "`life` is no text"),
        ("id = \"a b\"", "`id` is no id"),
        ("issuer = \"crop\"", "no issuer that vouches for `person` is called `crop` (did you mean `corp`?)"),
        ("issuer = \"ci\"", "no issuer that vouches for `person` is called `ci`"),
        ("mode = \"off\"", "`mode` cannot be `off`"),
        ("reach = \"repository\"", "`reach` cannot be `repository`"),
        ("acrs = \"mfa\"", "no authentication context: `mfa`"),
        ("acrs = \"c0\"", "no authentication context"),
        ("when = {}", "`when` is empty"),
        ("when = 1", "`when` is no table"),
        ("everyone = true", "`everyone` contradicts `when`"),
        ("service_user = \"ci-bot\"", "a person acts by their own account"),
        ("service_user = \"ci-bto\"", "no [[service_user]] of broker.toml is called `ci-bto` (did you mean `ci-bot`?)"),
    ] {
        assert!(with(line).contains(want), "{line}: {}", with(line));
    }
}

#[test]
fn conditions_that_are_wrong() {
    for (claim, want) in [
        ("groups = { any_in = [\"Developers\"] }", "`groups` is compared with `Developers`, which is no object id"),
        ("wids = { any_in = [7] }", "something else than an object id"),
        ("oid = { eq = \"ada@example.com\" }", "no object id"),
        ("roles = { any_in = [\"Audit Readers\"] }", "looks like a display name"),
        ("roles = { eq = \"Read\" }", "is a list, which `eq` is never true of"),
        ("roles = { any_in = [] }", "has an empty `any_in`"),
        ("roles = { all_in = [] }", "has an empty `all_in`"),
        ("roles = { anyin = [\"a\"] }", "unknown operator `anyin` (did you mean `any_in`?)"),
        ("roles = { not_in = [\"a\"] }", "unknown operator `not_in`"),
        ("roles = {}", "`roles` has no operator"),
        ("roles = \"Read\"", "`roles` has no operator"),
        ("roles = { any_in = \"Read\" }", "has no list behind `any_in`"),
        ("roles = { any_in = [\"Read\", 1] }", "values of several types"),
        ("roles = { any_in = [1.5] }", "something that no claim is"),
        ("roles = { any_in = [2026-01-01] }", "something that no claim is"),
        ("rolse = { any_in = [\"Read\"] }", "no token has the claim `rolse` (did you mean `roles`?)"),
        ("acct = { eq = 99999999999999999999 }", "a number that is too large"),
        ("acct = { eq = [0] }", "has a list behind `eq`"),
        ("acct = { eq = 0, any_in = [1, 2] }", "contradict each other"),
        (
            "tid = { all_in = [\"00000000-0000-4000-8000-000000000001\", \"00000000-0000-4000-8000-000000000002\"] }",
            "cannot be several at once",
        ),
        ("email = { eq = \"ada@example.com\" }", "compare `oid`, `groups` or `roles`"),
        ("preferred_username = { eq = \"ada\" }", "is not compared with"),
        ("acrs = { any_in = [\"c1\"] }", "stands in the wrong place"),
    ] {
        let text = with(&format!("when = {{ {claim} }}"));
        assert!(text.contains(want), "{claim}: {text}");
    }
    let twice = with("when = { roles = { any_in = [\"a\"], any_in = [\"b\"] } }");
    assert!(twice.contains("this is no TOML: duplicate key"), "{twice}");
}

#[test]
fn resources_that_are_wrong() {
    for (resource, want) in [
        ("bitbucket.com/acme/app", "is on no configured host (did you mean `bitbucket.org`?)"),
        ("bitbucket.org.evil.example/acme/app", "is on no configured host"),
        ("https://bitbucket.org/acme/app", "is on no configured host"),
        ("bitbucket.org/acme/../app", "cannot be read"),
        ("bitbucket.org/acme/..", "has the segment `..`"),
        ("bitbucket.org/./app", "has the segment `.`"),
        ("bitbucket.org/acme/%61pp", "has the segment `%61pp`"),
        ("bitbucket.org//app", "a segment is empty"),
        ("bitbucket.org/acme/", "a segment is empty"),
        ("bitbucket.org/acme", "write `bitbucket.org/acme/*`"),
        ("bitbucket.org", "write `bitbucket.org/*/*`"),
        ("bitbucket.org/*", "too few segments"),
        ("bitbucket.org/acme/**", "never for a part of one or for more"),
        ("bitbucket.org/acme/app-*", "never for a part of one or for more"),
        ("bitbucket.org/acme*/app", "never for a part of one or for more"),
        ("bitbucket.org/*/app", "one name in every container"),
        ("bitbucket.org/acme/app/src", "write HOST/CONTAINER/REPOSITORY"),
        ("bitbucket.org/acme/*/*", "never for a part of one or for more"),
        ("git.example.com/PAY/api", "is on no configured host"),
    ] {
        let text = with(&format!("resources = [\"{resource}\"]"));
        assert!(text.contains(want), "{resource}: {text}");
    }
    assert!(with("resources = []").contains("`resources` is empty"));
    assert!(with("resources = \"x\"").contains("`resources` is no list"));
}

#[test]
fn a_rule_that_widens() {
    assert!(with("right = \"write\"").contains("the rule grants write, the ceiling read"));
    assert!(with("life = \"31m\"").contains("the rule grants for 31m, the ceiling for 30m"));
    for wide in ["git.example.com/bitbucket/*/*", "git.example.com/bitbucket/OTHER/*"] {
        let text = with(&format!("resources = [\"{wide}\"]"));
        let want = format!(
            "the rule is about `{wide}`, the ceiling about `bitbucket.org/acme/*`, `git.example.com/bitbucket/PAY/*`"
        );
        assert!(text.contains(&want), "{text}");
    }
    let own = with("resources = [\"bitbucket.org/acme/broker-policy\"]");
    assert!(!own.contains("protected") && own.contains("`reach` is missing"), "{own}");
    let wide = CEILING.replace("right = \"read\"", "right = \"write\"");
    let rule = RULE.replace("right = \"read\"", "right = \"write\"\nreach = \"account\"");
    let write = rule.replace("git.example.com/bitbucket/PAY/*", "bitbucket.org/Acme/Broker-Policy.git");
    assert!(
        problems(&format!("{wide}{write}"))
            .contains("grants write on `bitbucket.org/acme/broker-policy`, which is protected")
    );
}

#[test]
fn a_reach_that_is_not_said_or_not_true() {
    let cloud = with("resources = [\"bitbucket.org/acme/app\"]");
    assert!(cloud.contains("`reach` is missing"), "{cloud}");
    assert!(with("reach = \"account\"").contains("is not true here"));
    let narrow = CEILING.replace("account_wide = [\"bitbucket.org\"]", "");
    let rule = RULE.replace("git.example.com/bitbucket/PAY/*", "bitbucket.org/acme/*") + "reach = \"account\"\n";
    assert!(problems(&format!("{narrow}{rule}")).contains("no rule can grant there"));
    assert_eq!(problems(&format!("{CEILING}{rule}")), "");
}

#[test]
fn a_ceiling_that_is_no_ceiling() {
    assert!(problems(RULE).contains("there is no [ceiling]"));
    assert!(
        problems(&format!("{CEILING}{RULE}").replace("[ceiling]", "[[ceiling]]")).contains("`ceiling` is no table")
    );
    assert!(ceiling("right = \"read\"", "").contains("`right` is missing"));
    assert!(ceiling("life = \"30m\"", "").contains("`life` is missing"));
    assert!(ceiling("protected = [\"bitbucket.org/acme/broker-policy\"]", "").contains("`protected` is missing"));
    assert!(ceiling("[\"bitbucket.org/acme/broker-policy\"]", "[]").contains("`protected` is empty"));
    let none = ceiling("[\"bitbucket.org/acme/broker-policy\"]", "[]\npolicy_repository = \"none\"");
    assert_eq!(none, "");
    assert!(
        ceiling("right = \"read\"", "right = \"read\"\npolicy_repository = \"none\"")
            .contains("`protected` names repositories")
    );
    assert!(ceiling("[\"bitbucket.org\"]", "[\"bitbucket.orq\"]").contains("(did you mean `bitbucket.org`?)"));
    let two = [("a.toml".to_owned(), format!("{CEILING}{RULE}")), ("b.toml".to_owned(), CEILING.to_owned())];
    let problems = crate::broker::policy::compile(&two, super::world::around()).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].to_string(), "b.toml:2: there is a second [ceiling]; the first is at a.toml:2");
}

#[test]
fn a_workload_that_could_be_anybody() {
    let rule = |who: &str, when: &str, more: &str| {
        let rule = RULE.replace("who = \"person\"", &format!("who = \"{who}\"\n{more}"));
        problems(&format!("{CEILING}{}", rule.replace("roles = { any_in = [\"Read\"] }", when)))
    };
    for (who, when) in [
        ("pipelines", "branchName = { eq = \"main\" }"),
        ("pipelines", "aud = { eq = \"broker\" }"),
        ("github-actions", "aud = { eq = \"https://github.com/acme\" }, ref = { eq = \"refs/heads/main\" }"),
        ("github-actions", "repository_owner = { eq = \"acme\" }"),
        ("gitlab", "namespace_path = { eq = \"acme\" }"),
        ("app", "tid = { eq = \"00000000-0000-4000-8000-000000000001\" }"),
        ("app", "roles = { any_in = [\"token.issue\", \"Other\"] }"),
    ] {
        assert!(rule(who, when, "").contains("bound to no one workload"), "{who} {when}: {}", rule(who, when, ""));
    }
    assert!(rule("kubernetes", "iss = { eq = \"x\" }", "issuer = \"east\"").contains("bound to no one workload"));
    assert!(rule("kubernetes", "sub = { eq = \"x\" }", "").contains("several vouch for `kubernetes`: east, west"));
    assert_eq!(rule("kubernetes", "sub = { eq = \"x\" }", "issuer = \"east\""), "");
    assert_eq!(rule("app", "roles = { all_in = [\"token.issue\", \"Other\"] }", ""), "");
    assert!(
        rule("app", "oid = { eq = \"00000000-0000-4000-8000-000000000001\" }", "acrs = \"c1\"")
            .contains("only a person")
    );
    assert!(
        rule("app", "oid = { eq = \"00000000-0000-4000-8000-000000000001\" }", "service_user = \"ci-bot\"")
            .contains("serves none")
    );
    let all = RULE.replace("who = \"person\"", "who = \"pipelines\"");
    let all = all.replace("when = { roles = { any_in = [\"Read\"] } }", "everyone = true");
    assert!(problems(&format!("{CEILING}{all}")).contains("bound to no one workload"));
    let uuid = id(1);
    let cloud = RULE
        .replace("who = \"person\"", "who = \"pipelines\"\nreach = \"account\"")
        .replace("git.example.com/bitbucket/PAY", "bitbucket.org/acme");
    let cloud = cloud.replace("roles = { any_in = [\"Read\"] }", &format!("workspaceUuid = {{ eq = \"{uuid}\" }}"));
    assert!(problems(&format!("{CEILING}{cloud}")).contains("`service_user` is missing"));
}

#[test]
fn pull_requests_do_not_write() {
    let write = |when: &str| {
        let rule = RULE
            .replace("who = \"person\"", "who = \"github-actions\"")
            .replace("right = \"read\"", "right = \"write\"");
        let ceiling = CEILING.replace("right = \"read\"", "right = \"write\"");
        problems(&format!("{ceiling}{}", rule.replace("roles = { any_in = [\"Read\"] }", when)))
    };
    for when in [
        "repository = { eq = \"acme/app\" }",
        "repository = { eq = \"acme/app\" }, event_name = { any_in = [\"push\", \"pull_request_target\"] }",
        "sub = { eq = \"repo:acme/app:pull_request\" }",
        "repository = { eq = \"acme/app\" }, ref = { eq = \"refs/pull/7/merge\" }",
    ] {
        assert!(write(when).contains("lets pull requests write"), "{when}: {}", write(when));
    }
    assert_eq!(write("sub = { eq = \"repo:acme/app:ref:refs/heads/main\" }"), "");
    assert_eq!(write("repository_id = { eq = \"7\" }, event_name = { eq = \"push\" }"), "");
}

#[test]
fn a_rule_that_nobody_is_left_to() {
    let deny = "[[deny]]\nid = \"frozen\"\nreason = \"frozen\"\neveryone = true\n";
    assert!(problems(&format!("{CEILING}{RULE}{deny}")).contains("the rule can never match: `frozen` denies it"));
    let partly = format!("{deny}resources = [\"bitbucket.org/*/*\"]\n");
    assert_eq!(problems(&format!("{CEILING}{RULE}{partly}")), "");
    assert_eq!(problems(&format!("{CEILING}{RULE}{deny}who = \"app\"\n")), "");
    assert_eq!(problems(&format!("{CEILING}{RULE}mode = \"audit\"\n{deny}")), "");
    assert!(problems(&format!("{CEILING}{RULE}{deny}").replace("everyone = true\n", "")).contains("`when` is missing"));
    assert!(
        problems(&format!("{CEILING}{RULE}{}", deny.replace("\"frozen\"\nreason", "\"r\"\nreason")))
            .contains("the id `r` is taken")
    );
}

#[test]
fn everything_is_said_at_once_in_order() {
    let text = format!("{CEILING}{RULE}{RULE}bogus = 1\n[[deny]]\nid = \"d\"\n[other]\n[[rule]]\n");
    let lines: Vec<String> = problems(&text).lines().map(|line| line.split("; ").next().unwrap().to_owned()).collect();
    assert!(lines.len() > 8, "{lines:#?}");
    assert!(lines.contains(&"a.toml:18: `r`: the id `r` is taken".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"a.toml:24: `r`: unknown key `bogus`".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"a.toml:27: unknown key `other`".to_owned()), "{lines:#?}");
}

#[test]
fn too_much_and_nothing() {
    assert!(problems("").contains("there is no [ceiling]") && problems("").contains("has no [[rule]]"));
    assert!(problems("x").contains("this is no TOML") && !problems("x").contains("[ceiling]"));
    assert!(problems(&" ".repeat(1024 * 1024 + 1)).contains("at most 1 MiB"));
    assert!(problems(&"[[rule]]\n".repeat(5_001)).contains("there are 5001 rules and denies"));
    let ids: Vec<String> = (0..10_001).map(|number| format!("\"{}\"", id(number))).collect();
    let many = format!("when = {{ groups = {{ any_in = [{}] }} }}", ids.join(","));
    assert!(with(&many).contains("compare with 10001 values"));
    assert!(problems(&format!("x = {}1{}", "[".repeat(100_000), "]".repeat(100_000))).contains("no TOML"));
}
