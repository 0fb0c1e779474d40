//! A real browser, as an ordinary user: headless Chromium started by the helper walks from Entra to the last page.

use crate::cdp::Tab;
use crate::desk::said;
use crate::practice::{Options, Practice, Source};
use crate::pty::until;
use crate::tester::Place;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Output, Stdio};

#[test]
fn chromium_signs_in_through_form_post() {
    walk(&[Source::Exchange], |page| {
        assert!(page.contains("Signed in") && page.contains("alice@contoso.example"), "{page}");
        assert!(page.contains("You can close this tab"), "{page}");
    });
}

#[test]
fn chromium_is_answered_in_its_own_language() {
    let practice = Practice::start(&Options::default());
    let mut window = Window::of(&practice, &[Source::Exchange], "pt-BR,pt");
    let page = window.walk("button => false");
    assert!(page.contains("Sess\u{e3}o iniciada") && page.contains("alice@contoso.example"), "{page}");
    assert_eq!(window.tab.evaluate("document.documentElement.lang"), "pt");
    assert!(window.end().status.success());
}

#[test]
fn chromium_consents_at_cloud_in_the_same_tab() {
    walk(&[Source::CloudOauth], |page| assert!(page.contains("Signed in"), "{page}"));
}

#[test]
fn chromium_consents_and_confirms_the_account_at_data_center() {
    walk(&[Source::DataCenterOauth], |page| assert!(page.contains("Signed in"), "{page}"));
}

/// A page of ours that is confirmed leads on to another site: a policy on forms must not stop that.
#[test]
fn chromium_goes_on_from_our_question_to_the_next_consent() {
    walk(&[Source::DataCenterOauth, Source::CloudOauth], |page| assert!(page.contains("Signed in"), "{page}"));
}

#[test]
fn chromium_shows_that_consent_was_denied() {
    let practice = Practice::start(&Options::default());
    let mut window = Window::open(&practice, &[Source::CloudOauth]);
    let page = window.walk("button => button.form.dataset.choice === 'deny'");
    assert!(page.contains("Signed in, but without access to Bitbucket") && page.contains("declined"), "{page}");
    let login = window.end();
    assert_eq!(login.status.code(), Some(5), "{}", said(&login));
}

fn walk(sources: &[Source], check: impl Fn(&str)) {
    let practice = Practice::start(&Options::default());
    let mut window = Window::open(&practice, sources);
    let page = window.walk("button => button.form.dataset.choice === 'grant' || button.className === 'yes'");
    check(&page);
    window.picture();
    let login = window.end();
    assert!(login.status.success(), "{}", said(&login));
}

/// The helper's sign-in and the Chromium that it started.
struct Window {
    login: Login,
    tab: Tab,
}

impl Window {
    fn open(practice: &Practice, sources: &[Source]) -> Self {
        Self::of(practice, sources, "en")
    }

    /// A browser whose user reads these languages.
    fn of(practice: &Practice, sources: &[Source], languages: &str) -> Self {
        let hosts: String = sources.iter().map(|source| practice.host_toml(*source)).collect();
        let storage = "[storage]\nrefresh_tokens = \"memory-file\"\n";
        let place = Place::new().with_config(practice, &format!("{}\n{hosts}\n{storage}", practice.entra_toml()));
        let browser = place.path("browser");
        fs::write(&browser, BROWSER.replace("LANGUAGES", languages)).unwrap();
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
        let mut login = place.helper(&["login"]);
        login.env("BROWSER", &browser).stdout(Stdio::piped()).stderr(Stdio::piped());
        let login = Login { process: Some(login.spawn().unwrap()), place };
        let tab = Tab::of(&login.place.path("open/profile"), &practice.client());
        Self { login, tab }
    }

    /// Signs in as Alice and presses the buttons that `wanted` names, until our last page is there; its text.
    fn walk(&mut self, wanted: &str) -> String {
        let press = format!(
            "(() => {{ const all = [...document.querySelectorAll('button')];
               const alice = button => (button.form.dataset.choice || '').toLowerCase() === \
                 'sign-in:alice@contoso.example';
               const button = all.find(alice) || all.find({wanted});
               if (button && !window.pressed) {{ window.pressed = true; button.click(); }}
               return document.querySelector('.mark.ok, .mark.bad') ? document.body.innerText : null; }})()"
        );
        let mut last = String::new();
        let page = until(|| {
            last = self.tab.evaluate("location.href + '\\n' + document.body.innerText").to_string();
            self.tab.evaluate(&press).as_str().map(str::to_owned)
        });
        page.unwrap_or_else(|| panic!("never came to the last page: {last}"))
    }

    /// For people who judge by looking: the last page, light and dark, where `BITBUCKET_SSO_TEST_PICTURES` says.
    fn picture(&mut self) {
        let Some(dir) = std::env::var_os("BITBUCKET_SSO_TEST_PICTURES") else { return };
        for scheme in ["light", "dark"] {
            let features = serde_json::json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            self.tab.call("Emulation.setEmulatedMedia", &features);
            let shot = self.tab.call("Page.captureScreenshot", &serde_json::json!({}));
            let png = crate::practice::codec::unbase64(shot["result"]["data"].as_str().unwrap()).unwrap();
            fs::write(std::path::Path::new(&dir).join(format!("{scheme}.png")), png).unwrap();
        }
    }

    /// How the helper ended.
    fn end(mut self) -> Output {
        self.login.process.take().unwrap().wait_with_output().unwrap()
    }
}

/// The helper, which ends with the test, and so does the browser.
struct Login {
    process: Option<Child>,
    place: Place,
}

impl Drop for Login {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            _ = process.kill();
            _ = process.wait();
        }
        let Ok(browser) = fs::read_to_string(self.place.path("open/pid")) else { return };
        let alive = || self.place.command("kill").args(["-KILL", browser.trim()]).output().unwrap().status.success();
        // It writes into its profile until it is gone.
        until(|| (!alive()).then_some(()));
    }
}

const BROWSER: &str = "#!/bin/sh
echo $$ > \"${0%/*}/open/pid\"
exec chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-port=0 --accept-lang=LANGUAGES \
  --user-data-dir=\"${0%/*}/open/profile\" --ignore-certificate-errors \"$1\"
";
