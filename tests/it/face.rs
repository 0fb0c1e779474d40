//! The surface of a sign-in: what is said before anything opens, every way to the browser, and how it is left.

use crate::desk::{Desk, HELPER, said, stderr};
use crate::practice::browser::{self, Choice};
use crate::practice::cast::ALICE;
use crate::practice::codec;
use crate::practice::weather::Trouble;
use crate::practice::{Options, Practice, Source};
use crate::pty::{Terminal, until};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

#[path = "face/captures.rs"]
mod captures;

#[test]
fn the_browser_inherits_neither_lock_nor_streams_nor_our_settings() {
    let (practice, desk) = scene();
    browser_is(&desk, INSPECTED);
    let mut terminal = on_terminal(&desk, &format!("{HELPER} login"), &[("BITBUCKET_SSO_FLOW", "browser")]);
    terminal.shows("your browser opens");
    let read = |name: &str| fs::read_to_string(desk.path(&format!("browser.{name}"))).unwrap_or_default();
    until(|| desk.path("browser.done").exists().then_some(())).expect("the browser was started");
    let ids: Vec<_> = read("ids").split_whitespace().map(str::to_owned).collect();
    let process = Path::new("/proc").join(&ids[0]);
    until(|| (fs::read_to_string(process.join("comm")).ok()? == "sleep\n").then_some(())).expect("it goes on running");
    // What the tests' own runner leaves open in everybody is not the helper's to close.
    let runners: Vec<_> = open_files(Path::new("/proc/self")).into_values().collect();
    let open = open_files(&process);
    for stream in ["0", "1", "2"] {
        assert_eq!(open[stream], "/dev/null", "{open:?}");
    }
    let rest: Vec<_> = open.values().filter(|target| *target != "/dev/null" && !runners.contains(target)).collect();
    assert!(rest.is_empty(), "{rest:?}");
    assert_eq!((&ids[0], &*read("cwd")), (&ids[1], "/\n"), "a process group of its own, nowhere near a repository");
    let variables = read("env");
    assert!(variables.contains("HOME=") && !variables.contains("BITBUCKET_SSO_") && !variables.contains("GIT_CONFIG"));
    terminal.press("\x03");
    assert_eq!(terminal.end().0, Some(130));
    assert!(process.exists(), "Ctrl-C does not reach it");
    drop(practice);
    desk.command("kill").arg(&ids[0]).status().unwrap();
}

/// What a process has open, by number.
fn open_files(process: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(process.join("fd")).unwrap().flatten();
    let one = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?;
        Some((entry.file_name().into_string().ok()?, target.to_string_lossy().into_owned()))
    };
    entries.filter_map(one).collect()
}

#[test]
fn ctrl_c_leaves_the_terminal_as_it_was_and_starts_no_cool_down() {
    let ways =
        [("--browser", "your browser opens"), ("--device-code", "type this code"), ("--no-browser", "paste here")];
    for (flag, shown) in ways {
        let (practice, desk) = scene();
        let line = format!("trap : INT; stty -a > before; {HELPER} login {flag}; echo \"rc=$?\"; stty -a > after");
        let mut terminal = on_terminal(&desk, &line, &[]);
        terminal.shows(shown);
        if flag == "--device-code" {
            until(|| practice.entra.waiting_codes().pop()).expect("a code");
        }
        terminal.press("\x03");
        terminal.shows("rc=130");
        let (_, screen) = terminal.end();
        let modes = |name: &str| fs::read_to_string(desk.path(name)).unwrap();
        assert_eq!(modes("before"), modes("after"), "{flag}");
        assert!(!screen.contains("do this:"), "nothing failed: {screen}");
        let notes = fs::read_dir(desk.state().join("accounts")).into_iter().flatten().flatten();
        let cooling = notes
            .map(|file| fs::read_to_string(file.path()).unwrap())
            .find(|text| !text.contains("\"cooldown_until\":null"));
        assert_eq!(cooling, None, "{flag}");
    }
}

