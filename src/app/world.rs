//! The things a run needs; the slow ones are made when first asked for, so that a hit never pays for them.

use crate::app::git_settings::GitSettings;
use crate::app::interaction::Means;
use crate::app::slow::{Telling, TellingVault};
use crate::app::words;
use crate::audit::{self, Journal, Receiver, TrailKey};
use crate::basis::clock::Clock;
use crate::basis::env::Env;
use crate::basis::failure::Failure;
use crate::basis::host_id::AccountId;
use crate::config::settings::{AuditRules, Forward, Identity, Network, Profile, Settings, StorageChoice};
use crate::config::{self, Loaded, Places, Sources};
use crate::flight::{Files, Flight};
use crate::net::Http;
use crate::net::client::{client, roots};
use crate::net::retry::Retry;
use crate::ui::Ui;
use crate::ui::slow::Teller;
use crate::ui::terminal::Terminal;
use crate::vault::{self, HotCache, Vault};
use std::cell::{LazyCell, OnceCell, RefCell};
use std::ffi::OsString;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// The world of one run. Tests build it from fakes, `run` from the real implementers.
pub struct World {
    pub clock: Arc<dyn Clock>,
    pub env: Env,
    pub places: Places,
    pub loaded: Loaded,
    /// Our own absolute path, for registration with git and for renewals.
    pub exe: LazyCell<PathBuf>,
    /// What git itself is told; asked for once, on a miss.
    pub git: Rc<Lazy<GitSettings>>,
    pub ui: Box<dyn Ui>,
    /// Set by `login`; nothing special for everybody else.
    pub means: Means,
    pub hot: Box<dyn HotCache>,
    pub journal: Box<dyn Journal>,
    /// What seals the journal, once somebody has asked; a hit never does.
    pub trail_key: OnceCell<Option<TrailKey>>,
    /// The correlation id of the last call to Entra.
    pub asked: RefCell<Option<String>>,
    pub flight: Box<dyn Flight>,
    pub vault: Lazy<dyn Vault>,
    pub http: Lazy<dyn Http>,
}

/// Made on first use.
pub struct Lazy<T: ?Sized> {
    cell: OnceCell<Box<T>>,
    make: Box<dyn Fn() -> Box<T>>,
}

impl<T: ?Sized + 'static> Lazy<T> {
    /// `make` runs at most once.
    pub fn new(make: impl Fn() -> Box<T> + 'static) -> Self {
        Self { cell: OnceCell::new(), make: Box::new(make) }
    }

    /// The thing, made now if it was not there.
    pub fn get(&self) -> &T {
        self.cell.get_or_init(|| (self.make)())
    }
}

impl World {
    /// The configuration as it is now, after a command changed it.
    pub fn reloaded(&self) -> Result<Loaded, Failure> {
        let sources = Sources { places: self.places.clone(), env: self.env.clone(), flags: Vec::new() };
        config::load(&sources).map_err(|error| words::layers(&self.places, &error))
    }
}

/// The real world: this machine's clock, keyring, network and person.
pub fn real(env: Env, flags: Vec<(String, String)>, clock: Arc<dyn Clock>) -> Result<World, Failure> {
    let places = Places::of(&env);
    let sources = Sources { places, env, flags };
    let loaded = config::load(&sources).map_err(|error| words::layers(&sources.places, &error))?;
    let Sources { places, env, .. } = sources;
    Ok(built(env, places, loaded, clock))
}

/// The real world with nothing but built-in values, for `doctor` where the configuration cannot be read.
pub fn unconfigured(env: Env, clock: Arc<dyn Clock>) -> Result<World, Failure> {
    let places = Places::of(&env);
    let nowhere = places.state.join("no-configuration");
    let none = Places { policy_dir: nowhere.clone(), managed_dir: nowhere, user_file: None, ..places.clone() };
    let sources = Sources { places: none, env: Env::fixed([]), flags: Vec::new() };
    let loaded = config::load(&sources).map_err(|error| words::layers(&places, &error))?;
    Ok(built(env, places, loaded, clock))
}

