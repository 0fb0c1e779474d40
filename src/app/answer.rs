//! The one answer that a person's browser brings: to the loopback, or copied out of its address bar and pasted.

use crate::app::reminders::Reminders;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::words::pages::Language;
use crate::app::world::World;
use crate::basis::failure::Failure;
use crate::session::loopback::{Expect, Fields, Loopback, LoopbackError, Visit};
use crate::source::pasted::{self, PasteError};
use std::time::Duration;

/// How the answer came.
pub enum Answer {
    /// A tab brought it and waits for its page.
    Tab(Visit),
    /// It was pasted; the tab shows an error of its own and waits for nothing.
    Pasted(Fields),
}

impl Answer {
    /// What it brought; its state is ours.
    pub fn fields(&self) -> &Fields {
        match self {
            Self::Tab(visit) => visit.fields(),
            Self::Pasted(fields) => fields,
        }
    }

    /// Shows a page to the tab that waits, if one does.
    pub fn show(self, page: impl FnOnce(Language) -> String) {
        if let Self::Tab(visit) = self {
            show(visit, page);
        }
    }
}

/// Answers a tab in its own language. Its connection may be gone; the outcome stands all the same.
pub fn show(visit: Visit, page: impl FnOnce(Language) -> String) {
    let language = Language::accepted(visit.languages());
    visit.page(&page(language));
}

/// Waits for the answer, at most [`PATIENCE`]; `still` is what a person is reminded of meanwhile. With `paste`, an
/// address that is pasted at the terminal counts too, whichever comes first.
pub fn wait(
    world: &World,
    wanted: &Wanted<'_>,
    loopback: &mut Loopback,
    expect: &Expect<'_>,
    paste: bool,
    still: &dyn Fn(Duration) -> String,
) -> Result<Answer, Failure> {
    let remind = |left| world.ui.remind(&still(left));
    let reminders = Reminders::new(&*world.clock, PATIENCE, &remind);
    let deadline = world.clock.steady() + PATIENCE;
    loop {
        if paste && let Some(fields) = pasted_line(world, expect) {
            return Ok(Answer::Pasted(fields));
        }
        let slice = if paste { SLICE } else { PATIENCE };
        let until = reminders.next().into_iter().fold(deadline.min(world.clock.steady() + slice), Ord::min);
        match loopback.wait(&*world.clock, expect, until) {
            Ok(visit) => return Ok(Answer::Tab(visit)),
            Err(LoopbackError::TimedOut) if world.clock.steady() < deadline => reminders.look(),
            Err(error) => return Err(words::loopback(wanted, &error)),
        }
    }
}

/// The same where only a tab can bring it.
pub fn in_tab(
    world: &World,
    wanted: &Wanted<'_>,
    loopback: &mut Loopback,
    expect: &Expect<'_>,
    still: &dyn Fn(Duration) -> String,
) -> Result<Visit, Failure> {
    match wait(world, wanted, loopback, expect, false, still)? {
        Answer::Tab(visit) => Ok(visit),
        Answer::Pasted(_) => Err(words::loopback(wanted, &LoopbackError::TimedOut)),
    }
}

/// A line that was typed: the answer, or what is wrong with it, which is told so that it can be pasted again.
fn pasted_line(world: &World, expect: &Expect<'_>) -> Option<Fields> {
    let line = world.ui.ask("", SLICE)?;
    match pasted::parse(&line, expect.uri, expect.state) {
        Err(error @ (PasteError::NotAnAddress | PasteError::OtherPage { .. } | PasteError::OtherSignIn)) => {
            world.ui.show(&words::pasted_again(&error));
            None
        }
        // What it says, a refusal too, is for whoever waits for it.
        _ => Fields::of_url(pasted::bare(&line)),
    }
}

/// How long a person may take (DESIGN.md section 11).
pub const PATIENCE: Duration = Duration::from_secs(300);
/// The terminal and the loopback are looked at in turns of this length.
const SLICE: Duration = Duration::from_millis(200);
