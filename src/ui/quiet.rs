//! Nobody is there: for runs without any stream to a person, such as the renewing child.

use crate::ui::{Ui, UiError};
use std::time::Duration;

/// The null object of [`Ui`]: says nothing, opens nothing, gets no answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Ui for Quiet {
    fn tell(&self, _: &str) {}

    fn show(&self, _: &str) {}

    fn remind(&self, _: &str) {}

    fn open_page(&self, _: &str) -> Result<(), UiError> {
        Err(UiError::NoBrowser("this run must not disturb anybody".to_owned()))
    }

    fn can_ask(&self) -> bool {
        false
    }

    fn ask(&self, _: &str, _: Duration) -> Option<String> {
        None
    }
}
