use super::*;
use std::io::Cursor;

const PLAIN: &str = "protocol=https\nhost=bitbucket.org\n";

fn refused(input: &[u8]) -> String {
    parse(input).map(|request| format!("{request:?}")).unwrap_err().to_string()
}

#[test]
fn a_request_of_git_is_understood() {
    let input = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=bitbucket.org\n\
                 path=ws/repo.git\nusername=j\nwwwauth[]=Basic realm=\"x\"\nwwwauth[]=Bearer\n\n";
    let request = parse(input.as_bytes()).unwrap();
    assert_eq!((request.protocol.as_str(), request.host.as_str()), ("https", "bitbucket.org"));
    assert_eq!(request.path.as_deref(), Some("ws/repo.git"));
    assert_eq!(request.username.as_deref(), Some("j"));
    assert_eq!(request.capabilities, Capabilities { authtype: true, state: true });
}

#[test]
fn what_git_used_is_kept_and_never_printed() {
    let input = format!("{PLAIN}password=canary-1\ncredential=canary-2\nauthtype=Bearer\n");
    let request = parse(input.as_bytes()).unwrap();
    assert_eq!(request.password.as_ref().unwrap().expose(), "canary-1");
    assert_eq!(request.credential.as_ref().unwrap().expose(), "canary-2");
    assert!(!format!("{request:?}").contains("canary"));
}

#[test]
fn an_empty_value_resets_a_list() {
    let announced = |lines: &str| parse(format!("{PLAIN}{lines}").as_bytes()).unwrap().capabilities.authtype;
    assert!(!announced("capability[]=authtype\ncapability[]=\n"));
    assert!(announced("capability[]=\ncapability[]=authtype\n"));
}

#[test]
fn one_carriage_return_before_the_end_is_tolerated() {
    let request = parse(b"protocol=https\r\nhost=bitbucket.org\r\n\r\nhost=evil.example\r\n").unwrap();
    assert_eq!(request.host, "bitbucket.org");
    for bad in ["host=a\rb\n", "host=a\r\r\n", "host=\ra\n", "path=x\0\n"] {
        assert!(refused(format!("protocol=https\n{bad}").as_bytes()).contains("line 2"), "{bad:?}");
    }
}

#[test]
fn blank_or_missing_places_are_refused() {
    for bad in ["", "\n", "protocol=https\n", "protocol=https\nhost=\n", "host=h\n", "protocol=\nhost=h\n"] {
        assert!(matches!(parse(bad.as_bytes()), Err(RequestError::Blank(_))), "{bad:?}");
    }
    let certificate = parse(b"protocol=cert\nhost=\nusername=\npath=/home/j/client.pem\n\n").unwrap();
    assert_eq!((certificate.protocol.as_str(), certificate.host.as_str()), ("cert", ""));
}

#[test]
fn scalar_keys_come_once() {
    for key in ["protocol", "host", "path", "username", "password", "credential", "of-a-later-git"] {
        let input = format!("{key}=a\n{key}=a\n{PLAIN}");
        assert!(matches!(parse(input.as_bytes()), Err(RequestError::Duplicate { .. })), "{key}");
    }
    assert!(matches!(parse(format!("url=https://h\n{PLAIN}").as_bytes()), Err(RequestError::Duplicate { line: 2 })));
}

#[test]
fn a_url_stands_for_its_parts() {
    let request = parse(b"url=https://j@bitbucket.org/ws/repo.git\n").unwrap();
    assert_eq!((request.host.as_str(), request.path.as_deref()), ("bitbucket.org", Some("ws/repo.git")));
    assert!(matches!(parse(b"url=https://h%0ax\n"), Err(RequestError::BadUrl { line: 1 })));
}

#[test]
fn sizes_are_bounded_to_the_byte() {
    let line = |length: usize| format!("{PLAIN}path={}\n", "x".repeat(length - "path=".len()));
    assert!(parse(line(LONGEST_LINE).as_bytes()).is_ok());
    assert!(matches!(parse(line(LONGEST_LINE + 1).as_bytes()), Err(RequestError::LongLine { line: 3 })));
    let full = |size: usize| {
        let mut input = PLAIN.to_owned();
        while input.len() < size {
            let length = (size - input.len()).min(1000);
            input.extend(["wwwauth[]=", &"x".repeat(length.saturating_sub(11)), "\n"]);
        }
        input.truncate(size);
        input
    };
    assert!(read(&mut Cursor::new(full(LARGEST_INPUT))).is_ok());
    assert!(matches!(read(&mut Cursor::new(full(LARGEST_INPUT + 1))), Err(RequestError::TooLarge)));
}

#[test]
fn reading_stops_at_the_blank_line() {
    struct Open(Cursor<Vec<u8>>);
    impl Read for Open {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.read(&mut buffer[..1])?;
            assert!(count > 0, "read on after the blank line, where a caller may keep the pipe open");
            Ok(count)
        }
    }
    for end in ["\n", "\r\n"] {
        let request = read(&mut Open(Cursor::new(format!("{PLAIN}{end}").into_bytes()))).unwrap();
        assert_eq!(request.host, "bitbucket.org");
    }
}

#[test]
fn no_bytes_make_it_panic_or_pass_a_line_border() {
    let alphabet = b"=\n\r\0[]ahost%:/@\xff";
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut input = b"protocol=https\nhost=".to_vec();
        for _ in 0..24 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            input.push(alphabet[usize::try_from(state >> 33).unwrap() % alphabet.len()]);
        }
        if let Ok(request) = parse(&input) {
            let Request { protocol, host, path, username, .. } = request;
            let texts = [Some(protocol), Some(host), path, username];
            assert!(texts.iter().flatten().all(|text| !text.contains(['\n', '\r', '\0'])));
        }
    }
}

#[test]
fn a_line_without_a_value_is_refused_and_verbs_never_fail() {
    assert!(refused(b"protocol=https\nhost\n").contains("line 2"));
    assert_eq!(Verb::named("get"), Verb::Get);
    assert_eq!(Verb::named("approve-all"), Verb::Other);
}
