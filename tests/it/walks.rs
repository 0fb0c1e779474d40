//! From an error to a working clone, by following only what is printed.

use crate::desk::{Desk, HELPER, said, stderr, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::entra::{Fault, Target};
use crate::practice::weather::Trouble;
use crate::practice::{Options, Practice, Source};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Each ends in a clone that asks nobody: what was followed before has done it all.
#[test]
fn the_printed_command_leads_to_a_working_clone_after_entra_said_no() {
    go(&[
        Walk { cause: "CI=true is set", signed_in: false, ..Walk::of("sign-in-needed") },
        Walk { cause: "AADSTS50173", breaks: |at| at.fault(Fault::Revoked), ..Walk::of("sign-in-needed") },
        Walk { cause: "AADSTS50133", breaks: |at| at.fault(Fault::PasswordChanged), ..Walk::of("sign-in-needed") },
        Walk { cause: "AADSTS70043", breaks: |at| at.fault(Fault::SignInFrequency), ..Walk::of("sign-in-needed") },
        Walk { cause: "AADSTS700082", breaks: |at| at.fault(Fault::Inactive), ..Walk::of("sign-in-needed") },
        Walk { cause: "AADSTS50076", breaks: |at| at.fault(Fault::MfaRequired), ..Walk::of("sign-in-needed") },
        Walk { cause: "AADSTS50079", breaks: |at| at.fault(Fault::MfaEnrol), ..Walk::of("sign-in-needed") },
    ]);
}

#[test]
fn the_printed_command_leads_to_a_working_clone_where_this_machine_is_wrong() {
    go(&[
        Walk {
            cause: "your consent",
            source: Source::CloudOauth,
            breaks: Place::end_grant,
            ..Walk::of("consent-needed")
        },
        Walk { cause: "other users can open it", breaks: |at| at.mode(0o777), ..Walk::of("lock-unusable") },
        Walk { cause: "open it", breaks: |at| at.mode(0o755), says: Says::Doctor, ..Walk::of("storage-unsafe") },
        Walk { cause: "not", breaks: Place::unregister, says: Says::Doctor, ..Walk::of("registration: ") },
        Walk { cause: "not", breaks: Place::helper_before, says: Says::Doctor, ..Walk::of("registration: ") },
    ]);
}

#[test]
fn the_printed_command_leads_to_a_working_clone_where_a_code_is_not_enough() {
    go(&[
        Walk {
            cause: "the device",
            breaks: Place::device_needed,
            says: Says::DeviceCode,
            ..Walk::of("browser-needed")
        },
        Walk {
            cause: "AADSTS53003",
            breaks: |at| at.fault(Fault::BlockDeviceCodeOnPoll),
            says: Says::DeviceCode,
            ..Walk::of("conditional-access-block")
        },
    ]);
}

fn go(walks: &[Walk]) {
    let lost: Vec<String> = walks.iter().filter_map(|walk| walk.go().err()).collect();
    assert!(lost.is_empty(), "{}", lost.join("\n\n"));
}

/// What helps is not a command of ours: the network comes back, a file is corrected, a program is ended.
#[test]
fn where_a_person_must_do_something_the_same_command_works_afterwards() {
    let practice = Practice::start(&Options::default());
    let good = format!("{}\n[storage]\nrefresh_tokens = \"kernel\"\n", practice.config_toml(Source::Exchange));
    let place = Place::new(practice, Source::Exchange);
    place.sign_in();
    let told = |id: &str, words: &str| {
        place.forget();
        let failed = place.clone_alone();
        let text = stderr(&failed);
        assert!(!failed.status.success() && text.contains(&format!("[{id}]")), "{id}: {}", said(&failed));
        assert!(text.split("do this: ").nth(1).is_some_and(|help| help.contains(words)), "{id}: {text}");
    };
    place.practice.entra.server.close();
    told("unreachable", "check the network or VPN, then run the command again");
    place.practice.entra.server.reopen();
    // Entra is not asked again for some seconds, which are not waited for here.
    for account in fs::read_dir(place.desk.state().join("accounts")).unwrap() {
        fs::remove_file(account.unwrap().path()).unwrap();
    }
    place.clones("the network is back");

    place.desk.write_config(&good.replace("[entra]", "[entra"));
    told("config-syntax", "correct ");
    place.desk.write_config(&good.replace("tenant", "tennant"));
    told("config-unknown-key", "");
    place.desk.write_config(&good);
    place.clones("the file is corrected");

    let (trail, aside) = (place.desk.state().join("audit.jsonl"), place.desk.path("aside"));
    fs::rename(&trail, &aside).unwrap();
    fs::create_dir(&trail).unwrap();
    told("audit-unwritable", "ls -l ");
    fs::remove_dir(&trail).unwrap();
    fs::rename(&aside, &trail).unwrap();
    place.clones("the trail is a file again");
}

struct Walk {
    /// What is also said.
    cause: &'static str,
    /// What the first line of the error ends with, or what doctor's begins with.
    id: &'static str,
    source: Source,
    signed_in: bool,
    breaks: fn(&Place),
    says: Says,
}

#[derive(Clone, Copy, PartialEq)]
enum Says {
    Clone,
    Doctor,
    DeviceCode,
}

impl Walk {
    fn of(id: &'static str) -> Self {
        Self { cause: "", id, source: Source::Exchange, signed_in: true, breaks: |_| (), says: Says::Clone }
    }

    /// What is printed at the step that leads nowhere.
    fn go(&self) -> Result<(), String> {
        let name = format!("{} {}", self.id, self.cause);
        let place = Place::new(Practice::start(&Options::default()), self.source);
        if self.signed_in && self.says != Says::DeviceCode {
            place.sign_in();
        }
        (self.breaks)(&place);
        place.forget();
        let failed = place.clone_alone();
        let told = match self.says {
            Says::Clone => said(&failed),
            Says::Doctor => said(&place.desk.helper().args(["doctor", "--offline"]).output().unwrap()),
            Says::DeviceCode => said(&place.by_code()),
        };
        let at = told
            .find(self.id)
            .filter(|_| !failed.status.success() && told.contains(self.cause))
            .ok_or(format!("{name}: {told}"))?;
        let command = told[at..].split("do this: ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let command = command.split("    ").next().unwrap_or_default();
        let followed = place.type_in(command);
        let cloned = place.clone_alone();
        let works = followed.status.success() && cloned.status.success() && place.desk.path("app/.git").is_dir();
        works.then_some(()).ok_or(format!("{name}: {told}\n`{command}`: {}\n{}", said(&followed), said(&cloned)))
    }
}

struct Place {
    practice: Practice,
    desk: Desk,
    source: Source,
}

impl Place {
    fn new(practice: Practice, source: Source) -> Self {
        let mut choice = Choice::sign_in(ALICE);
        choice.headers = vec![("x-emul-device".into(), "compliant".into())];
        let desk = Desk::with(&practice, source).person(choice);
        Self { practice, desk, source }
    }

    fn sign_in(&self) {
        let login = self.desk.helper().arg("login").output().unwrap();
        assert!(login.status.success(), "{}", said(&login));
    }

    fn fault(&self, fault: Fault) {
        self.practice.entra.on(fault, Target::Everyone);
    }

    /// Entra wants to see the device at the next poll.
    fn device_needed(&self) {
        let body =
            r#"{"error":"invalid_grant","error_description":"AADSTS53000: not compliant","error_codes":[53000]}"#;
        self.practice.entra.weather.next("token", 1, Trouble::Json(400, body.into()));
    }

    fn end_grant(&self) {
        self.practice.cloud.revoke_grants();
    }

    fn mode(&self, mode: u32) {
        fs::set_permissions(self.desk.state(), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn unregister(&self) {
        let output = self.desk.helper().arg("unsetup").output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }

    fn helper_before(&self) {
        let file = self.desk.home().join(".gitconfig");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, format!("{text}[credential]\n\thelper =\n\thelper = cache\n")).unwrap();
    }

    /// The next call asks Entra.
    fn forget(&self) {
        fs::remove_dir_all(self.desk.state().join("hot")).ok();
    }

    /// Nobody can be asked.
    fn clone_alone(&self) -> Output {
        let url = self.practice.clone_url(self.source, "acme", "app");
        fs::remove_dir_all(self.desk.path("app")).ok();
        let mut git = self.desk.git();
        git.args(["clone", "-q", &url, "app"]).env("CI", "true").env("GIT_TERMINAL_PROMPT", "0").output().unwrap()
    }

    #[track_caller]
    fn clones(&self, why: &str) {
        let cloned = self.clone_alone();
        assert!(cloned.status.success() && self.desk.path("app/.git").is_dir(), "{why}: {}", said(&cloned));
    }

    /// What a person types who has nothing but the printed line.
    fn type_in(&self, command: &str) -> Output {
        let folder = Path::new(HELPER).parent().unwrap().display().to_string();
        let path = std::env::var("PATH").unwrap();
        self.desk.command("sh").args(["-c", command]).env("PATH", format!("{folder}:{path}")).output().unwrap()
    }

    /// Alice types the code on another device.
    fn by_code(&self) -> Output {
        let mut login: Command = self.desk.helper();
        let child =
            login.args(["login", "--device-code"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let code = crate::refusals::until("a code", || self.practice.entra.waiting_codes().pop());
        // Where the device must be seen, that page refuses.
        _ = self.practice.entra.approve(&code, ALICE);
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success() && stdout(&output).is_empty(), "{}", said(&output));
        output
    }
}
