use super::super::take_any;
use super::*;
use crate::config::document::{Document, Source};
use crate::config::error::{Layer, Origin};
use crate::config::value::Value;

/// All that a document says, in its order.
fn told(document: &Document) -> String {
    let value = |entry: &Entry| match &entry.value {
        Value::Secret(secret) => secret.expose().to_owned(),
        Value::Words(words) => format!("{words:?}"),
        other => other.shown(),
    };
    let line = |entry: &Entry| format!("{}@{}={}", entry.key.path(), entry.at, value(entry));
    let lines = |entries: &[Entry]| entries.iter().map(line).collect::<Vec<_>>().join(" ");
    let mut told = vec![lines(&document.fixed)];
    told.extend(document.profiles.iter().map(|(name, entries)| format!("{name}: {}", lines(entries))));
    told.extend(document.hosts.iter().map(|host| format!("{}@{}: {}", host.url, host.at, lines(&host.entries))));
    told.join("\n")
}

fn empty(text: &str) -> Document {
    Document::new(Layer::User, Source::text(Origin::File("c.toml".into()), text.as_bytes()))
}

/// Whether the short way takes the text; if it does, the long way says the same.
fn taken(text: &str) -> bool {
    let Some(Tables { fixed, profiles, hosts }) = read(text) else { return false };
    let mut long = empty(text);
    if let Err(error) = take_any(&mut long, text) {
        panic!("{error}\n{text}");
    }
    assert_eq!(told(&Document { fixed, profiles, hosts, ..empty(text) }), told(&long), "{text}");
    true
}

#[test]
fn the_short_way_says_what_the_long_one_does() {
    let mut count = 0;
    for first in LINES {
        for second in LINES {
            for third in LINES {
                let text = [*first, *second, *third].concat();
                count += usize::from(taken(&text)) + usize::from(taken(&format!("[[host]]\n{text}")));
            }
        }
    }
    assert!(count > 1000, "{count}");
}

#[test]
fn what_people_write_is_taken() {
    let usual = "# ours\r\n[entra]\ntenant = \"contoso.com\" # id\n\n  flow = 'browser'\n[entra.b]\n reauthenticate=true\n\
                 [token]\nmargin = \"3m\"\n[[host]]\nurl = \"https://h/\u{e9}\"\nclient_secret = 'a\"\\b'\n\
                 scopes = [ \"a\", 'b', ]\n\n[[host]] # next\nsource = \"entra\"\nurl = \"https://b\"";
    assert!(taken(usual));
    for (at, _) in usual.char_indices() {
        taken(&usual[..at]);
        taken(&usual[at..]);
    }
}

#[test]
fn whatever_is_special_takes_the_long_way() {
    for value in [
        "\"\"\"a\"\"\"",
        "'''a'''",
        "\"a\\tb\"",
        "\"a\tb\"",
        "\"a",
        "\"a\" b",
        "\"a\" #\u{1}",
        "truest",
        "1",
        "1.0",
        "{}",
        "\"a\u{7f}\"",
        "\"a\"\r#",
        "[\"a\"",
        "[,\"a\"]",
        "[\"a\",,\"b\"]",
        "[\"a\" \"b\"]",
        "[[\"a\"]]",
        "[1]",
        "[\"\"]",
        "",
    ] {
        assert!(read(&format!("[[host]]\nurl = \"https://h\"\nscope = {value}\n")).is_none(), "{value}");
        assert!(read(&format!("[[host]]\nurl = \"https://h\"\nscopes = {value}\n")).is_none(), "{value}");
    }
    for other in ["url.a = 1", "\"url\" = \"https://h\"", "url", "= 1", "[[hosts]]", "[host]", "[entra]]", "[ entra ]"]
    {
        assert!(read(other).is_none() && read(&format!("[entra]\n{other}")).is_none(), "{other}");
    }
}

const LINES: &[&str] = &[
    "",
    "\r\n",
    "# a comment\n",
    "#\t\u{7f}\n",
    "[entra]\n",
    "[entra] # one\n",
    "[entra.b]\n",
    "[entra.a]\n",
    "[entra.flow]\n",
    "[entra.default]\n",
    "[entra.a.b]\n",
    "[token]\n",
    "[audit]\n",
    "[host]\n",
    "[[host]]\n",
    "\t[[host]]\n",
    "[[token]]\n",
    "flow = \"browser\"\n",
    "flow = \"brows\"\n",
    "tenant = 'contoso.com'\n",
    "margin = \"4m\"\n",
    "file = \"\"\n",
    "reauthenticate = true\n",
    "reauthenticate = true false\n",
    "url = \"https://h\"\n",
    "  url=\"https://i\"#x\r\n",
    "scopes = [\"a\",'b' , ]\n",
    "scopes = []\n",
    "client_secret = 'canary \" \\'\n",
    "client_secret = \"\"\"x\"\"\"\n",
    "other = 1\n",
];
