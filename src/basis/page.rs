//! The pages of the loopback listener, as text: one file each, nothing from elsewhere, readable without colour. What
//! they say comes from their callers. They are made for the policy [`POLICY`].

use crate::basis::text;

/// What the pages may do: their own style, one form of our own, and the one script that closes the tab.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
script-src 'sha256-Gm1ta6cWvGZmPleZ17F3r9ZvVra9AheRtLFQ4O+rrfI='; form-action 'self'; base-uri 'none'; \
frame-ancestors 'none'";

/// Closes the tab where the browser lets a page do that: in a tab without a history, a few seconds after it has been
/// read. Elsewhere nothing happens, and the page has said that it can be closed.
const CLOSER: &str = "setTimeout(close,8000)";

/// The language of a page (BCP 47) and its heading.
#[derive(Clone, Copy, Debug)]
pub struct Speech<'a> {
    pub lang: &'a str,
    pub title: &'a str,
}

/// How a sign-in ended, as the person reads it in the tab.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// "Signed in".
    pub speech: Speech<'a>,
    pub ok: bool,
    /// One sentence: what happened.
    pub what: &'a str,
    /// As whom, for which host, until when; a name of ours and somebody's value each.
    pub facts: &'a [(&'a str, &'a str)],
    /// Why, in English, and what the reader calls a reason.
    pub reason: Option<(&'a str, &'a str)>,
    /// What to do with the tab.
    pub last: &'a str,
    /// Whether the tab may close by itself.
    pub closes: bool,
}

/// The last page of a sign-in.
pub fn outcome(outcome: &Outcome<'_>) -> String {
    let Outcome { speech, ok, what, facts, reason, last, closes } = *outcome;
    let reason = reason.map(|(name, why)| format!("<dt>{}</dt><dd lang=\"en\">{}</dd>", escaped(name), escaped(why)));
    let facts = listed(facts) + &reason.unwrap_or_default();
    let (class, mark) = if ok { ("ok", "\u{2713}") } else { ("bad", "\u{2715}") };
    let closer = if closes { format!("\n<script>{CLOSER}</script>") } else { String::new() };
    let body = format!(
        "<p class=\"mark {class}\" aria-hidden=\"true\">{mark}</p>\n<h1>{}</h1>\n<p>{}</p>\n<dl>{facts}</dl>\n\
         <p class=\"last\">{}</p>{closer}",
        escaped(speech.title),
        escaped(what),
        escaped(last)
    );
    page(&speech, &body)
}

/// A page that goes on to `url` by itself, and has a link for browsers that do not.
pub fn onward(speech: &Speech<'_>, what: &str, link: &str, url: &str) -> String {
    let url = escaped(url);
    let body = format!(
        "<meta http-equiv=\"refresh\" content=\"0;url={url}\">\n<h1>{}</h1>\n<p>{}</p>\n\
         <p class=\"last\"><a href=\"{url}\">{}</a></p>",
        escaped(speech.title),
        escaped(what),
        escaped(link)
    );
    page(speech, &body)
}

/// The two accounts that are to be bound, and where the answer goes.
#[derive(Clone, Copy, Debug)]
pub struct Confirm<'a> {
    /// The question.
    pub speech: Speech<'a>,
    /// What the answer means.
    pub what: &'a str,
    /// Both accounts and the host; a name of ours and somebody's value each.
    pub facts: &'a [(&'a str, &'a str)],
    /// The words on the buttons.
    pub yes: &'a str,
    pub no: &'a str,
    /// Path of the form's POST, on the same listener.
    pub action: &'a str,
    /// Random text that proves that the answer comes from this page.
    pub state: &'a str,
}

/// The page that asks once whether both accounts are the same person. The form is sent as `state=…&answer=yes`
/// or `answer=no`.
pub fn confirm(confirm: &Confirm<'_>) -> String {
    let Confirm { speech, what, facts, yes, no, action, state } = *confirm;
    let body = format!(
        "<p class=\"mark\" aria-hidden=\"true\">?</p>\n<h1>{}</h1>\n<p>{}</p>\n<dl>{}</dl>\n\
         <form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"state\" value=\"{}\">\n\
         <button class=\"yes\" name=\"answer\" value=\"yes\">{}</button>\n\
         <button name=\"answer\" value=\"no\">{}</button></form>",
        escaped(speech.title),
        escaped(what),
        listed(facts),
        escaped(action),
        escaped(state),
        escaped(yes),
        escaped(no)
    );
    page(&speech, &body)
}

fn listed(facts: &[(&str, &str)]) -> String {
    let one = |(name, value): &(&str, &str)| format!("<dt>{}</dt><dd>{}</dd>", escaped(name), shown(value));
    facts.iter().map(one).collect()
}

fn page(speech: &Speech<'_>, body: &str) -> String {
    let Speech { lang, title } = *speech;
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{} \u{2013} bitbucket-sso</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n\
         </body>\n</html>\n",
        escaped(lang),
        escaped(title)
    )
}

/// Text of somebody else: bounded, without marks that hide or reorder what is around them, escaped.
fn shown(foreign: &str) -> String {
    escaped(&text::clean(foreign))
}

/// Safe between tags and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

