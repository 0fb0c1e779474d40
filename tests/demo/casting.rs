//! Who plays the person, and how the sign-in is done: decided before anything starts.

use crate::options::Options;
use crate::practice::Source;
use bitbucket_sso::basis::env::Env;
use bitbucket_sso::ui::Ui;
use bitbucket_sso::ui::browser::{Usable, usable};
use bitbucket_sso::ui::terminal::Terminal;

/// Who signs in, and by which flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    /// A script plays the person; else whoever started this is asked.
    pub scripted: bool,
    pub device_code: bool,
    /// There is a browser on this machine that the person could use.
    pub browser: bool,
}

/// Decides; an error says what to do.
pub fn cast(options: Options) -> Result<Cast, String> {
    let Options { auto, device_code, source, .. } = options;
    let (browser, why) = match usable(&Env::Process, "") {
        Usable::Yes(why) => (true, why),
        Usable::No(why) => (false, why),
    };
    let terminal = Terminal::new(Env::Process, "").can_ask();
    match (auto, device_code || !browser) {
        (true, _) => Ok(Cast { scripted: true, device_code, browser }),
        (false, false) => Ok(Cast { scripted: false, device_code: false, browser }),
        (false, true) if !browser && matches!(source, Source::CloudOauth | Source::DataCenterOauth) => {
            Err(format!("the consent of {} needs a browser on this machine: {why}{ADVICE}", source.name()))
        }
        (false, true) if terminal => Ok(Cast { scripted: false, device_code: true, browser }),
        (false, true) if browser => Err(format!("a device code needs a terminal, and there is none{ADVICE}")),
        (false, true) => Err(format!("you cannot sign in here: {why}, and there is no terminal for a code{ADVICE}")),
    }
}

const ADVICE: &str = "\n  do this: cargo run --example demo -- --auto    (a script plays the person)";
