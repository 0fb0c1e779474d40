//! The play: one working day of a developer, in ten commands.

use crate::casting::{Cast, cast};
use crate::interrupt::Interrupt;
use crate::options::Options;
use crate::person::Person;
use crate::practice::Source;
use crate::practice::cast::ALICE;
use crate::shell::Shell;
use crate::stage::{REPOSITORY, Stage};
use crate::{helper, show};
use std::path::Path;
use std::process::{Command, Stdio};

/// Plays it from the first line to the last; an error says what failed.
pub fn play(options: Options, interrupt: &Interrupt) -> Result<(), String> {
    let cast = cast(options)?;
    git_is_there()?;
    _ = show::say(TITLE);
    show::explain("The helper, as it ships.");
    let bin = helper::build(options.broker)?;
    let stage = Stage::build(bin, options, cast).map_err(|error| format!("no temporary home: {error}"))?;
    #[cfg(feature = "broker")]
    let stage = with_broker(stage, options)?;
    let shell = Shell { stage: &stage, person: Person::new(&stage, cast), cast, interrupt };
    #[cfg(feature = "broker")]
    if options.broker {
        crate::broker::opening(&shell)?;
    }
    day(&shell, options.source)?;
    #[cfg(feature = "broker")]
    if options.broker {
        crate::broker::closing(&shell)?;
    }
    if !options.broker {
        show::explain("The end of the day comes by itself; this ends it now, with a receipt.");
        shell.run("git credential-bitbucket-sso logout")?;
    }
    drop(shell);
    drop(stage);
    _ = show::say(END);
    Ok(())
}

fn day(shell: &Shell<'_>, source: Source) -> Result<(), String> {
    show::explain(&format!("What an administrator hands out: the tenant and the host. {}", meaning(source)));
    shell.run(configuration(source))?;
    show::explain("Once per machine: register the helper with git, for this host only.");
    shell.run("git credential-bitbucket-sso setup")?;
    sign_in_and_clone(shell, source)?;
    show::explain("The rest of the day nobody is asked again: a commit and a push.");
    shell.run(&format!("echo 'One sign-in is enough.' > {REPOSITORY}/NEWS"))?;
    shell.run(&format!("git -C {REPOSITORY} add NEWS"))?;
    shell.run(&format!("git -C {REPOSITORY} commit --message 'Tell the news'"))?;
    shell.run(&format!("git -C {REPOSITORY} push"))?;
    show::explain("A fetch with nothing new says nothing at all.");
    let fetched = shell.run_silent(&format!("git -C {REPOSITORY} fetch"))?;
    _ = show::say(&format!("(silent, after {:.2} s)", fetched.took.as_secs_f64()));
    show::explain("Who is signed in, until when, and what waits for which host.");
    shell.run("git credential-bitbucket-sso status").map(drop)
}

/// The same stage with the broker running on it.
#[cfg(feature = "broker")]
fn with_broker(mut stage: Stage, options: Options) -> Result<Stage, String> {
    if options.broker {
        show::explain("The broker, for the rest of the play.");
        show::command("bitbucket-sso-broker serve broker/broker.toml &");
        stage.start_broker()?;
    }
    Ok(stage)
}

fn sign_in_and_clone(shell: &Shell<'_>, source: Source) -> Result<(), String> {
    let clone = format!("git clone {}", shell.stage.clone_url(source));
    if !shell.cast.device_code {
        show::explain(&format!("The first clone of the day. {}", at_the_browser(shell.cast)));
        return shell.run(&clone).map(drop);
    }
    show::explain(&format!("A sign-in without a browser. {}", at_the_device_page(shell)));
    shell.run("git credential-bitbucket-sso login --device-code")?;
    show::explain("A clone, which asks nobody.");
    shell.run(&clone).map(drop)
}

fn at_the_browser(cast: Cast) -> String {
    if cast.scripted {
        return "A script plays Alice at the browser.".to_owned();
    }
    format!(
        "Your browser opens the practice sign-in page: sign in as {ALICE}.\nThe browser will warn, since the \
         practice certificate is a minute old and known to nobody: continue."
    )
}

fn at_the_device_page(shell: &Shell<'_>) -> String {
    let Cast { scripted, browser, .. } = shell.cast;
    let (page, ca) = (shell.stage.device_page(), shell.stage.practice.ca().display());
    match (scripted, browser) {
        (true, _) => "A script types the code and signs in as Alice.".to_owned(),
        (false, true) => format!(
            "Open the page below, type the code, sign in as {ALICE}.\nThe browser will warn, since the practice \
             certificate is a minute old and known to nobody: continue."
        ),
        (false, false) => format!(
            "The page is on this machine, which has no browser:\nsign in from another terminal, with the code below \
             in place of CODE:\n  curl --cacert {ca} {page} -d otc=CODE -d action=approve -d upn={ALICE}"
        ),
    }
}

fn meaning(source: Source) -> &'static str {
    match source {
        Source::Exchange => "A broker there trades Entra tokens for Bitbucket's.",
        Source::Entra => "An identity-aware proxy there takes Entra tokens.",
        Source::CloudOauth => "Bitbucket Cloud knows the helper as an OAuth consumer.",
        Source::DataCenterOauth => "Bitbucket Data Center knows the helper as an incoming link.",
    }
}

/// The two OAuth sources have a client secret, which belongs on no screen.
fn configuration(source: Source) -> &'static str {
    match source {
        Source::Exchange | Source::Entra => "cat .config/bitbucket-sso/config.toml",
        Source::CloudOauth | Source::DataCenterOauth => "grep -v client_secret .config/bitbucket-sso/config.toml",
    }
}

/// The practice Bitbucket needs git too: its `http-backend` is a package of its own on some systems.
fn git_is_there() -> Result<(), String> {
    let asked = Command::new("git").arg("--exec-path").stderr(Stdio::null()).output();
    let found = asked.map_err(|_| "git is not installed\n  do this: install git, then run this again")?;
    let path = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if Path::new(&path).join("git-http-backend").is_file() {
        return Ok(());
    }
    Err(format!(
        "git has no `http-backend` here, which the practice Bitbucket needs ({path})\n  do this: install git's \
         server part, e.g. the package git-daemon"
    ))
}

const TITLE: &str = "\
Clone, push and fetch through one Entra sign-in. Entra and Bitbucket are practice servers on this machine;
git, TLS, the helper and the sign-in are real. The home is temporary: nothing of yours is read or changed.";

const END: &str = "
All of it worked. The temporary home, the practice servers and every token are gone.";
