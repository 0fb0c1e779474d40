//! The sign-in by device code: a code and an address on the terminal (RFC 8628).

use crate::app::by_browser;
use crate::app::connect;
use crate::app::consent;
use crate::app::entra::ByDevice;
use crate::app::interaction::Choice;
use crate::app::reminders::Reminders;
use crate::app::sign_in::{self, SignIn};
use crate::app::turns;
use crate::app::words;
use crate::basis::credential::Proof;
use crate::basis::failure::Failure;
use crate::basis::session::Flow;

/// Signs in by device code, then has the missing consents by printed address and pasted redirect.
pub fn run(sign_in: &SignIn<'_>, choice: &Choice) -> Result<Proof, Failure> {
    let SignIn { world, wanted, .. } = *sign_in;
    let device = ByDevice::start(sign_in)?;
    let left = world.clock.now().until(device.code.expires);
    sign_in::announce(sign_in, choice);
    world.ui.show(&words::device_code(wanted, &device.code, left));
    turns::announce(world, sign_in.turn, words::leader_with_code(wanted, &device.code), left);
    let remind = |left| world.ui.remind(&words::still_with_code(&device.code, left));
    let reminders = Reminders::new(&*world.clock, left, &remind);
    let tokens = match device.wait(&|pause| reminders.sleep(pause)) {
        Ok(tokens) => tokens,
        Err(Some(failure)) => return Err(failure),
        // The browser of this machine can show its device; where it does not open, a person has to start it.
        Err(None) if choice.opens && sign_in.forced.is_none() => return by_browser::run(sign_in, choice),
        Err(None) => return Err(words::browser_needed(wanted)),
    };
    let proof = sign_in::begin(sign_in, tokens, Flow::DeviceCode)?;
    for wanted in sign_in.consents()? {
        consent::by_paste(world, &wanted, &proof)?;
    }
    connect::elsewhere(sign_in, &proof)?;
    world.ui.tell(&words::signed_in(world, &proof));
    Ok(proof)
}