#[test]
fn the_address_that_a_browser_elsewhere_ends_at_can_be_pasted() {
    let (practice, desk) = scene();
    let mut terminal = on_terminal(&desk, &format!("{HELPER} login --no-browser"), &[]);
    let page = address(&mut terminal);
    assert!(page.contains("response_mode=query"), "a form leaves nothing to copy: {page}");
    terminal.enter("http://localhost:1/?code=x&state=y");
    terminal.shows("not the address of the last page");
    let right = delivered(&practice, &page);
    terminal.enter(&right.replace("state=", "state=x"));
    terminal.shows("belongs to another sign-in");
    terminal.enter(&right);
    let (code, screen) = terminal.end();
    assert!(code == Some(0) && screen.contains("signed in as alice@contoso.example"), "{screen}");
    assert!(desk.waiting_pages().is_empty(), "nothing was opened");
}

#[test]
fn both_legs_can_be_pasted_one_after_the_other() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::CloudOauth);
    let mut terminal = on_terminal(&desk, &format!("{HELPER} login --no-browser --redirect-port {}", free_port()), &[]);
    let page = address(&mut terminal);
    terminal.enter(&delivered(&practice, &page));
    terminal.shows("needs your consent once");
    let consent = terminal.wait("the second address", |screen| addresses(screen).pop().filter(|last| *last != page));
    browser::walk(&consent, practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    let (code, screen) = terminal.end();
    assert!(code == Some(0) && screen.contains("signed in as alice@contoso.example"), "{screen}");
}

#[test]
fn what_entra_refuses_is_told_when_it_is_pasted_too() {
    let (_practice, desk) = scene();
    let mut terminal = on_terminal(&desk, &format!("{HELPER} login --no-browser"), &[]);
    let page = url::Url::parse(&address(&mut terminal)).unwrap();
    let one = |name: &str| page.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let error = "error=access_denied&error_subcode=cancel";
    terminal.enter(&format!("{}/?{error}&state={}", one("redirect_uri"), one("state")));
    let (code, screen) = terminal.end();
    assert!(code == Some(5) && screen.contains("[cancelled]"), "{screen}");
}

