//! What was typed.

use crate::practice::Source;

/// The options of one performance.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub source: Source,
    /// Sign in by device code, although there may be a browser.
    pub device_code: bool,
    /// A script plays the person.
    pub auto: bool,
    /// The organisation's own broker is part of the play; only where it is built.
    pub broker: bool,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub enum Wish {
    Play(Options),
    Help,
}

/// Reads the words after the program's name; an error is one clause.
pub fn read(words: &[String]) -> Result<Wish, String> {
    let mut options = Options { source: Source::Exchange, device_code: false, auto: false, broker: false };
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--help" | "-h" => return Ok(Wish::Help),
            "--auto" => options.auto = true,
            "--device-code" => options.device_code = true,
            "--broker" if cfg!(feature = "broker") => options.broker = true,
            "--broker" => return Err(WITHOUT_BROKER.to_owned()),
            "--source" => options.source = source(words.next())?,
            _ => match word.strip_prefix("--source=") {
                Some(name) => options.source = source(Some(name))?,
                None => return Err(format!("there is no option `{word}`")),
            },
        }
    }
    if options.broker && (options.source != Source::Exchange || options.device_code) {
        return Err("`--broker` goes with the browser and the source `exchange` only".to_owned());
    }
    Ok(Wish::Play(options))
}

/// How it is called.
pub fn usage() -> String {
    let names: Vec<&str> = SOURCES.iter().map(|source| source.name()).collect();
    format!(
        "usage: cargo run --example demo [-- OPTIONS]\n\n\
         \x20 --device-code    sign in with a code instead of a browser\n\
         \x20 --auto           a script plays the person: nothing to click, nothing to type\n\
         \x20 --source SOURCE  where tokens come from: {} (the first by default)\n\
         \x20 --broker         with the organisation's broker itself: connecting, a pipeline, offboarding\n\
         \x20 --help           this text",
        names.join(", ")
    )
}

fn source(name: Option<&str>) -> Result<Source, String> {
    let known = SOURCES.into_iter().find(|source| Some(source.name()) == name);
    known.ok_or_else(|| match name {
        Some(name) => format!("there is no source `{name}`"),
        None => "`--source` needs a name".to_owned(),
    })
}

const WITHOUT_BROKER: &str = "the broker is not built: cargo run --features broker --example demo -- --broker";
const SOURCES: [Source; 4] = [Source::Exchange, Source::Entra, Source::CloudOauth, Source::DataCenterOauth];
