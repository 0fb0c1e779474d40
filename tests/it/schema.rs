//! The JSON Schema that `config schema` prints, applied by its own rules: it and the program judge alike.

use crate::desk::{Desk, stderr, stdout};
use serde_json::{Map, Value};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_schema_and_the_program_judge_documents_alike() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let printed = desk.helper().args(["config", "schema"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let file = desk.path("some.toml");
    for (good, text) in [
        (true, GOOD.to_owned()),
        (true, String::new()),
        (true, "[entra.work]\ntenant = \"contoso.example\"\n".into()),
        (true, "[token]\nmax_cached_age = \"\"\n".into()),
        (false, "[entar]\n".into()),
        (false, "[ui]\nbackgruond = \"never\"\n".into()),
        (false, "[entra.work]\ntennant = \"contoso.example\"\n".into()),
        (false, GOOD.replace("true", "\"true\"")),
        (false, GOOD.replace("\"form_post\"", "\"post\"")),
        (false, GOOD.replace("\"24h\"", "\"24 hours\"")),
        (false, GOOD.replace("\"24h\"", "24")),
        (false, GOOD.replace("\"04:00\"", "\"24:00\"")),
        (false, GOOD.replace("11111111-2222", "11111111-222")),
        (false, GOOD.replace("url = \"https://bitbucket.org\"\n", "")),
        (false, GOOD.replace("[\"repository:write\", \"account\"]", "[]")),
        (false, GOOD.replace("[\"repository:write\", \"account\"]", "\"account\"")),
        (false, GOOD.replace("cloud-oauth", "cloud")),
        (false, format!("{GOOD}audience = \"for another source\"\n")),
        (false, "host = \"https://bitbucket.org\"\n".into()),
    ] {
        std::fs::write(&file, &text).unwrap();
        let output = desk.helper().args(["config", "validate"]).arg(&file).output().unwrap();
        assert_eq!(output.status.success(), good, "{text}\n{}{}", stdout(&output), stderr(&output));
        let document: Value = toml::from_str(&text).unwrap();
        let flaw = flaw(&schema, &document, "");
        assert_eq!(flaw.is_none(), good, "{text}\n{flaw:?}");
    }
}

/// The first place of `value` that breaks the schema. A keyword that is not understood here fails the test.
pub fn flaw(schema: &Value, value: &Value, at: &str) -> Option<String> {
    let rules = match schema {
        Value::Bool(true) => return None,
        Value::Bool(false) => return Some(format!("{at}: not allowed")),
        other => other.as_object().unwrap(),
    };
    rules.iter().find_map(|(keyword, rule)| broken(rules, keyword, rule, value, at))
}

fn broken(rules: &Map<String, Value>, keyword: &str, rule: &Value, value: &Value, at: &str) -> Option<String> {
    let wrong = |is: bool| is.then(|| format!("{at}: {keyword} {rule}"));
    let object = value.as_object();
    match keyword {
        "$schema" | "title" | "description" | "default" | "then" => None,
        "type" => wrong(kind(value) != rule),
        "const" => wrong(value != rule),
        "enum" => wrong(!rule.as_array().unwrap().contains(value)),
        "minLength" => wrong(value.as_str().is_some_and(|text| (text.len() as u64) < rule.as_u64().unwrap())),
        "minItems" => wrong(value.as_array().is_some_and(|list| (list.len() as u64) < rule.as_u64().unwrap())),
        "pattern" => wrong(value.as_str().is_some_and(|text| !matches(rule.as_str().unwrap(), text))),
        "required" => {
            wrong(rule.as_array().unwrap().iter().any(|key| object.is_some_and(|all| !all.contains_key(text(key)))))
        }
        "allOf" => rule.as_array().unwrap().iter().find_map(|rule| flaw(rule, value, at)),
        "anyOf" => wrong(rule.as_array().unwrap().iter().all(|rule| flaw(rule, value, at).is_some())),
        "if" => flaw(rule, value, at).map_or_else(|| flaw(&rules["then"], value, at), |_| None),
        "items" => value.as_array()?.iter().find_map(|item| flaw(rule, item, &format!("{at}[]"))),
        "properties" => object?.iter().find_map(|(key, value)| flaw(rule.get(key)?, value, &format!("{at}.{key}"))),
        "additionalProperties" => {
            let known = |key: &String| rules.get("properties").is_some_and(|known| known.get(key).is_some());
            let others = object?.iter().filter(|(key, _)| !known(key));
            others.into_iter().find_map(|(key, value)| flaw(rule, value, &format!("{at}.{key}")))
        }
        other => panic!("the schema uses `{other}`"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The schema's patterns are also extended regular expressions.
fn matches(pattern: &str, text: &str) -> bool {
    let mut grep = Command::new("grep");
    let mut child = grep.args(["-qE", pattern]).stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{text}\n").as_bytes()).unwrap();
    child.wait().unwrap().success()
}

const GOOD: &str = "\
[entra]
tenant = \"contoso.example\"
client_id = \"11111111-2222-4333-8444-555555555555\"
response_mode = \"form_post\"
max_session = \"24h\"
day_starts = \"04:00\"
reauthenticate = true

[[host]]
url = \"https://bitbucket.org\"
source = \"cloud-oauth\"
client_id = \"key\"
client_secret = \"secret\"
redirect_uri = \"http://127.0.0.1/callback\"
scopes = [\"repository:write\", \"account\"]
";
