//! The pages that the loopback shows: the true outcome, after it is stored.

use crate::app::wanted::Wanted;
use crate::app::world::World;
use crate::basis::credential::Proof;
use crate::basis::failure::Failure;
use crate::source::account::BitbucketAccount;
use crate::ui::page::{self, Confirm, Outcome};

/// Signed in: as whom, for which host, until when.
pub fn done(world: &World, wanted: &Wanted<'_>, proof: &Proof) -> (u16, String) {
    let until = proof.session_ends.local(&world.clock.zone());
    let html = page::outcome(&Outcome {
        ok: true,
        title: "Signed in",
        what: "Git on this machine can use Bitbucket until the end of the day.",
        who: Some(&proof.who.to_string()),
        host: Some(wanted.host.url.host()),
        until: Some(&until),
    });
    (200, html)
}

/// Not signed in, and why.
pub fn failed(wanted: &Wanted<'_>, failure: &Failure) -> (u16, String) {
    let html = page::outcome(&Outcome {
        ok: false,
        title: "Not signed in",
        what: &format!("{} [{}]", failure.what, failure.id),
        who: None,
        host: Some(wanted.host.url.host()),
        until: None,
    });
    (200, html)
}

/// On to Bitbucket's consent, by itself or by the link.
pub fn onward(wanted: &Wanted<'_>, url: &str) -> (u16, String) {
    let what = format!("Next, {} asks for your consent.", wanted.host.url.host());
    (200, page::onward("One more step", &what, "Continue", url))
}

/// The code has arrived; the rest happens at the terminal.
pub fn back_to_terminal(wanted: &Wanted<'_>) -> (u16, String) {
    let html = page::outcome(&Outcome {
        ok: true,
        title: "Back to the terminal",
        what: "Bitbucket's answer has arrived. The terminal says how it goes on.",
        who: None,
        host: Some(wanted.host.url.host()),
        until: None,
    });
    (200, html)
}

/// Asks once whether the two accounts belong together. `action` is the form's address on this listener.
pub fn confirm(
    wanted: &Wanted<'_>,
    proof: &Proof,
    account: &BitbucketAccount,
    action: &str,
    state: &str,
) -> (u16, String) {
    let html = page::confirm(&Confirm {
        entra: &proof.who.to_string(),
        bitbucket: &account.to_string(),
        host: wanted.host.url.host(),
        action,
        state,
    });
    (200, html)
}
