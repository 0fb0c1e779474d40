//! The lock-and-rotate protocol, step by step, in every order that three processes can take, with a crash and a lost
//! answer at any step (docs/architecture.md, "Lock and rotate"). A model: it checks the protocol, not the code.

use std::collections::HashSet;

/// How a server treats the token that a refresh replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rotation {
    /// It stays valid.
    Entra,
    /// It works once more, within the grace.
    Cloud,
    /// It dies at once.
    DataCenter,
}

/// How careful a process is; only the first is the product, the others show that the model sees mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    Product,
    NoLock,
    NoSecondLook,
    UnlocksBeforeItWrites,
    UsesBeforeItWrites,
}

/// Where a process is. Tokens are numbers: the n-th that the server issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Start,
    /// It has seen this record and found its credential too old.
    Seen(u8),
    Locked(u8),
    /// It is about to send this one.
    Ready(u8),
    /// The request is on its way.
    Sent(u8),
    /// The server has answered with a newer one; the answer may be lost.
    Answered(u8, u8),
    /// The answer is here and not stored.
    Holds(u8),
    Stored,
    /// It gave up, as retryable; nothing was removed.
    Failed,
    Done,
    Dead,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    processes: [At; PROCESSES],
    /// Who holds the kernel's lock; a dead one does not.
    lock: Option<u8>,
    /// The stored token, and whether the credential beside it is fresh.
    stored: u8,
    fresh: bool,
    /// The newest token that the server has issued, and the oldest that it still takes.
    newest: u8,
    oldest: u8,
    /// The newest token whose access token somebody has used.
    used: u8,
    /// How often the credential has expired again.
    expiries: u8,
    crashes: u8,
    losses: u8,
    /// A process died, or an answer was lost, between the server's commit and the write.
    gap: bool,
}

const PROCESSES: usize = 3;
const EXPIRIES: u8 = 2;
const CRASHES: u8 = 2;

#[test]
fn the_product_keeps_its_word_on_every_path() {
    for rotation in [Rotation::Entra, Rotation::Cloud, Rotation::DataCenter] {
        let (worlds, broken) = explore(rotation, Care::Product);
        assert_eq!(broken, None, "{rotation:?}");
        assert!(worlds > 5_000, "{rotation:?}: only {worlds} worlds were seen");
    }
}

#[test]
fn each_carelessness_is_found() {
    let found = |rotation, care| explore(rotation, care).1;
    assert_eq!(found(Rotation::Entra, Care::NoLock), Some("two refreshes at once"));
    assert_eq!(found(Rotation::Cloud, Care::NoSecondLook), Some("a second refresh for one expiry"));
    assert_eq!(found(Rotation::DataCenter, Care::UnlocksBeforeItWrites), Some("two refreshes at once"));
    assert_eq!(
        found(Rotation::Cloud, Care::UsesBeforeItWrites),
        Some("a token was used before its successor was stored")
    );
}

