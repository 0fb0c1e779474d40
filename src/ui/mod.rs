//! The person's door: what is said, what is asked, and which page is opened.

pub mod browser;
pub mod quiet;
pub mod slow;
pub mod terminal;

use std::time::Duration;

/// Speaks with the person. The null object answers that nobody is there.
pub trait Ui {
    /// Says one or more lines on standard error.
    fn tell(&self, text: &str);

    /// Says it on the controlling terminal if there is one, else on standard error: git swallows nothing
    /// there. For device codes and URLs.
    fn show(&self, text: &str);

    /// Says it on the controlling terminal if there is one, else nowhere: a reminder is for eyes, not for logs.
    fn remind(&self, text: &str);

    /// Opens a page in the person's browser, detached. `url` is https or loopback http.
    fn open_page(&self, url: &str) -> Result<(), UiError>;

    /// Whether [`Self::ask`] can reach a person: there is a terminal and we are in its foreground.
    fn can_ask(&self) -> bool;

    /// Asks on the controlling terminal and returns the line; `None` if nobody answers in time or there is no
    /// foreground terminal. An empty question goes on waiting for the answer to the last one.
    fn ask(&self, question: &str, longest: Duration) -> Option<String>;
}

/// The page could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// There is no browser to be had.
    #[error("no browser could be started: {0}")]
    NoBrowser(String),
    /// Not a URL that a browser may be given.
    #[error("refused to open a page that is neither https nor on this machine")]
    Refused,
}
