//! Settings for the tests of this floor.

use crate::basis::base64;
use crate::broker::settings::Settings;
use std::fs;
use std::path::Path;

/// A directory with everything that a broker needs, without TLS.
#[expect(clippy::missing_panics_doc, reason = "for tests")]
pub fn settings_in(dir: &Path, more: &str) -> Settings {
    fs::create_dir_all(dir.join("policy.d")).unwrap();
    for (name, text) in [("seal.key", base64::standard(&[1; 32])), ("password", base64::standard(b"pw"))] {
        fs::write(dir.join(name), text.expose()).unwrap();
        #[cfg(unix)]
        fs::set_permissions(dir.join(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    fs::write(dir.join("policy.d/policy.toml"), POLICY).unwrap();
    let path = dir.join("broker.toml");
    let scheme = if more.contains("[proxy]") || more.contains("[tls]") { "https" } else { "http" };
    let text = SETTINGS.replace("# more", more).replace("http://127.0.0.1:8443", &format!("{scheme}://127.0.0.1:8443"));
    fs::write(&path, text).unwrap();
    crate::broker::settings::read(&path).unwrap()
}

const POLICY: &str = r#"
[ceiling]
right = "write"
life = "1h"
resources = ["git.example.com/bitbucket/*/*"]
account_wide = []
protected = ["git.example.com/bitbucket/OPS/policy"]
[[rule]]
id = "readers"
who = "person"
when = { roles = { any_in = ["git.read"] } }
resources = ["git.example.com/bitbucket/PAY/*"]
right = "read"
life = "30m"
"#;

const SETTINGS: &str = r#"
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:8443"
# more
[store]
url = "sqlite:state/broker.db"
[sealing]
key_files = ["seal.key"]
[policy]
path = "policy.d"
[audit]
file = "audit.jsonl"
[[issuer]]
name = "corp"
kind = "entra"
tenant = "72f988bf-0000-4000-8000-2d7cd011db47"
authority = "http://127.0.0.1:9"
audiences = ["api://bitbucket-broker"]
clients = ["11111111-2222-3333-4444-555555555555"]
[[host]]
url = "https://git.example.com/bitbucket"
kind = "data-center"
user = "svc"
password_file = "password"
"#;
