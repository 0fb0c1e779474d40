//! Renewal without a wait (DESIGN.md section 14): a hit on an aging credential starts one child that replaces it.

use crate::app::get::{self, Manner};
use crate::app::pick;
use crate::app::turns;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::{Lazy, World};
use crate::basis::clock::Clock;
use crate::basis::failure::Failure;
use crate::config::settings::Source;
use crate::flight::rest::{self, REST};
use crate::flight::{Flight, FlightError, Lane, Notice, Turn};
use crate::net::{Call, Http, NetError, Reply};
use crate::ui::quiet::Quiet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Starts the child if nobody is minting for this host, none began within the last minute, and Entra may be asked.
/// Whatever goes wrong, the credential in hand is still good and the next miss mints.
pub fn start(world: &World, wanted: &Wanted<'_>) {
    if may_start(world, wanted) && begin(world, wanted) {
        _ = child(world, wanted).spawn();
    }
}

/// The child: mints under the same lanes as everybody, asks nobody, begins nothing after a minute.
pub fn run(world: World, host: &str, path: Option<&str>) -> Result<(), Failure> {
    get::new_enough(&world)?;
    let world = limited(world);
    let found = pick::hosts(&world, Some(host))?;
    let host = found.first().ok_or_else(words::no_hosts)?;
    let wanted = Wanted::new(host.profile, host.host, path);
    get::obtain(&world, &wanted, Manner::Background).map(drop)
}

fn may_start(world: &World, wanted: &Wanted<'_>) -> bool {
    let now = world.clock.now();
    // Data Center ends the old access token with the refresh (`facts/bitbucket.md` B1): the very git that this hit
    // answers would lose its token between two of its requests. There the next miss renews.
    let revokes = matches!(wanted.host.source, Source::DataCenterOauth(_));
    !revokes
        && world.exe.is_absolute()
        && !rest::rests(&world.places.state, &wanted.id, now)
        && turns::state(world, wanted).not_before.is_none_or(|until| until <= now)
}

/// Of several hits at once one begins: under the lane, looking again.
fn begin(world: &World, wanted: &Wanted<'_>) -> bool {
    let Ok(Some(_turn)) = world.flight.try_enter(&Lane::Host(wanted.grant.clone())) else { return false };
    let (state, now) = (&world.places.state, world.clock.now());
    !rest::rests(state, &wanted.id, now) && rest::begin(state, &wanted.id, now).is_ok()
}

#[expect(clippy::disallowed_methods, reason = "ourselves, by absolute path")]
fn child(world: &World, wanted: &Wanted<'_>) -> Command {
    let mut command = Command::new(world.exe.as_path());
    command.arg("renew").arg("--host").arg(wanted.host.url.to_string());
    if let Some(path) = &wanted.ask.repository {
        command.arg("--path").arg(path);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    detach(&mut command, &world.exe);
    command
}

/// Out of the caller's process group: Ctrl-C on `git fetch` is not meant for it.
#[cfg(unix)]
fn detach(command: &mut Command, _: &Path) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

/// Not in the repository either: Windows does not remove a directory in which a process is.
#[cfg(windows)]
fn detach(command: &mut Command, exe: &Path) {
    use std::os::windows::process::CommandExt;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
    command.current_dir(exe.parent().unwrap_or(exe));
}

/// The same world without a person, in which nothing begins after the limit. What has been sent by then is still
/// waited for, as long as `[network] timeout` says: a rotated grant must not be lost for the sake of a minute.
fn limited(world: World) -> World {
    let limit = Limit { ends: world.clock.steady() + REST, clock: Arc::clone(&world.clock) };
    let World { flight, http, .. } = world;
    let sends = limit.clone();
    let http = Rc::new(http);
    World {
        ui: Box::new(Quiet),
        flight: Box::new(Limited { inner: flight, limit }),
        http: Lazy::new(move || -> Box<dyn Http> {
            Box::new(Limited { inner: Rc::clone(&http), limit: sends.clone() })
        }),
        ..world
    }
}

#[derive(Clone)]
struct Limit {
    ends: Instant,
    clock: Arc<dyn Clock>,
}

impl Limit {
    fn left(&self) -> Duration {
        self.ends.saturating_duration_since(self.clock.steady())
    }
}

struct Limited<T> {
    inner: T,
    limit: Limit,
}

impl Flight for Limited<Box<dyn Flight>> {
    fn enter(
        &self,
        lane: &Lane,
        longest: Duration,
        told: &mut dyn FnMut(Option<&Notice>),
    ) -> Result<Box<dyn Turn>, FlightError> {
        self.inner.enter(lane, longest.min(self.limit.left()), told)
    }

    fn try_enter(&self, lane: &Lane) -> Result<Option<Box<dyn Turn>>, FlightError> {
        self.inner.try_enter(lane)
    }
}

impl Http for Limited<Rc<Lazy<dyn Http>>> {
    fn send(&self, call: &Call) -> Result<Reply, NetError> {
        if self.limit.left().is_zero() {
            return Err(NetError::TimedOut { place: call.place().to_owned(), after: REST });
        }
        self.inner.get().send(call)
    }
}
