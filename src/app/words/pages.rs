//! The pages that the loopback shows: the true outcome, after it is stored, in the reader's language.

mod language;
mod texts;

pub use language::Language;

use crate::app::wanted::Wanted;
use crate::app::world::World;
use crate::basis::account::BitbucketAccount;
use crate::basis::credential::Proof;
use crate::basis::failure::Failure;
use crate::basis::page::{self, Confirm, Outcome, Speech};
use texts::Text;

/// Signed in: as whom, for which host, until when.
pub fn done(language: Language, world: &World, wanted: &Wanted<'_>, proof: &Proof) -> String {
    let say = |text: Text| text.in_language(language);
    page::outcome(&Outcome {
        speech: speech(language, Text::SignedIn),
        ok: true,
        what: say(Text::GitCanGoOn),
        facts: &[
            (say(Text::Account), &proof.who.to_string()),
            (say(Text::RequestedBy), wanted.host.url.host()),
            (say(Text::ValidUntil), &proof.session_ends.local(&world.clock.zone())),
        ],
        reason: None,
        last: say(Text::CloseAfterSuccess),
        closes: true,
    })
}

/// Not signed in, or signed in (`who`) without access to Bitbucket, and why. The reason is the terminal's own line, so
/// that it can be searched for; it stays English.
pub fn failed(language: Language, wanted: &Wanted<'_>, who: Option<&Proof>, failure: &Failure) -> String {
    let say = |text: Text| text.in_language(language);
    let (title, what) = match (who, failure.id) {
        (None, "cancelled") => (Text::NotSignedIn, Text::Cancelled),
        (None, _) => (Text::NotSignedIn, Text::Failed),
        (Some(_), "consent-declined" | "accounts-not-confirmed") => (Text::NoAccess, Text::AccessDeclined),
        (Some(_), _) => (Text::NoAccess, Text::NoAccessGiven),
    };
    let who = who.map(|proof| proof.who.to_string());
    let account = who.as_deref().map(|who| (say(Text::Account), who));
    let facts: Vec<_> = account.into_iter().chain([(say(Text::RequestedBy), wanted.host.url.host())]).collect();
    page::outcome(&Outcome {
        speech: speech(language, title),
        ok: false,
        what: say(what),
        facts: &facts,
        reason: Some((say(Text::Reason), &format!("{} [{}]", failure.what, failure.id))),
        last: say(Text::CloseAfterFailure),
        closes: false,
    })
}

/// On to Bitbucket's consent, by itself or by the link.
pub fn onward(language: Language, wanted: &Wanted<'_>, url: &str) -> String {
    let what = Text::ConsentComes.in_language(language).replace("{host}", wanted.host.url.host());
    page::onward(&speech(language, Text::OneMoreStep), &what, Text::Continue.in_language(language), url)
}

/// The code has arrived; the rest happens at the terminal.
pub fn back_to_terminal(language: Language, wanted: &Wanted<'_>) -> String {
    let say = |text: Text| text.in_language(language);
    page::outcome(&Outcome {
        speech: speech(language, Text::BackToTerminal),
        ok: true,
        what: say(Text::AnswerArrived),
        facts: &[(say(Text::RequestedBy), wanted.host.url.host())],
        reason: None,
        last: say(Text::CloseAfterSuccess),
        closes: true,
    })
}

/// Asks once whether the two accounts belong together. `action` is the form's address on this listener.
pub fn confirm(
    language: Language,
    wanted: &Wanted<'_>,
    proof: &Proof,
    account: &BitbucketAccount,
    action: &str,
    state: &str,
) -> String {
    let say = |text: Text| text.in_language(language);
    page::confirm(&Confirm {
        speech: speech(language, Text::YourAccount),
        what: say(Text::WillBeUsed),
        facts: &[
            ("Microsoft", &proof.who.to_string()),
            ("Bitbucket", &account.to_string()),
            (say(Text::RequestedBy), wanted.host.url.host()),
        ],
        yes: say(Text::BothMine),
        no: say(Text::No),
        action,
        state,
    })
}

fn speech(language: Language, title: Text) -> Speech<'static> {
    Speech { lang: language.tag(), title: title.in_language(language) }
}