/// Walks through all worlds; how many there are, and the first broken promise.
fn explore(rotation: Rotation, care: Care) -> (usize, Option<&'static str>) {
    let first = World {
        processes: [At::Start; PROCESSES],
        lock: None,
        stored: 0,
        fresh: false,
        newest: 0,
        oldest: 0,
        used: 0,
        expiries: 0,
        crashes: 0,
        losses: 0,
        gap: false,
    };
    let (mut seen, mut open) = (HashSet::from([first.clone()]), vec![first]);
    while let Some(world) = open.pop() {
        if let Some(broken) = broken(&world, rotation, care) {
            return (seen.len(), Some(broken));
        }
        let steps = (0..PROCESSES).flat_map(|one| steps(&world, one, rotation, care));
        for next in steps.chain(expired(&world)) {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    (seen.len(), None)
}

/// Time passes: the credential is too old again.
fn expired(world: &World) -> Option<World> {
    (world.fresh && world.expiries < EXPIRIES).then(|| World {
        fresh: false,
        expiries: world.expiries + 1,
        ..world.clone()
    })
}

/// What can happen next to one process.
fn steps(world: &World, one: usize, rotation: Rotation, care: Care) -> Vec<World> {
    let to = |at: At| {
        let mut next = world.clone();
        next.processes[one] = at;
        next
    };
    let me = Some(u8::try_from(one).unwrap());
    let mut next = match world.processes[one] {
        At::Start if world.fresh => vec![to(At::Done)],
        At::Start => vec![to(At::Seen(world.stored))],
        At::Seen(token) if care == Care::NoLock => vec![to(At::Ready(token))],
        At::Seen(token) if world.lock.is_none() => vec![World { lock: me, ..to(At::Locked(token)) }],
        At::Locked(token) if care == Care::NoSecondLook => vec![to(At::Ready(token))],
        At::Locked(_) if world.fresh => vec![unlocked(to(At::Done), me)],
        At::Locked(_) => vec![to(At::Ready(world.stored))],
        At::Ready(token) => vec![to(At::Sent(token))],
        At::Sent(token) if token < world.oldest => vec![unlocked(to(At::Failed), me)],
        At::Sent(token) => vec![committed(to(At::Sent(token)), one, token, rotation)],
        At::Answered(_, new) => {
            let arrived = to(At::Holds(new));
            let lost = World { losses: world.losses + 1, gap: true, ..unlocked(to(At::Failed), me) };
            if world.losses == 0 { vec![arrived, lost] } else { vec![arrived] }
        }
        At::Holds(new) if care == Care::UsesBeforeItWrites && world.used < new => {
            vec![World { used: new, ..to(At::Holds(new)) }]
        }
        At::Holds(new) if care == Care::UnlocksBeforeItWrites && world.lock == me => {
            vec![unlocked(to(At::Holds(new)), me)]
        }
        // A late write never goes over a newer record: the vault compares generations.
        At::Holds(new) if new < world.stored => vec![unlocked(to(At::Failed), me)],
        At::Holds(new) => vec![World { stored: new, fresh: true, ..to(At::Stored) }],
        At::Stored => vec![World { used: world.used.max(world.stored), ..unlocked(to(At::Done), me) }],
        // The next command.
        At::Done | At::Failed if !world.fresh && world.expiries > 0 => vec![to(At::Start)],
        At::Seen(_) | At::Failed | At::Done | At::Dead => Vec::new(),
    };
    let running = !matches!(world.processes[one], At::Start | At::Failed | At::Done | At::Dead);
    if running && world.crashes < CRASHES {
        let gap = world.gap || matches!(world.processes[one], At::Answered(..) | At::Holds(_));
        next.push(World { crashes: world.crashes + 1, gap, ..unlocked(to(At::Dead), me) });
    }
    next
}

/// The server takes the token and issues the next one.
fn committed(mut world: World, one: usize, token: u8, rotation: Rotation) -> World {
    world.newest += 1;
    world.processes[one] = At::Answered(token, world.newest);
    world.oldest = match rotation {
        Rotation::Entra => world.oldest,
        // Within the grace the one that was sent works again, none before it.
        Rotation::Cloud => token,
        Rotation::DataCenter => world.newest,
    };
    world
}

fn unlocked(mut world: World, me: Option<u8>) -> World {
    if world.lock == me {
        world.lock = None;
    }
    world
}

/// The first promise that does not hold in this world.
fn broken(world: &World, rotation: Rotation, care: Care) -> Option<&'static str> {
    let under_way = |at: &&At| matches!(at, At::Ready(_) | At::Sent(_) | At::Answered(..) | At::Holds(_));
    let lives = world.stored >= world.oldest;
    let in_hand = world.processes.iter().any(|at| matches!(at, At::Answered(..) | At::Holds(_)));
    let troubles = world.crashes + world.losses;
    match () {
        () if world.processes.iter().filter(under_way).count() > 1 => Some("two refreshes at once"),
        () if world.newest > 1 + world.expiries + troubles => Some("a second refresh for one expiry"),
        () if world.used > world.stored => Some("a token was used before its successor was stored"),
        () if lives || in_hand => None,
        () if rotation == Rotation::DataCenter && world.gap => None,
        () => Some(if care == Care::Product { "the session is lost" } else { "lost" }),
    }
}
