use super::*;
use crate::app::interaction::Choice;
use crate::app::interaction::{Means, NotAsked};
use crate::app::sign_in::Why;
use crate::basis::credential::Proof;
use crate::basis::secret::RefreshToken;
use crate::basis::session::{Flow, Session};
use crate::flight::Notice;
use crate::session::device::DeviceCode;

pub(super) fn tell(book: &mut Book) {
    let texts = {
        let (world, code) = (&book.world, DeviceCode::sample());
        let (cloud, broker) = (wanted(world, "cloud-oauth"), wanted(world, "exchange"));
        let day = NOON.after(Duration::from_secs(16 * 3600));
        let choice = |flow, opens| Choice { flow, reason: "BROWSER is set".into(), opens, unattended: false };
        let tab = choice(Flow::Browser, true);
        let session = Session {
            who: alice(),
            flow: Flow::Browser,
            started: NOON,
            ends: day,
            refresh_token: RefreshToken::new("canary".into()),
            confirmed: NOON,
        };
        let notice =
            Notice { pid: 4711, doing: leader_with_code(&broker, &code), until: NOON.after(Duration::from_secs(840)) };
        let mut texts = Vec::new();
        for (case, why) in [
            ("First", Why::First),
            ("DayEnded", Why::DayEnded),
            ("Refused", Why::Refused),
            ("Revoked", Why::Revoked),
            ("StepUp", Why::StepUp),
            ("Asked", Why::Asked),
        ] {
            texts.push((format!("sign_in_begins {case}"), sign_in_begins(&broker, &tab, why, None)));
        }
        let mut text = |name: &str, text: String| texts.push((name.to_owned(), text));
        text("sign_in_begins closed", sign_in_begins(&broker, &choice(Flow::Browser, false), Why::First, None));
        text("sign_in_begins again", sign_in_begins(&broker, &tab, Why::DayEnded, Some(ALICE)));
        text("sign_in_begins code", sign_in_begins(&broker, &choice(Flow::DeviceCode, false), Why::First, None));
        text("why_this_flow", why_this_flow(&tab));
        text("consent_begins", consent_begins(&cloud, &alice(), true));
        text("consent_begins closed", consent_begins(&cloud, &alice(), false));
        text("connect_begins", connect_begins(&broker, &alice(), true));
        text("connect_begins closed", connect_begins(&broker, &alice(), false));
        text("connect_at", connect_at(&broker, &alice(), "https://sso.example.com/connect/bitbucket.org"));
        let url = "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize?x=y";
        for (name, paste, port) in
            [("open_this", false, None), ("open_this pasted", true, None), ("open_this forwarded", false, Some(8400))]
        {
            text(name, open_this(url, "http://localhost:8400", Means { paste, port }));
        }
        text("forward_ports", forward_ports("ssh -N -L 8400:127.0.0.1:8400 ada@192.0.2.9"));
        let left = Duration::from_secs(280);
        text("still_in_browser opened", still_in_browser(&broker, true, false, left));
        text("still_in_browser shown", still_in_browser(&broker, false, false, left));
        text("still_in_browser pasted", still_in_browser(&broker, false, true, left));
        text("still_to_confirm", still_to_confirm(&cloud, left));
        text("still_with_code", still_with_code(&code, Duration::from_secs(840)));
        text("waiting_for_server", waiting_for_server("login.microsoftonline.com", Duration::from_secs(30)));
        text("waiting_for_keyring", waiting_for_keyring());
        text("waiting_for_secret_command", waiting_for_secret_command());
        text("waiting_for_somebody", waiting_for_somebody(Duration::from_secs(120)));
        text("paste_this", paste_this(&cloud, "https://bitbucket.org/site/oauth2/authorize?x=y"));
        text("device_code", device_code(&broker, &code, Duration::from_secs(900)));
        text("signed_in", signed_in(world, &proof(day)));
        text("kept_nowhere", kept_nowhere().to_owned());
        text("already_signed_in", already_signed_in(world, &session));
        text("leader_renews", leader_renews(&broker));
        text("leader_in_browser", leader_in_browser(&broker));
        text("leader_with_code", leader_with_code(&broker, &code));
        text("waiting", waiting(world, &notice));
        texts
    };
    for (name, text) in texts {
        book.say(&name, text);
    }
    let failures = {
        let world = &book.world;
        let (cloud, broker) = (wanted(world, "cloud-oauth"), wanted(world, "exchange"));
        [
            ("nobody_to_ask", nobody_to_ask(&broker, NotAsked::Nobody("CI=true is set".into()))),
            ("nobody_to_consent", nobody_to_consent(&cloud, NotAsked::Nobody("CI=true is set".into()))),
            ("nobody_to_connect", nobody_to_connect(&broker, NotAsked::Nobody("CI=true is set".into()))),
            ("device_code_off", device_code_off(&broker, "this is an SSH session")),
            ("device_code_login_only", device_code_login_only(&broker)),
            ("not_before", not_before(&book.world, &broker, NOON.after(Duration::from_secs(60)))),
            ("consent_lost", consent_lost(&cloud)),
            ("paste_timed_out", paste_timed_out(&cloud)),
            ("no_hosts", no_hosts()),
            ("which_account", which_account()),
            ("wrong_account", wrong_account(&broker, "bob@contoso.example", &alice())),
            ("nobody_signed_in", nobody_signed_in()),
            ("not_a_host", not_a_host("bitbucket", &"bitbucket".parse::<crate::basis::url::WebUrl>().unwrap_err())),
            ("unknown_host", unknown_host(world, &"https://bitbucket.com".parse().unwrap())),
        ]
    };
    for (name, failure) in failures {
        book.fail(name, &failure);
    }
}

pub(super) fn proof(session_ends: Timestamp) -> Proof {
    Proof {
        who: alice(),
        vouched: crate::basis::credential::Vouched::default(),
        access_token: None,
        subject: crate::basis::credential::Subject::EntraAccessToken,
        expires: NOON,
        confirmed: NOON,
        session_ends,
    }
}
