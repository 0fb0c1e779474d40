//! Authorization pages and codes, shared by both products.

use super::super::codec::{escape, guid, opaque, s256, value, with_query};
use super::super::http::{Request, Response};
use super::Book;
use std::collections::HashMap;

/// An accepted authorize request.
#[derive(Clone, Debug)]
pub struct Ask {
    pub client_id: String,
    /// As sent; `None` where it was left out.
    pub sent: Option<String>,
    /// Where the browser goes.
    pub target: String,
    pub scopes: Vec<String>,
    pub state: Option<String>,
    pub challenge: Option<String>,
    pub plain: bool,
}

/// A code that waits to be redeemed.
#[derive(Clone, Debug)]
pub struct Code {
    pub ask: Ask,
    pub username: String,
    pub issued: i64,
}

/// Pages that wait for a person and codes that wait for a client.
#[derive(Debug, Default)]
pub struct Desk {
    pages: HashMap<String, Ask>,
    codes: HashMap<String, Code>,
}

impl Desk {
    /// The page that a browser sees first: who are you, or: do you grant access.
    pub fn open(&mut self, book: &Book, ask: Ask, action: &str) -> Response {
        let page = guid();
        let response = match book.logged_in.as_deref().and_then(|name| book.account(name)) {
            Some(account) => consent(action, &page, &account.username, &account.display_name, &ask),
            None => who(book, action, &page),
        };
        self.pages.insert(page, ask);
        response
    }

    /// A button was pressed: `page`, `username`, `choice`.
    pub fn press(&mut self, book: &mut Book, request: &Request, action: &str) -> Response {
        let form = request.form().unwrap_or_default();
        let page = value(&form, "page").unwrap_or_default().to_owned();
        let Some(ask) = self.pages.get(&page).cloned() else { return Response::page(400, "This page is too old", "") };
        let username = value(&form, "username").unwrap_or_default();
        let Some(account) = book.account(username).cloned() else { return who(book, action, &page) };
        match value(&form, "choice") {
            Some("grant") => {
                let code = book.journal.secret(opaque(24));
                let issued = book.clock.now();
                self.pages.remove(&page);
                let record = Code { ask: ask.clone(), username: account.username, issued };
                self.codes.insert(code.clone(), record);
                back(&ask, &[("code", &code)])
            }
            Some("deny") => {
                let text = "The resource owner or authorization server denied the request";
                back(&ask, &[("error", "access_denied"), ("error_description", text)])
            }
            _ => consent(action, &page, &account.username, &account.display_name, &ask),
        }
    }

    /// A code, once.
    pub fn take(&mut self, code: &str) -> Option<Code> {
        self.codes.remove(code)
    }
}

impl Ask {
    /// Whether a verifier fits the challenge of the authorize request.
    pub fn verified(&self, verifier: Option<&str>) -> bool {
        match (&self.challenge, verifier) {
            (None, _) => true,
            (Some(challenge), Some(verifier)) if self.plain => challenge == verifier,
            (Some(challenge), Some(verifier)) => (43..=128).contains(&verifier.len()) && *challenge == s256(verifier),
            (Some(_), None) => false,
        }
    }
}

/// Sends the browser back to the client.
pub fn back(ask: &Ask, pairs: &[(&str, &str)]) -> Response {
    let mut pairs = pairs.to_vec();
    pairs.extend(ask.state.as_deref().map(|state| ("state", state)));
    Response::redirect(&with_query(&ask.target, &pairs))
}

fn who(book: &Book, action: &str, page: &str) -> Response {
    let button = |account: &super::Account| {
        let choice = format!("sign-in:{}", account.email);
        form(action, page, &choice, &account.username, "", &format!("Log in as {}", account.display_name))
    };
    let buttons: String = book.accounts.iter().map(button).collect();
    Response::page(200, "Log in to Bitbucket", &buttons)
}

fn consent(action: &str, page: &str, username: &str, name: &str, ask: &Ask) -> Response {
    let scopes = escape(&ask.scopes.join(" "));
    let grant = form(action, page, "grant", username, "grant", "Grant access");
    let deny = form(action, page, "deny", username, "deny", "Cancel");
    let markup = format!("<p>{} is asked for: {scopes}</p>{grant}{deny}", escape(name));
    Response::page(200, "Confirm access to your account", &markup)
}

fn form(action: &str, page: &str, choice: &str, username: &str, answer: &str, label: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{action}\" data-choice=\"{}\"><input type=\"hidden\" name=\"page\" \
         value=\"{page}\"><input type=\"hidden\" name=\"username\" value=\"{}\"><input type=\"hidden\" \
         name=\"choice\" value=\"{answer}\"><button>{}</button></form>",
        escape(choice),
        escape(username),
        escape(label)
    )
}
