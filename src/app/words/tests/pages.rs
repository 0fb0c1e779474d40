//! The pages of the loopback in all languages: their words for the book, their files for whoever looks at them.

use super::*;
use crate::app::words::pages::{Language, back_to_terminal, confirm, done, failed, onward};
use crate::basis::account::BitbucketAccount;
use crate::source::pasted::PasteError;

pub(super) fn tell(book: &mut Book) {
    for language in ["en", "de", "fr", "es", "pt", "ja"] {
        for (name, page) in pages(&book.world, Language::accepted(language)) {
            assert!(page.contains(&format!("<html lang=\"{language}\">")));
            book.say(&format!("{name} {language}"), words_of(&page));
        }
    }
}

/// Written where `BITBUCKET_SSO_TEST_PAGES` says, for `tests/heavy/pages.sh`.
#[test]
#[ignore = "for tests/heavy/pages.sh"]
#[expect(clippy::disallowed_methods, reason = "it is told where to")]
fn the_pages_are_written_for_a_camera() {
    let folder = std::env::var_os("BITBUCKET_SSO_TEST_PAGES").unwrap();
    let book = Book::new();
    for language in ["en", "de", "ja"] {
        for (name, page) in pages(&book.world, Language::accepted(language)) {
            // A page that goes on by itself would not be there when the picture is taken.
            let page = page.replace("http-equiv=\"refresh\"", "name=\"refresh\"");
            let file = format!("{}.{language}.html", name.replace(' ', "-"));
            fs_err::write(Path::new(&folder).join(file), page).unwrap();
        }
    }
}

fn pages(world: &World, language: Language) -> Vec<(&'static str, String)> {
    let cloud = wanted(world, "cloud-oauth");
    let proof = super::asking::proof(NOON.after(Duration::from_secs(16 * 3600)));
    let account = BitbucketAccount { id: "b".into(), name: "Bob Example".into(), verified_emails: Vec::new() };
    let blocked = Failure::new(
        crate::basis::failure::Kind::Denied,
        "conditional-access-block",
        "the sign-in for bitbucket.org did not succeed: a Conditional Access policy blocks it (AADSTS53003)",
        "ask your Entra administrator",
    );
    let cancelled = session(&cloud, &crate::session::SessionError::CancelledAtPage);
    let declined = pasted(&cloud, &PasteError::Declined);
    vec![
        ("done", done(language, world, &cloud, &proof)),
        ("failed", failed(language, &cloud, None, &blocked)),
        ("failed cancelled", failed(language, &cloud, None, &cancelled)),
        ("failed declined", failed(language, &cloud, Some(&proof), &declined)),
        ("failed consent", failed(language, &cloud, Some(&proof), &no_grant(&cloud))),
        ("onward", onward(language, &cloud, "https://bitbucket.org/site/oauth2/authorize")),
        ("back_to_terminal", back_to_terminal(language, &cloud)),
        ("confirm", confirm(language, &cloud, &proof, &account, "/confirm", "state")),
    ]
}

/// A page without its markup, style and script.
fn words_of(page: &str) -> String {
    let body = page.split("</style>").last().unwrap_or(page);
    let body = body.split("<script>").next().unwrap_or(body);
    let texts = body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}