#[test]
fn a_forwarded_port_is_named_listened_on_and_keeps_the_form() {
    let (practice, desk) = scene();
    let port = free_port();
    let ssh = [("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22"), ("USER", "ada")];
    let mut terminal = on_terminal(&desk, &format!("{HELPER} login --redirect-port {port}"), &ssh);
    terminal.shows(&format!("ssh -N -L {port}:127.0.0.1:{port} ada@192.0.2.2"));
    let page = address(&mut terminal);
    assert!(page.contains("response_mode=form_post") && page.contains(&format!("localhost%3A{port}")), "{page}");
    let end = browser::walk(&page, practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    assert!(end.answer.text().contains("Signed in"), "{}", end.answer.text());
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn a_registered_port_is_not_traded_for_another() {
    let practice = Practice::start(&Options::default());
    let config = practice.config_toml(Source::Exchange);
    let registered = config.replacen("[entra]\n", "[entra]\nredirect_uri = \"http://localhost:34999\"\n", 1);
    assert_ne!(config, registered);
    let desk = Desk::configured(&practice, &registered);
    let output = desk.helper().args(["login", "--redirect-port", "8400"]).output().unwrap();
    crate::refusals::refused(&output, 2, "redirect-port-fixed", &["registered with port 34999", "write 34999"]);
}

#[test]
fn the_last_page_speaks_the_browsers_language() {
    let (practice, desk) = scene();
    let login = desk.helper().arg("login").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let page = until(|| desk.waiting_pages().pop()).expect("a page");
    let mut query = url::Url::parse(&page).unwrap();
    query.set_query(Some(&page.split_once('?').unwrap().1.replace("form_post", "query")));
    let answer = delivered(&practice, query.as_str());
    let (uri, form) = answer.split_once('?').unwrap();
    let headers = [("Accept-Language", "zh;q=1, ja-JP;q=0.9, en;q=0.1"), ("Content-Type", FORM)];
    let shown = practice.client().send("POST", uri, &headers, form.trim_end_matches('#').as_bytes()).unwrap();
    let text = shown.text();
    assert!(text.contains("<html lang=\"ja\">") && text.contains("サインインしました"), "{text}");
    assert!(text.contains("alice@contoso.example") && text.contains("<dd>localhost</dd>"), "{text}");
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("script-src 'sha256-"), "{policy}");
    let output = login.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_account_that_is_known_is_named_before_anything_opens() {
    let (practice, desk) = scene();
    let desk = desk.person(Choice::sign_in(ALICE));
    let first = desk.helper().arg("login").output().unwrap();
    let begins = |output: &std::process::Output| stderr(output).lines().next().unwrap_or_default().to_owned();
    assert!(begins(&first).contains(" for localhost; your browser opens"), "{}", said(&first));
    assert!(!begins(&first).contains(" as "), "{}", said(&first));
    let again = desk.helper().args(["login", "--force"]).output().unwrap();
    assert!(begins(&again).contains(" as alice@contoso.example for localhost; your browser opens"), "{}", said(&again));
    drop(practice);
}

#[test]
fn a_slow_server_is_named_once() {
    let (practice, desk) = scene();
    for path in ["configuration", "token"] {
        practice.entra.weather.next(path, 1, Trouble::Slow(1_600));
    }
    let desk = desk.person(Choice::sign_in(ALICE));
    let output = desk.helper().arg("login").output().unwrap();
    let entra = practice.entra.base.trim_start_matches("https://").split('/').next().unwrap();
    let told = stderr(&output);
    let lines: Vec<_> = told.lines().filter(|line| line.contains("waiting for an answer")).collect();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(lines, [format!("bitbucket-sso: waiting for an answer of {entra} (up to 22 seconds)")], "{told}");
}

fn scene() -> (Practice, Desk) {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange);
    (practice, desk)
}

/// The command line on a terminal of its own, with these variables.
fn on_terminal(desk: &Desk, line: &str, variables: &[(&str, &str)]) -> Terminal {
    let mut script = desk.command("script");
    script.env("TERM", "dumb").envs(variables.iter().copied());
    Terminal::run(script, line)
}

fn browser_is(desk: &Desk, script: &str) {
    let file = desk.path("browser");
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The address on the screen.
pub fn address(terminal: &mut Terminal) -> String {
    terminal.wait("an address", |screen| addresses(screen).pop())
}

fn addresses(screen: &str) -> Vec<String> {
    let whole = screen.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(str::trim);
    whole.filter(|line| line.starts_with("https://") && line.contains("/authorize?")).map(str::to_owned).collect()
}

/// Alice signs in with a browser on another machine, which cannot show the last page; its address.
pub fn delivered(practice: &Practice, page: &str) -> String {
    let client = practice.client();
    let text = client.get(page, &[]).unwrap().text();
    let alice = format!("sign-in:{ALICE}");
    let mut forms = text.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap());
    let form = forms.find(|form| form.contains(&alice)).unwrap_or_else(|| panic!("no form for Alice: {text}"));
    let value = |tag: &str, name: &str| {
        tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| codec::unescape(rest.split('"').next().unwrap()))
    };
    let fields: Vec<(String, String)> = form
        .split('<')
        .filter(|tag| tag.starts_with("input") || tag.starts_with("button"))
        .filter_map(|tag| Some((value(tag, "name")?, value(tag, "value").unwrap_or_default())))
        .collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let action = url::Url::parse(page).unwrap().join(&value(form, "action").unwrap_or_default()).unwrap();
    let answer = client.post(action.as_str(), &fields, &[]).unwrap();
    answer.header("location").unwrap_or_else(|| panic!("no redirect: {}", answer.text())).to_owned()
}

/// A port that nobody has now.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Tells what it has got, then goes on running like a browser.
const INSPECTED: &str = "#!/bin/sh
tr '\\0' '\\n' < /proc/$$/environ > \"$0.env\"
readlink /proc/$$/cwd > \"$0.cwd\"
ps -o pid=,pgid= -p $$ > \"$0.ids\"
: > \"$0.done\"
exec sleep 60
";

/// The folder that a variable names, made if it is not there.
fn folder(variable: &str) -> std::path::PathBuf {
    let folder = std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} says where to"));
    fs::create_dir_all(Path::new(&folder)).unwrap();
    folder.into()
}
