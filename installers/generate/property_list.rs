//! Policy as a configuration profile for macOS.

use super::sample::{self, Layer, Place, Row, Sample, Table};
use bitbucket_sso::config::table::Section;
use std::fmt::Write as _;

/// The profile: what is not set is there as a comment.
pub fn profile() -> String {
    let tables = sample::tables(Layer::Policy, Place::MacOs);
    let mut text = HEAD.to_owned();
    for table in tables.iter().filter(|table| table.section != Section::Host) {
        section(&mut text, table);
    }
    _ = writeln!(text, "{INDENT}<key>host</key>\n{INDENT}<array>");
    for table in tables.iter().filter(|table| table.section == Section::Host) {
        let active = table.rows.iter().any(|row| row.active);
        _ = writeln!(text, "{INDENT}  <!-- {} -->", table.title);
        line(&mut text, active, "  ", "<dict>");
        for row in &table.rows {
            setting(&mut text, row, "    ");
        }
        line(&mut text, active, "  ", "</dict>");
    }
    _ = writeln!(text, "{INDENT}</array>");
    text + TAIL
}

/// Text between tags.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn section(text: &mut String, table: &Table) {
    _ = writeln!(text, "{INDENT}<key>{}</key>\n{INDENT}<dict>", table.section.name());
    for row in &table.rows {
        setting(text, row, "  ");
    }
    _ = writeln!(text, "{INDENT}</dict>");
}

fn setting(text: &mut String, row: &Row, deeper: &str) {
    let value = match &row.value {
        Sample::Text(value) => format!("<string>{}</string>", escaped(value)),
        Sample::Flag(true) => "<true/>".to_owned(),
        Sample::Flag(false) => "<false/>".to_owned(),
        Sample::List(list) => {
            let word = |word: &String| format!("<string>{}</string>", escaped(word));
            let words = list.iter().map(word).collect::<Vec<_>>().concat();
            format!("<array>{words}</array>")
        }
    };
    line(text, row.active, deeper, &format!("<key>{}</key>{value}", row.key.name));
}

fn line(text: &mut String, active: bool, deeper: &str, what: &str) {
    let (open, close) = if active { ("", "") } else { ("<!-- ", " -->") };
    _ = writeln!(text, "{INDENT}{deeper}{open}{what}{close}");
}

const INDENT: &str = "                  ";

const HEAD: &str = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>com.acme.git-credential-bitbucket-sso</string>
  <key>PayloadUUID</key><string>6B1F0B9E-5B5C-4C39-9C5B-0E2C7D1A7F01</string>
  <key>PayloadDisplayName</key><string>Bitbucket SSO</string>
  <key>PayloadScope</key><string>System</string>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>com.apple.ManagedClient.preferences</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>com.acme.git-credential-bitbucket-sso.policy</string>
      <key>PayloadUUID</key><string>6B1F0B9E-5B5C-4C39-9C5B-0E2C7D1A7F02</string>
      <key>PayloadDisplayName</key><string>Bitbucket SSO policy</string>
      <key>PayloadContent</key>
      <dict>
        <key>git-credential-bitbucket-sso</key>
        <dict>
          <key>Forced</key>
          <array>
            <dict>
              <key>mcx_preference_settings</key>
              <dict>
";

const TAIL: &str = "              </dict>
            </dict>
          </array>
        </dict>
      </dict>
    </dict>
  </array>
</dict>
</plist>
";
