//! The pages of the loopback listener, as text: one file each, no script, nothing from elsewhere, readable without
//! colour. They are made for the policy `default-src 'none'; style-src 'unsafe-inline'; form-action 'self'`.

use crate::basis::text;

/// How a sign-in ended, as the person reads it in the tab.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    pub ok: bool,
    /// A few words: "Signed in".
    pub title: &'a str,
    /// One or two sentences: what happened, and what to do.
    pub what: &'a str,
    /// As whom, for which host, until when; each only where it is known.
    pub who: Option<&'a str>,
    pub host: Option<&'a str>,
    pub until: Option<&'a str>,
}

/// The last page of a sign-in.
pub fn outcome(outcome: &Outcome<'_>) -> String {
    let Outcome { ok, title, what, who, host, until } = *outcome;
    let facts: String = [("Account", who), ("Bitbucket", host), ("Until", until)]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("<dt>{name}</dt><dd>{}</dd>", shown(value?))))
        .collect();
    let facts = if facts.is_empty() { facts } else { format!("<dl>{facts}</dl>") };
    let (class, mark, last) = if ok { GOOD } else { BAD };
    let body = format!(
        "<p class=\"mark {class}\" aria-hidden=\"true\">{mark}</p>\n<h1>{}</h1>\n<p>{}</p>\n{facts}\n<p class=\"last\">{last}</p>",
        escaped(title),
        escaped(what)
    );
    page(title, &body)
}

const GOOD: (&str, &str, &str) = ("ok", "\u{2713}", "You can close this tab and go back to your work.");
const BAD: (&str, &str, &str) = ("bad", "\u{2715}", "You can close this tab. The terminal says what to do next.");

/// A page that goes on to `url` by itself, and has a link for browsers that do not.
pub fn onward(title: &str, what: &str, link: &str, url: &str) -> String {
    let url = escaped(url);
    let body = format!(
        "<meta http-equiv=\"refresh\" content=\"0;url={url}\">\n<h1>{}</h1>\n<p>{}</p>\n\
         <p class=\"last\"><a href=\"{url}\">{}</a></p>",
        escaped(title),
        escaped(what),
        escaped(link)
    );
    page(title, &body)
}

/// The two accounts that are to be bound, and where the answer goes.
#[derive(Clone, Copy, Debug)]
pub struct Confirm<'a> {
    /// The Entra account's name.
    pub entra: &'a str,
    /// The Bitbucket account's name.
    pub bitbucket: &'a str,
    /// The Bitbucket host.
    pub host: &'a str,
    /// Path of the form's POST, on the same listener.
    pub action: &'a str,
    /// Random text that proves that the answer comes from this page.
    pub state: &'a str,
}

/// The page that asks once whether both accounts are the same person. The form is sent as `state=…&answer=yes`
/// or `answer=no`.
pub fn confirm(confirm: &Confirm<'_>) -> String {
    let Confirm { entra, bitbucket, host, action, state } = *confirm;
    let title = "Is this your Bitbucket account?";
    let body = format!(
        "<p class=\"mark\" aria-hidden=\"true\">?</p>\n<h1>{title}</h1>\n\
         <p>git on this machine will use this Bitbucket account for as long as you are signed in with Microsoft.</p>\n\
         <dl><dt>Microsoft</dt><dd>{}</dd><dt>Bitbucket</dt><dd>{}</dd><dt>Host</dt><dd>{}</dd></dl>\n\
         <form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"state\" value=\"{}\">\n\
         <button class=\"yes\" name=\"answer\" value=\"yes\">Yes, both are mine</button>\n\
         <button name=\"answer\" value=\"no\">No</button></form>",
        shown(entra),
        shown(bitbucket),
        shown(host),
        escaped(action),
        escaped(state)
    );
    page(title, &body)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{} \u{2013} bitbucket-sso</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n\
         </body>\n</html>\n",
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
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
dl { margin: 0 0 1rem; padding: 1rem 0; border: 1px solid var(--line); border-width: 1px 0; display: grid;
  grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--dim); }
dd { margin: 0; font-weight: 600; }
.last { margin: 0; color: var(--dim); }
form { display: flex; flex-wrap: wrap; gap: .75rem; }
button { padding: .6rem 1.1rem; font: inherit; font-weight: 600; color: var(--text); background: transparent;
  border: 1px solid var(--dim); border-radius: .5rem; cursor: pointer; }
.yes { color: var(--card); background: var(--act); border-color: var(--act); }
button:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
";

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<img src=x onerror=\"a\">&'\u{202e}";

    fn hostile_outcome() -> String {
        let hostile = Some(HOSTILE);
        outcome(&Outcome { ok: false, title: HOSTILE, what: HOSTILE, who: hostile, host: hostile, until: hostile })
    }

    fn hostile_confirm() -> String {
        confirm(&Confirm { entra: HOSTILE, bitbucket: HOSTILE, host: HOSTILE, action: HOSTILE, state: HOSTILE })
    }

    #[test]
    fn foreign_text_stays_text() {
        for page in [hostile_outcome(), hostile_confirm()] {
            assert!(!page.contains("<img") && !page.contains("\"a\"") && !page.contains("&'"), "{page}");
            assert!(page.contains("&lt;img src=x onerror=&quot;a&quot;&gt;&amp;&#39;"));
        }
    }

    #[test]
    fn nothing_is_loaded_or_run() {
        for page in [hostile_outcome(), hostile_confirm()] {
            for word in ["<script", "<link", "src=\"", "href", "url(", "@import", "http:", "https:"] {
                assert!(!page.contains(word), "{word}");
            }
        }
    }

    #[test]
    fn the_outcome_is_told_without_colour() {
        let good = Outcome {
            ok: true,
            title: "Signed in",
            what: "git can go on.",
            who: Some("alice@corp.example"),
            host: None,
            until: Some("2026-11-25 04:00"),
        };
        let page = outcome(&good);
        assert!(page.contains("\u{2713}") && page.contains("<h1>Signed in</h1>") && page.contains("close this tab"));
        assert!(page.contains("<dt>Until</dt><dd>2026-11-25 04:00</dd>") && !page.contains("<dt>Bitbucket"));
        let bad = outcome(&Outcome { ok: false, who: None, until: None, ..good });
        assert!(bad.contains("\u{2715}") && bad.contains("terminal") && !bad.contains("<dl>"));
    }

    #[test]
    fn a_page_that_goes_on_escapes_the_address() {
        let page = onward("More", "Next", "Go", "https://h/?a=1&b=\"><script>");
        assert!(page.contains("url=https://h/?a=1&amp;b=") && !page.contains("<script>"), "{page}");
    }

    #[test]
    fn the_question_names_both_and_posts_the_answer() {
        let page = confirm(&Confirm {
            entra: "alice@corp.example",
            bitbucket: "al",
            host: "bitbucket.org",
            action: "/confirm",
            state: "t-1",
        });
        assert!(page.contains("<dd>alice@corp.example</dd>") && page.contains("<dd>al</dd>"));
        assert!(page.contains("<form method=\"post\" action=\"/confirm\">"));
        assert!(page.contains("name=\"state\" value=\"t-1\""));
        assert!(page.contains("name=\"answer\" value=\"yes\"") && page.contains("name=\"answer\" value=\"no\""));
    }
}
