//! Profiles and logons that are not as they should be.

use super::desk::Desk;
use super::machine::{Machine, errors, said, windows};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use std::fs;
use std::path::Path;

/// Error 1312, `ERROR_NO_SUCH_LOGON_SESSION`: what Credential Manager says to a network logon. Wine says it where it cannot
/// open the key that it keeps credentials in.
#[test]
fn a_logon_without_credential_manager_signs_in_for_each_command() {
    let Some(machine) = Machine::of_its_own(without_credentials) else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange).person(Choice::sign_in(ALICE));
    let url = practice.clone_url(Source::Exchange, "acme", "app");
    desk.git_in("", &["clone", "-q", &url, "app"]);
    desk.git_in("", &["ls-remote", "-q", &url]);
    assert_eq!(desk.opened().len(), 2, "nothing could be kept");
    let doctor = said(&desk.command(desk.exe(), &[]).args(["doctor", "--offline"]).output().unwrap());
    assert!(doctor.contains("each command signs in again"), "{doctor}");

    let insisting = ["--set", "storage.refresh_tokens=keyring", "login"];
    let refused = desk.command(desk.exe(), &[]).args(insisting).output().unwrap();
    let told = errors(&refused);
    assert!(told.contains("[keyring-missing]") && told.contains("LOGON_SESSION"), "{}", said(&refused));
}

/// As from a backup, or from a machine whose entries still roamed.
#[test]
fn a_stale_copy_of_the_entries_leads_to_a_sign_in_and_no_further() {
    let Some(machine) = Machine::of_its_own(|_| ()) else { return };
    let practice = Practice::start(&Options::default());
    let source = Source::DataCenterOauth;
    let desk = Desk::with(machine, &practice, source).person(Choice::sign_in(ALICE));
    let token =
        || desk.must(desk.exe(), &["--set", "token.max_cached_age=0s", "token", "--host", practice.url(source)]);
    desk.must(desk.exe(), &["login"]);
    let copy = windows(&desk.path("copy.reg"));
    desk.machine.reg(&["export", CREDENTIALS, &copy, "/y"]);
    token();
    practice.journal.clear();
    desk.machine.reg(&["delete", CREDENTIALS, "/f"]);
    desk.machine.reg(&["import", &copy]);
    let before = desk.opened().len();
    token();
    assert!(desk.opened().len() > before, "the refresh token of the copy was spent long ago");
    assert_eq!(practice.journal.grants("datacenter", "authorization_code", 200), 1);
    let after = desk.opened().len();
    token();
    assert_eq!(desk.opened().len(), after, "and the new one is kept");
}

#[test]
fn a_profile_that_cannot_be_written_is_named() {
    let Some(machine) = Machine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange);
    let fixed = [("LOCALAPPDATA", NOT_OURS)];
    let login = desk.command(desk.exe(), &fixed).arg("login").output().unwrap();
    assert!(!login.status.success() && errors(&login).contains(r"sys\kernel"), "{}", said(&login));
    assert!(desk.waiting_pages().is_empty(), "nobody signs in for nothing");
    let doctor = desk.command(desk.exe(), &fixed).args(["doctor", "--offline"]).output().unwrap();
    assert!(said(&doctor).contains(r"sys\kernel"), "{}", said(&doctor));

    let config = windows(&desk.roaming().join("bitbucket-sso/config.toml"));
    let roaming = [("APPDATA", NOT_OURS), ("BITBUCKET_SSO_CONFIG", config.as_str())];
    let before = fs::read(desk.home().join(".gitconfig")).unwrap();
    let setup = desk.command(desk.exe(), &roaming).arg("setup").output().unwrap();
    assert!(!setup.status.success() && errors(&setup).contains(r"sys\kernel"), "{}", said(&setup));
    assert_eq!(fs::read(desk.home().join(".gitconfig")).unwrap(), before, "git includes no file that is not there");
}

/// The key of Wine's Credential Manager becomes a link that leads nowhere.
fn without_credentials(prefix: &Path) {
    let file = prefix.join("user.reg");
    let text = fs::read_to_string(&file).unwrap();
    let (head, keys) = text.split_once("\n[").unwrap();
    let kept = keys.split("\n[").filter(|key| !key.starts_with(r"Software\\Wine\\Credential Manager"));
    let nowhere: Vec<String> = r"\Registry\Machine\Nowhere\There"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let link = format!(
        "Software\\\\Wine\\\\Credential Manager] 1700000000\n#time=1dd7c8e11847df8\n#link\n\"SymbolicLinkValue\"=hex(6):{}\n",
        nowhere.join(",")
    );
    let keys: Vec<&str> = kept.chain([link.as_str()]).collect();
    fs::write(&file, format!("{head}\n[{}", keys.join("\n["))).unwrap();
}

const CREDENTIALS: &str = r"HKCU\Software\Wine\Credential Manager";
/// A folder in which not even root may make anything.
const NOT_OURS: &str = r"Z:\sys\kernel";
