//! From arguments to outcome: git's verbs by hand, people's commands by clap.

use crate::app::login::login;
use crate::app::logout::logout;
use crate::app::world::{World, real};
use crate::app::{
    audit, ci, commands, doctor, erase, get, install, onboard, organisation, registration, renew, token, words,
};
use crate::basis::clock::{Clock, SystemClock};
use crate::basis::env::Env;
use crate::basis::failure::{Failure, Kind};
use crate::cli::{self, Command};
use crate::config::settings::OnFailure;
use crate::git::answer::{Answer, write_capabilities};
use crate::git::request::{self, Request, Verb};
use std::io::{Read, Write};
use std::sync::Arc;

mod typed;

/// What a process is given.
pub struct Invocation<'a> {
    /// Arguments, the program's own name first.
    pub args: Vec<String>,
    pub env: Env,
    pub stdin: &'a mut dyn Read,
    /// Git's, or a command's documented result.
    pub stdout: &'a mut dyn Write,
    pub stderr: &'a mut dyn Write,
    /// Whether a person typed this: standard input is a terminal. Git's own verbs need not know.
    pub person: fn() -> bool,
}

/// Runs and returns the exit code (DESIGN.md section 4).
pub fn run(invocation: &mut Invocation<'_>) -> u8 {
    let verb = invocation.args.get(1).map(|word| Verb::named(word));
    if matches!(verb, Some(Verb::Get | Verb::Store | Verb::Erase | Verb::Capability))
        && cli::asks(invocation.args.get(2))
    {
        invocation.args.remove(1);
        return command(invocation);
    }
    let outcome = match verb {
        Some(Verb::Get) => answer_git(invocation),
        Some(Verb::Store) => {
            leave_unread(invocation.stdin);
            Ok(())
        }
        Some(Verb::Erase) => erase_for_git(invocation),
        Some(Verb::Capability) => write_capabilities(invocation.stdout).map_err(|error| words::answer(&error).into()),
        // A verb of a later git: nothing to say, nothing wrong.
        Some(Verb::Other) if unknown(invocation) => Ok(()),
        Some(Verb::Other) | None => return command(invocation),
    };
    finish(invocation, outcome)
}

/// Nothing of it is kept; it is read so that git is not left with a broken pipe. git's requests fit in at once.
#[inline(never)]
fn leave_unread(stdin: &mut dyn Read) {
    let mut bytes = [0; 1 << 10];
    while let Ok(1..) = stdin.read(&mut bytes) {}
}

/// A failure, and whether it is told on one line: where the configuration cannot be read we cannot know whose host
/// git asks about (DESIGN.md section 5).
struct Told {
    failure: Failure,
    briefly: bool,
}

impl From<Failure> for Told {
    fn from(failure: Failure) -> Self {
        Self { failure, briefly: false }
    }
}

impl Told {
    fn briefly(failure: Failure) -> Self {
        Self { failure, briefly: true }
    }
}

/// The shipped door: everything real.
fn world(env: &Env, flags: Vec<(String, String)>) -> Result<World, Failure> {
    real(env.clone(), flags, Arc::new(SystemClock))
}

fn answer_git(invocation: &mut Invocation<'_>) -> Result<(), Told> {
    let request = request(invocation)?;
    let world = match world(&invocation.env, Vec::new()) {
        Ok(world) => world,
        Err(failure) => {
            if registration::names(&invocation.env, &request) {
                write_answer(invocation, &Answer::Stop)?;
            }
            return Err(Told::briefly(failure));
        }
    };
    let answer = get::get(&world, &request).map_err(|failure| (failure, world.loaded.settings.ui.on_failure));
    // A configuration of a hundred hosts takes as long to take apart as to put together, and the process ends anyway.
    std::mem::forget(world.loaded);
    match answer {
        Ok(answer) => match write_answer(invocation, &answer) {
            Err(failure) => {
                write_answer(invocation, &Answer::Stop)?;
                Err(failure.into())
            }
            Ok(()) => Ok(()),
        },
        Err((failure, OnFailure::Stop)) => {
            write_answer(invocation, &Answer::Stop)?;
            Err(failure.into())
        }
        Err((failure, OnFailure::Pass)) => Err(failure.into()),
    }
}

fn erase_for_git(invocation: &mut Invocation<'_>) -> Result<(), Told> {
    let request = request(invocation)?;
    let world = world(&invocation.env, Vec::new()).map_err(Told::briefly)?;
    erase::erase(&world, &request);
    Ok(())
}

fn request(invocation: &mut Invocation<'_>) -> Result<Request, Failure> {
    request::read(invocation.stdin).map_err(|error| words::request(&error))
}

fn write_answer(invocation: &mut Invocation<'_>, answer: &Answer) -> Result<(), Failure> {
    answer.write(invocation.stdout).map_err(|error| words::answer(&error))
}

/// A word that is neither git's nor ours, from a program rather than from a person.
fn unknown(invocation: &Invocation<'_>) -> bool {
    let word = invocation.args.get(1).map_or("", String::as_str);
    !word.starts_with('-') && !(invocation.person)() && !cli::knows(word)
}

/// Apart from git's verbs, which would carry its variables on their stack.
#[cold]
#[inline(never)]
fn command(invocation: &mut Invocation<'_>) -> u8 {
    let cli = match cli::parse(&invocation.args) {
        Ok(cli) => cli,
        Err(error) => {
            let help = error.exit_code() == 0;
            let to: &mut dyn Write = if help { invocation.stdout } else { invocation.stderr };
            _ = write!(to, "{error}");
            return if help { 0 } else { Kind::Usage.exit() };
        }
    };
    let outcome = match cli.command {
        Command::Doctor(typed) => return examine(invocation, cli.set, typed),
        _ => execute(invocation, cli).map_err(Told::from),
    };
    finish(invocation, outcome)
}

