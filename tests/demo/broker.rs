//! The organisation's broker on the stage: the real program, its settings and policy under `broker/` in the home, and a
//! step of Bitbucket Pipelines that uses it too.

use crate::practice::cast::{self, ALICE};
use crate::practice::issuers::{Issuers, Job, PIPELINES_AUDIENCE};
use crate::practice::site::Site;
use crate::practice::{Practice, write_private};
use crate::shell::Shell;
use crate::show;
use std::fs;
use std::io::{BufRead, BufReader, Error};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// The broker's process. It ends when this is dropped.
pub struct Broker {
    pub site: Site,
    issuers: Issuers,
    child: Option<(Child, BufReader<ChildStdout>)>,
}

impl Broker {
    /// Writes everything that it needs to `dir`; it does not run yet.
    pub fn prepare(practice: &Practice, dir: &Path) -> Self {
        let issuers = Issuers::start(practice);
        let site = Site::prepare(practice, &issuers, dir);
        Self { site, issuers, child: None }
    }

    /// Starts it, and waits until it listens.
    pub fn start(&mut self, mut command: Command) -> Result<(), String> {
        command.arg("serve").arg(self.site.settings()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("the broker could not be started: {error}"))?;
        let said = child.stdout.take().ok_or("the broker has no output")?;
        let (_, said) = self.child.insert((child, BufReader::new(said)));
        let mut line = String::new();
        match said.read_line(&mut line) {
            Ok(count) if count > 0 => {
                _ = show::say(line.trim_end());
                Ok(())
            }
            _ => Err("the broker said why it did not start".to_owned()),
        }
    }

    /// `[[host]]` for both products by way of this broker.
    pub fn hosts(&self, practice: &Practice) -> String {
        let host = |url: &str| {
            format!(
                "[[host]]\nurl = \"{url}\"\nsource = \"exchange\"\ntoken_endpoint = \"{}/oauth2/token\"\n\
                 scope = \"{}\"\nper_repository = true\n\n",
                self.site.base,
                cast::BROKER_SCOPE
            )
        };
        host(&practice.cloud.base) + &host(&practice.data_center.base)
    }

    /// A home for a step of Pipelines: its configuration, and the token that Pipelines would put into its environment.
    pub fn write_step(&self, practice: &Practice, home: &Path, git_config: &str) -> Result<(), Error> {
        fs::create_dir_all(home.join(".config/bitbucket-sso"))?;
        let entra = practice.entra_toml().replace("[entra]\n", "[entra]\nidentity = \"pipelines\"\n");
        fs::write(home.join(".config/bitbucket-sso/config.toml"), entra + "\n" + &self.hosts(practice))?;
        let helper = "[credential]\n\thelper = bitbucket-sso\n\tuseHttpPath = true\n";
        fs::write(home.join(".gitconfig"), format!("{git_config}{helper}"))?;
        let token = self.issuers.token(Job::Pipelines, PIPELINES_AUDIENCE, |_| {});
        write_private(&home.join("token"), &token);
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let Some((mut child, _said)) = self.child.take() else { return };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        _ = child.wait();
    }
}

/// Before the day: what the organisation runs.
pub fn opening(shell: &Shell<'_>) -> Result<(), String> {
    show::explain("What the organisation runs: one program, one file of settings, and a policy that is kept in git.");
    shell.run("cat broker/policy.d/policy.toml")?;
    shell.run("bitbucket-sso-broker config validate broker/broker.toml")?;
    shell.run("bitbucket-sso-broker policy show broker/policy.d --broker broker/broker.toml").map(drop)
}

/// After the day: a pipeline without a person, somebody who leaves, and the record of it all.
pub fn closing(shell: &Shell<'_>) -> Result<(), String> {
    show::explain("A step of Bitbucket Pipelines: its own token, no person, no secret, one repository, for reading.");
    let url = format!("{}/scm/ACME/app.git", shell.stage.practice.data_center.base);
    shell
        .run(&format!("HOME=$PWD/step BITBUCKET_STEP_OIDC_TOKEN=$(cat step/token) CI=true git clone {url} step/app"))?;
    show::explain("Alice leaves the group. Her next token is refused, by name, with whom to ask.");
    if let Some(alice) = shell.stage.practice.entra.state().user_mut(ALICE) {
        alice.groups.clear();
    }
    shell.run("git credential-bitbucket-sso logout")?;
    shell.run(&format!(
        "git clone {} again || echo '(refused)'",
        shell.stage.clone_url(crate::practice::Source::Exchange)
    ))?;
    show::explain("Every decision is in the broker's record, this one too, and none can be taken out unseen.");
    shell.run("tail -n 1 broker/audit.jsonl")?;
    shell.run("bitbucket-sso-broker audit verify broker/broker.toml").map(drop)
}

/// Where the step lives.
pub fn step_home(home: &Path) -> PathBuf {
    home.join("step")
}