fn built(env: Env, places: Places, loaded: Loaded, clock: Arc<dyn Clock>) -> World {
    let Settings { storage, ui, audit, .. } = &loaded.settings;
    let choice = storage.refresh_tokens;
    let ui = Terminal::new(env.clone(), &ui.browser);
    let git = Rc::new(lazy_git(&env));
    let usual = vault::hot(choice, false, &places.state, &env, Arc::clone(&clock));
    let (workloads, people) = workloads(&loaded.settings);
    World {
        hot: vault::apart(usual, workloads, &places.state, &env, Arc::clone(&clock)),
        journal: Box::new(audit::trail(
            &trail_file(&places, audit),
            &places.state,
            forward(audit.forward),
            Arc::clone(&clock),
        )),
        trail_key: OnceCell::new(),
        asked: RefCell::default(),
        flight: Box::new(Files::new(&places.state, Arc::clone(&clock))),
        vault: lazy_vault(choice, !people, &places, &env, &clock),
        http: lazy_http(&loaded.settings.network, &env, &git, &clock),
        ui: Box::new(ui),
        means: Means::default(),
        clock,
        env,
        places,
        loaded,
        exe: LazyCell::new(own_path),
        git,
    }
}

/// The accounts that are no people's, and whether there are others.
fn workloads(settings: &Settings) -> (Vec<AccountId>, bool) {
    let workload = |profile: &&Profile| profile.identity != Identity::User;
    let accounts: Vec<AccountId> = settings.profiles.iter().filter(workload).map(config::account_id).collect();
    let people = accounts.is_empty() || accounts.len() < settings.profiles.len();
    (accounts, people)
}

/// Our own absolute path.
pub fn own_path() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| as_called(std::env::args_os().next()))
}

/// While a machine's image is made there may be no `/proc` to ask; packages call us by our absolute path.
fn as_called(name: Option<OsString>) -> PathBuf {
    name.map(PathBuf::from).filter(|path| path.is_absolute()).unwrap_or_default()
}

/// Where the audit trail is.
pub fn trail_file(places: &Places, rules: &AuditRules) -> PathBuf {
    rules.file.clone().unwrap_or_else(|| places.state.join("audit.jsonl"))
}

/// Where the head of the trail goes besides.
fn forward(forward: Forward) -> Option<Receiver> {
    match forward {
        Forward::None => None,
        Forward::Syslog if cfg!(target_os = "macos") => Some(Receiver::Syslog("/var/run/syslog".into())),
        Forward::Syslog => Some(Receiver::Syslog("/dev/log".into())),
        Forward::Journald => Some(Receiver::Journald("/run/systemd/journal/socket".into())),
    }
}

/// The keyring is asked only by runs that need a session; only a foreground terminal may unlock it.
fn lazy_vault(
    choice: StorageChoice,
    workload: bool,
    places: &Places,
    env: &Env,
    clock: &Arc<dyn Clock>,
) -> Lazy<dyn Vault> {
    let (state, env, clock) = (places.state.clone(), env.clone(), Arc::clone(clock));
    Lazy::new(move || -> Box<dyn Vault> {
        let prompt_allowed = Terminal::new(env.clone(), "").can_ask();
        let open = || vault::open(choice, workload, &state, &env, prompt_allowed, Arc::clone(&clock));
        Box::new(TellingVault::open(Teller::to_stderr(), open))
    })
}

fn lazy_git(env: &Env) -> Lazy<GitSettings> {
    let env = env.clone();
    Lazy::new(move || Box::new(GitSettings::read(&env)))
}

/// git's own proxy and certificates hold too, where nothing nearer says otherwise; git is asked on a miss only.
fn lazy_http(network: &Network, env: &Env, git: &Rc<Lazy<GitSettings>>, clock: &Arc<dyn Clock>) -> Lazy<dyn Http> {
    let (network, env, git, clock) = (network.clone(), env.clone(), Rc::clone(git), Arc::clone(clock));
    Lazy::new(move || -> Box<dyn Http> {
        let only = env.os("SSL_CERT_FILE").filter(|_| cfg!(any(windows, target_os = "macos"))).map(PathBuf::from);
        let http = client(&network).told_by_git(git.get().network.clone());
        let http = http.with_only_roots(only).reading_first(roots::bundle(&env));
        Box::new(Telling::new(Retry::new(http, Arc::clone(&clock)), Teller::to_stderr(), network.timeout))
    })
}