/// The findings are the result, also where the exit code says that something is wrong.
fn examine(invocation: &mut Invocation<'_>, flags: Vec<(String, String)>, typed: cli::Doctor) -> u8 {
    let cli::Doctor { json, offline, fix } = typed;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let report = doctor::doctor(&invocation.env, flags, &clock, doctor::Wish { json, offline, fix });
    match write(invocation.stdout, &report.text) {
        Ok(()) if report.healthy => 0,
        Ok(()) => Kind::Config.exit(),
        Err(failure) => finish(invocation, Err(failure.into())),
    }
}

fn execute(invocation: &mut Invocation<'_>, cli: cli::Cli) -> Result<(), Failure> {
    let print = match cli.command {
        Command::Config { command: cli::Config::Validate { file } } => commands::validate(&file)?,
        Command::Config { command: cli::Config::Schema { markdown } } => commands::schema(markdown),
        Command::Completions { shell } => cli::completions(shell),
        Command::Man { command } => cli::manual(command.as_deref()).map_err(|error| words::output(&error))?,
        Command::Explain { id } => words::explain(&id)?,
        Command::Own { command: command @ (cli::Own::Install(_) | cli::Own::Uninstall(_)) } => {
            own(&invocation.env, command)?
        }
        Command::Unsetup(typed) => commands::unsetup(&invocation.env, typed.system)?,
        command => with_world(invocation, cli.set, command)?,
    };
    write(invocation.stdout, &print)
}

/// Without a world: a broken configuration stands in no installation's way.
fn own(env: &Env, command: cli::Own) -> Result<String, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    match command {
        cli::Own::Install(typed) => {
            let papers = cli::papers().map_err(|error| words::output(&error))?;
            install::install(env, &clock, &typed::install(typed), &papers)
        }
        cli::Own::Uninstall(cli::Uninstall { system, purge }) => {
            install::uninstall(env, &clock, install::Leaving { system, purge })
        }
        cli::Own::Update { .. } => Ok(String::new()),
    }
}

fn with_world(
    invocation: &mut Invocation<'_>,
    flags: Vec<(String, String)>,
    command: Command,
) -> Result<String, Failure> {
    let mut world = world(&invocation.env, flags.clone())?;
    if matches!(command, Command::Login(_)) && organisation::refresh(&world) {
        world = self::world(&invocation.env, flags)?;
    }
    match command {
        Command::Login(typed) => {
            world.means = typed::means(&typed);
            login(&world, &typed::wish(typed)).map(|()| String::new())
        }
        Command::Logout(typed) => logout(&world, &typed::extent(&world, typed)?),
        Command::Status(format) => commands::status(&world, format.json),
        Command::Whoami(format) => commands::whoami(&world, format.json),
        Command::Setup(typed) => onboarding(invocation, &world, *typed),
        Command::Ci { command: cli::Ci::Env { host, shell } } => {
            ci::env(&world, host.as_deref(), typed::ci_form(shell))
        }
        Command::Renew(typed) => renew::run(world, &typed.host, typed.path.as_deref()).map(|()| String::new()),
        Command::Token(typed) => token::token(&world, &typed.host, typed::form(typed.format)),
        Command::Audit { command } => read_trail(&world, command),
        Command::Config { command: cli::Config::Show(format) } => Ok(commands::config_show(&world, format.json)),
        Command::Own { command: cli::Own::Update { .. } } => install::update::check(&world),
        // Done without a world.
        Command::Config { .. }
        | Command::Unsetup(_)
        | Command::Explain { .. }
        | Command::Own { .. }
        | Command::Doctor(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(String::new()),
    }
}

/// What is found is the result, also where something is left to a person.
fn onboarding(invocation: &mut Invocation<'_>, world: &World, typed: cli::Setup) -> Result<String, Failure> {
    if typed.more.quiet {
        return onboard::quietly(world).map(|()| String::new());
    }
    if typed.more.admin {
        return onboard::admin(world, &typed::admin(typed));
    }
    if typed.more.migrate.is_none() {
        return commands::setup(world, &typed::setup(typed), invocation.stdin);
    }
    let told = onboard::migrate(world, &typed::migration(typed))?;
    match told.failure {
        None => Ok(told.text),
        Some(failure) => write(invocation.stdout, &told.text).and(Err(failure)),
    }
}

fn read_trail(world: &World, typed: cli::Audit) -> Result<String, Failure> {
    let choice = |cli::AuditRows { since, host }| audit::Choice { since, host };
    match typed {
        cli::Audit::Show { json, rows } => audit::show(world, &choice(rows), json),
        cli::Audit::Verify { anchors } => audit::verify(world, anchors.as_deref()),
        cli::Audit::Export { format, rows } => audit::export(world, &choice(rows), typed::audit_form(format)),
        cli::Audit::Join { entra, atlassian, json } => audit::join(world, &entra, &atlassian, json),
    }
}

/// A reader that has gone away is no failure.
fn write(to: &mut dyn Write, text: &str) -> Result<(), Failure> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(words::output(&error)),
        _ => Ok(()),
    }
}

fn finish(invocation: &mut Invocation<'_>, outcome: Result<(), Told>) -> u8 {
    let Err(Told { failure, briefly }) = outcome else { return 0 };
    _ = if briefly { writeln!(invocation.stderr, "{failure:#}") } else { writeln!(invocation.stderr, "{failure}") };
    failure.kind.exit()
}
