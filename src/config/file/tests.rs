use super::*;

fn read(text: &str) -> Result<Document, ConfigError> {
    parse(text.as_bytes(), Origin::File("c.toml".into()), Layer::User)
}

fn refused(text: &str) -> String {
    read(text).err().unwrap_or_else(|| panic!("accepted: {text}")).to_string()
}

#[test]
fn every_kind_of_table_is_read() {
    let text = "[entra]\nflow = \"browser\"\n[entra.two]\nreauthenticate = true\n[[host]]\nurl = \"https://h\"\n\
                source = \"cloud-oauth\"\nscopes = [\"a\", \"b\"]\n[token]\nmargin = \"3m\"\n[network]\nca_file = \"\"\n";
    let document = read(text).unwrap();
    let names: Vec<&str> = document.profiles.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["two", "default"]);
    let shown: Vec<String> = document.entries().map(|e| format!("{}={}", e.key.path(), e.value.shown())).collect();
    assert_eq!(
        shown.join(" "),
        "network.ca_file= token.margin=3m entra.reauthenticate=true entra.flow=browser host.scopes=a b \
         host.source=cloud-oauth host.url=https://h"
    );
}

#[test]
fn unknown_names_bring_the_nearest_with_line_and_column() {
    let Err(ConfigError::UnknownKey { at, key, nearest }) = read("[entra]\n  tennant = \"x\"\n") else { panic!() };
    assert_eq!((at.line, at.column, key.as_str(), nearest.as_deref()), (2, 3, "tennant", Some("tenant")));
    let Err(ConfigError::UnknownKey { nearest, .. }) = read("[netwrok]\n") else { panic!() };
    assert_eq!(nearest.as_deref(), Some("network"));
    let Err(ConfigError::UnknownKey { nearest, .. }) = read("zzzz = 1\n") else { panic!() };
    assert_eq!(nearest, None);
}

#[test]
fn wrong_types_and_values_name_the_key() {
    let cases = [
        ("[entra]\nflow = 1\n", "c.toml:2: `entra.flow` must be a string, not an integer"),
        ("[entra]\nflow = \"x\"\n", "c.toml:2: `entra.flow` must be one of auto, browser, device-code"),
        ("[entra]\nreauthenticate = \"true\"\n", "must be true or false, not a string"),
        ("[entra]\ntenant = \"common\"\n", "`entra.tenant` must name your own tenant; `common` is shared by all"),
        ("[entra]\nclient_id = \"x\"\n", "`entra.client_id` must be a GUID"),
        ("[entra]\nauthority = \"http://login.example.com\"\n", "plain http to `login.example.com`"),
        ("[entra]\nflow = {}\n", "must be a string, not a table"),
        ("[entra.default]\nflow = \"auto\"\n", "reserved name"),
        ("[entra.\"a b\"]\nflow = \"auto\"\n", "letters, digits"),
        ("entra = 1\n", "`entra` must be a table, not an integer"),
        ("[host]\nurl = \"https://h\"\n", "`host` must be an array of tables"),
        ("[[host]]\nscopes = [1]\n", "must be an array of strings"),
        ("[token]\nmargin = \"1m\"\n", "must be at least 120 seconds"),
    ];
    for (text, want) in cases {
        let shown = refused(text);
        assert!(shown.contains(want), "{shown}");
    }
}

#[test]
fn hosts_are_complete_and_single() {
    assert!(refused("[[host]]\nsource = \"entra\"\n").contains("`host.url` is not set"));
    let twice = "[[host]]\nurl = \"https://h\"\n\n[[host]]\nurl = \"https://H:443/\"\n";
    let Err(ConfigError::DuplicateHost { at, first, .. }) = read(twice) else { panic!() };
    assert_eq!((at.line, first), (4, 1));
    let wrong = "[[host]]\nurl = \"https://h\"\nsource = \"entra\"\nclient_secret = \"canary\"\n";
    assert!(matches!(read(wrong), Err(ConfigError::WrongSource { at, .. }) if at.line == 4));
    let place = if cfg!(windows) { "C:/s" } else { "/s" };
    let both = format!("[[host]]\nurl = \"https://h\"\nclient_secret = \"canary\"\nclient_secret_file = \"{place}\"\n");
    assert!(refused(&both).contains("excludes `client_secret`"));
}

#[test]
fn a_syntax_error_has_a_place_and_shows_no_value() {
    let text = "[[host]]\nurl = \"https://h\"\nclient_secret = \"canary-7\" x\n";
    let error = read(text).err().unwrap();
    assert!(matches!(&error, ConfigError::Syntax { at, .. } if at.line == 3), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"));
    let unquoted = read("[[host]]\nurl = \"https://h\"\nclient_secret = canary-8\n").err().unwrap();
    assert!(!format!("{unquoted} {unquoted:?}").contains("canary"), "{unquoted:?}");
    let Err(ConfigError::Syntax { at, .. }) = parse(b"a = 1\n\xff", Origin::File("c".into()), Layer::User) else {
        panic!()
    };
    assert_eq!(at.line, 2);
}

#[test]
fn no_prefix_of_a_good_file_panics_or_leaks() {
    let text = "\u{feff}[entra]\ntenant = \"contoso.com\"\n[[host]]\nurl = \"https://h\"\nclient_secret = \"canary\"\n";
    assert!(read(text).is_ok());
    for end in 0..text.len() {
        if let Err(error) = parse(&text.as_bytes()[..end], Origin::File("c".into()), Layer::User) {
            assert!(!format!("{error} {error:?}").contains("canary"), "{end}: {error:?}");
        }
    }
}