const STYLE: &str = "
:root { color-scheme: light dark; --text: #1d2433; --dim: #5a6477; --page: #f4f6fa; --card: #fff; --line: #d9dfea;
  --ok: #12714a; --bad: #b3261e; --act: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --text: #e7ebf3; --dim: #a3adc0; --page: #11151d; --card: #1a202b;
  --line: #333c4c; --ok: #6fd6a5; --bad: #ff9a92; --act: #8ab4ff; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 30rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; overflow-wrap: anywhere; }
.mark { width: 3rem; height: 3rem; margin: 0 0 1rem; display: grid; place-items: center; border: 2px solid;
  border-radius: 50%; font-size: 1.5rem; font-weight: 700; color: var(--act); }
.ok { color: var(--ok); }
.bad { color: var(--bad); }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.25; text-wrap: balance; }
h1, p { word-break: auto-phrase; }
p { margin: 0 0 1rem; }
dl { margin: 0 0 1rem; padding: 1rem 0; border: 1px solid var(--line); border-width: 1px 0; display: grid;
  grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--dim); }
dd { margin: 0; font-weight: 600; }
dd[lang] { font-weight: 400; }
.last { margin: 0; color: var(--dim); }
a { color: var(--act); }
form { display: flex; flex-wrap: wrap; gap: .75rem; }
button { padding: .6rem 1.1rem; font: inherit; font-weight: 600; color: var(--text); background: transparent;
  border: 1px solid var(--dim); border-radius: .5rem; cursor: pointer; }
.yes { color: var(--card); background: var(--act); border-color: var(--act); }
button:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::{base64, digest};

    const HOSTILE: &str = "<img src=x onerror=\"a\">&'\u{202e}";
    const SPEECH: Speech<'_> = Speech { lang: HOSTILE, title: HOSTILE };

    fn hostile_pages() -> [String; 3] {
        let facts = &[(HOSTILE, HOSTILE)];
        [
            outcome(&Outcome {
                speech: SPEECH,
                ok: true,
                what: HOSTILE,
                facts,
                reason: Some((HOSTILE, HOSTILE)),
                last: HOSTILE,
                closes: true,
            }),
            confirm(&Confirm {
                speech: SPEECH,
                what: HOSTILE,
                facts,
                yes: HOSTILE,
                no: HOSTILE,
                action: HOSTILE,
                state: HOSTILE,
            }),
            onward(&SPEECH, HOSTILE, HOSTILE, HOSTILE),
        ]
    }

    #[test]
    fn foreign_text_stays_text() {
        for page in hostile_pages() {
            assert!(!page.contains("<img") && !page.contains("\"a\"") && !page.contains("&'"), "{page}");
            assert!(page.contains("&lt;img src=x onerror=&quot;a&quot;&gt;&amp;&#39;"));
        }
    }

    #[test]
    fn nothing_is_loaded_and_only_the_closer_runs() {
        for page in hostile_pages() {
            let page = page.replace(&format!("<script>{CLOSER}</script>"), "");
            for word in ["<script", "<link", "src=\"", "url(", "@import", "http:", "https:"] {
                assert!(!page.contains(word), "{word}");
            }
        }
    }

    #[test]
    fn the_policy_lets_the_closer_run_and_no_other() {
        let of = base64::standard(&digest::sha256(CLOSER.as_bytes()));
        let of = String::from_utf8(of.expose().to_vec()).unwrap();
        assert!(POLICY.contains(&format!("script-src 'sha256-{of}';")), "sha256-{of}");
        assert_eq!(POLICY.matches("script-src").count(), 1);
        assert!(!POLICY.contains("unsafe-eval") && POLICY.starts_with("default-src 'none';"));
    }

    #[test]
    fn the_outcome_is_told_without_colour() {
        let good = Outcome {
            speech: Speech { lang: "de", title: "Angemeldet" },
            ok: true,
            what: "Git kann weiter.",
            facts: &[("Konto", "alice@corp.example"), ("Bis", "2026-11-25 04:00")],
            reason: None,
            last: "Sie d\u{fc}rfen diesen Tab schlie\u{df}en.",
            closes: true,
        };
        let page = outcome(&good);
        assert!(
            page.contains("<html lang=\"de\">") && page.contains("\u{2713}") && page.contains("<h1>Angemeldet</h1>")
        );
        assert!(page.contains("<dt>Bis</dt><dd>2026-11-25 04:00</dd>") && page.contains("schlie\u{df}en"));
        let bad = outcome(&Outcome { ok: false, reason: Some(("Grund", "it is so")), closes: false, ..good });
        assert!(bad.contains("\u{2715}") && bad.contains("<dt>Grund</dt><dd lang=\"en\">it is so</dd>"));
        assert!(!bad.contains("<script"), "what went wrong stays to be read");
    }

    #[test]
    fn a_page_that_goes_on_escapes_the_address() {
        let speech = Speech { lang: "en", title: "More" };
        let page = onward(&speech, "Next", "Go", "https://h/?a=1&b=\"><script>");
        assert!(page.contains("url=https://h/?a=1&amp;b=") && !page.contains("<script>"), "{page}");
    }

    #[test]
    fn the_question_names_both_and_posts_the_answer() {
        let page = confirm(&Confirm {
            speech: Speech { lang: "en", title: "Yours?" },
            what: "Git will use it.",
            facts: &[("Microsoft", "alice@corp.example"), ("Bitbucket", "al")],
            yes: "Yes",
            no: "No",
            action: "/confirm",
            state: "t-1",
        });
        assert!(page.contains("<dd>alice@corp.example</dd>") && page.contains("<dd>al</dd>"));
        assert!(page.contains("<form method=\"post\" action=\"/confirm\">"));
        assert!(page.contains("name=\"state\" value=\"t-1\""));
        assert!(page.contains("name=\"answer\" value=\"yes\"") && page.contains("name=\"answer\" value=\"no\""));
    }
}
