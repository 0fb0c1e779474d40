//! What git may send that is not to be answered: damaged requests, look-alikes, questions that are not ours.

use crate::desk::{Desk, said, stderr, stdout};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A desk whose one host can only refuse: nobody may be asked, and no server is there.
fn desk() -> Desk {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(OURS);
    desk
}

#[test]
fn a_damaged_request_is_refused_with_the_line_and_the_reason() {
    let long = format!("protocol=https\nhost=bitbucket.org\npath={}\n\n", "x".repeat(65 << 10));
    let huge = format!("protocol=https\nhost=bitbucket.org\n{}", "wwwauth[]=Basic realm=x\n".repeat(90_000));
    assert!(huge.len() > 2 << 20);
    let cases = [
        ("protocol=https\nhost=bitbucket.org\rx\n\n", "line 2 of git's request holds a NUL or a carriage return"),
        ("protocol=https\nhost=bitbucket\0.org\n\n", "line 2 of git's request holds a NUL or a carriage return"),
        ("protocol=https\nhost=\n\n", "git's request names no host"),
        ("protocol=HTTP\n\n", "git's request names no host"),
        ("protocol=\nhost=bitbucket.org\n\n", "git's request names no protocol"),
        ("host=bitbucket.org\n\n", "git's request names no protocol"),
        ("", "git's request names no protocol"),
        ("protocol=https\nhost=a.example\nhost=bitbucket.org\n\n", "line 3 of git's request names a key again"),
        ("url=https://a.example\nhost=bitbucket.org\n\n", "line 2 of git's request names a key again"),
        ("protocol=https\nbitbucket.org\n\n", "line 2 of git's request has no `=`"),
        ("url=https://a.example%0ahost=bitbucket.org\n\n", "line 1 of git's request is no URL"),
        (&long, "line 3 of git's request is longer than 64 KiB"),
        (&huge, "git's request is larger than 1 MiB"),
    ];
    let desk = desk();
    for (request, reason) in cases {
        for verb in ["get", "erase"] {
            let output = desk.verb(verb, request.as_bytes());
            let start: String = request.chars().take(60).collect();
            assert_eq!(output.status.code(), Some(2), "{verb} {start:?}: {}", said(&output));
            assert_eq!(stdout(&output), "", "{verb} {start:?}");
            let want = format!(
                "bitbucket-sso: the credential request was refused: {reason} [bad-request]\n  do this: git remote -v    \
                 (look for a URL without a host, or with characters that do not belong in one)\n"
            );
            assert_eq!(stderr(&output), want, "{verb} {start:?}");
        }
    }
}

#[test]
fn nothing_in_a_request_is_repeated_on_the_terminal() {
    let request = b"protocol=https\nhost=bitbucket.org\npassword=canary-4711\x1b[2J\0\n\n";
    let output = desk().verb("get", request);
    assert_eq!(output.status.code(), Some(2));
    assert!(!said(&output).contains("canary") && !stderr(&output).contains('\x1b'), "{}", said(&output));
}

#[test]
fn what_is_not_ours_is_met_with_silence() {
    let requests = [
        "protocol=https\nhost=github.com\n\n",
        "protocol=https\nhost=bitbucket.org.evil.example\n\n",
        "protocol=https\nhost=evilbitbucket.org\n\n",
        "protocol=https\nhost=bitbucket.org:8443\n\n",
        "protocol=https\nhost=bitbucket.org@evil.example\n\n",
        "protocol=https\nhost=bitbucket.org..\n\n",
        "protocol=http\nhost=bitbucket.org\n\n",
        "protocol=http\nhost=bitbucket.org:443\n\n",
        "protocol=ssh\nhost=bitbucket.org\n\n",
        // A proxy's password.
        "protocol=http\nhost=127.0.0.1:8888\nusername=alice\n\n",
        "protocol=https\nhost=proxy.corp.example:3128\n\n",
        // A client certificate's, of http.sslCert and http.proxySSLCert.
        "protocol=cert\nhost=\nusername=\npath=/home/alice/client.pem\n\n",
        "protocol=cert\npath=/home/alice/client.pem\n\n",
        // git send-email and git imap-send.
        "protocol=smtp\nhost=mail.example:587\nusername=alice\n\n",
    ];
    let desk = desk();
    for request in requests {
        for verb in ["get", "erase", "store"] {
            let output = desk.verb(verb, request.as_bytes());
            let seen = (output.status.code(), stdout(&output), stderr(&output));
            assert_eq!(seen, (Some(0), String::new(), String::new()), "{verb} {request:?}");
        }
    }
}

#[test]
fn every_spelling_of_our_host_is_ours_and_stops_git() {
    for (protocol, host) in [
        ("https", "bitbucket.org"),
        ("https", "BitBucket.ORG."),
        ("HTTPS", "bitbucket.org:443"),
        ("https", "bitbucket.org.:443"),
    ] {
        let output = desk().get(&format!("protocol={protocol}\nhost={host}\nusername=alice\n\n"));
        assert_eq!(output.status.code(), Some(4), "{host}: {}", said(&output));
        assert_eq!(stdout(&output), "quit=1\n", "{host}");
        assert_eq!(
            stderr(&output),
            "bitbucket-sso: a sign-in is needed for bitbucket.org, but nobody can be asked: [ui] background = \"never\" \
             is set [sign-in-needed]\n  do this: git credential-bitbucket-sso login --host https://bitbucket.org\n",
            "{host}"
        );
    }
}

#[test]
fn on_failure_pass_leaves_git_its_way() {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(&format!("{OURS}on_failure = \"pass\"\n"));
    let output = desk.get("protocol=https\nhost=bitbucket.org\n\n");
    assert_eq!((output.status.code(), stdout(&output)), (Some(4), String::new()));
    assert!(stderr(&output).contains("[sign-in-needed]"), "{}", said(&output));
}

#[test]
fn verbs_of_a_later_git_succeed_in_silence() {
    let desk = desk();
    for verb in ["approve", "reject", "list", "fetch-token", "geT", "lgoin", ""] {
        let output = desk.verb(verb, b"protocol=https\nhost=bitbucket.org\n\n");
        let seen = (output.status.code(), stdout(&output), stderr(&output));
        assert_eq!(seen, (Some(0), String::new(), String::new()), "{verb:?}");
    }
}

#[test]
fn capabilities_are_exact_to_the_byte() {
    let output = desk().verb("capability", b"");
    assert_eq!(output.stdout, b"version 0\ncapability authtype\n");
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}

#[test]
fn store_keeps_nothing_anywhere_whatever_it_is_told() {
    let desk = desk();
    let before = tree(&desk.home());
    let good = b"protocol=https\nhost=bitbucket.org\nusername=alice\npassword=canary-4711\n\n".to_vec();
    let huge = [b"protocol=https\nhost=bitbucket.org\npassword=".to_vec(), vec![b'x'; 3 << 20]].concat();
    for request in [good, huge, b"\0\r\n".to_vec(), Vec::new()] {
        let output = desk.verb("store", &request);
        let seen = (output.status.code(), stdout(&output), stderr(&output));
        assert_eq!(seen, (Some(0), String::new(), String::new()));
    }
    assert_eq!(tree(&desk.home()), before);
}

/// Every path below a folder with its content.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.insert(path.clone(), Vec::new());
                open.push(path);
            } else {
                let content = std::fs::read(&path).unwrap_or_default();
                found.insert(path, content);
            }
        }
    }
    found
}

/// One host, and nobody to ask.
pub const OURS: &str = "\
[entra]
tenant = \"72f988bf-0000-4000-8000-2d7cd011db47\"
client_id = \"11111111-2222-4333-8444-555555555555\"

[[host]]
url = \"https://bitbucket.org\"
source = \"entra\"
scope = \"api://git-proxy/.default\"

[storage]
refresh_tokens = \"kernel\"

[ui]
background = \"never\"
";
