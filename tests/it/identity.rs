//! Workloads: real git, the shipped helper, no person and no stored secret.

#[path = "identity/arc.rs"]
mod arc;
#[path = "identity/keeping.rs"]
mod keeping;

use crate::desk::{Desk, feed, said, stderr, stdout};
use crate::practice::cast::{TENANT, WORKLOAD};
use crate::practice::entra::{Federated, Registered};
use crate::practice::platform::Platform;
use crate::practice::{Options, Practice, Source};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A machine that nobody sits at, and the services around it.
pub struct Machine {
    pub practice: Practice,
    pub platform: Platform,
    pub desk: Desk,
    /// Memory of this machine's own.
    memory: tempfile::TempDir,
    pub variables: Vec<(&'static str, String)>,
}

pub const AUDIENCE: &str = "api://AzureADTokenExchange";
const ISSUER: &str = "https://issuer.example";
const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

impl Machine {
    /// A machine with this identity and these lines in `[entra]`; the host is of this source.
    pub fn with(identity: &str, entra: &str, source: Source) -> Self {
        let practice = Practice::start(&Options::default());
        let platform = Platform::start(&practice);
        practice.entra.state().apps[1].federated =
            Some(Federated { issuer: ISSUER.into(), subject: SUBJECT.into(), audience: AUDIENCE.into() });
        let (authority, ca) = (&practice.entra.base, practice.ca().display());
        let config = format!(
            "[entra]\nidentity = \"{identity}\"\ntenant = \"{TENANT}\"\nclient_id = \"{WORKLOAD}\"\n\
             authority = \"{authority}\"\n{entra}\n\n[network]\nca_file = '{ca}'\ntimeout = \"5s\"\n\n{}",
            practice.host_toml(source)
        );
        let desk = Desk::configured(&practice, &config);
        let output = desk.helper().arg("setup").output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let memory = tempfile::tempdir_in("/dev/shm").unwrap();
        Self { practice, platform, desk, memory, variables: Vec::new() }
    }

    /// The same with what a platform sets.
    pub fn on(mut self, platform: &str) -> Self {
        let more = self.platform.variables(platform);
        self.variables.extend(more);
        self
    }

    /// The same with one more variable.
    pub fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// The same with a token of a pod's, or of a job's, in a file.
    pub fn token_file(self, text: &str) -> Self {
        let path = self.desk.path("federated-token");
        std::fs::write(&path, text).unwrap();
        self.set("AZURE_FEDERATED_TOKEN_FILE", path.to_str().unwrap())
    }

    pub fn job_token(&self, audience: &str) -> String {
        self.platform.job_token(&self.practice, audience)
    }

    /// A program on this machine.
    pub fn run(&self, mut command: Command) -> Command {
        command.env("XDG_RUNTIME_DIR", self.memory.path()).env("GIT_TERMINAL_PROMPT", "0");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn get(&self, source: Source) -> Output {
        let host = self.practice.url(source).split("://").nth(1).unwrap();
        let (host, path) = host.split_once('/').unwrap_or((host, "acme"));
        let request = format!("protocol=https\nhost={host}\npath={path}/app.git\n\n");
        feed(self.run(self.desk.helper()).arg("get"), request.as_bytes())
    }

    pub fn helper(&self, arguments: &[&str]) -> Output {
        self.run(self.desk.helper()).args(arguments).output().unwrap()
    }

    /// A clone, then a fetch.
    fn works(&self, source: Source) {
        let into = self.desk.path("clone");
        let url = self.practice.clone_url(source, "acme", "app");
        let cloned = self.run(self.desk.git()).args(["clone", &url]).arg(&into).output().unwrap();
        assert!(cloned.status.success(), "{}", said(&cloned));
        let fetched = self.run(self.desk.git()).arg("-C").arg(&into).arg("fetch").output().unwrap();
        assert!(fetched.status.success(), "{}", said(&fetched));
        assert!(self.desk.waiting_pages().is_empty(), "no page was opened");
        let leaked = self.practice.journal.leaks(&format!("{}{}", said(&cloned), said(&fetched)));
        assert!(leaked.is_empty(), "{leaked:?}");
    }

    /// Requests to the platform, Entra's token endpoint, and the broker.
    pub fn asked(&self) -> [usize; 3] {
        let of = |server: &str, path: &str| {
            self.practice.journal.count(|entry| entry.server == server && entry.path.contains(path))
        };
        [of("platform", ""), of("entra", "/oauth2/v2.0/token"), of("broker", "/oauth2/token")]
    }
}

#[test]
fn a_managed_identity_clones_on_every_platform() {
    for (platform, identity) in [
        ("imds", "managed-identity"),
        ("app-service", "auto"),
        ("service-fabric", "auto"),
        ("cloud-shell", "auto"),
        ("azure-ml", "managed-identity"),
    ] {
        let machine = Machine::with(identity, "", Source::Exchange).on(platform);
        machine.works(Source::Exchange);
        assert_eq!(machine.asked(), [1, 0, 1], "{platform} {identity}");
    }
}

#[test]
fn a_user_assigned_identity_is_named_in_three_ways() {
    let of = |key: &str, id: &str| {
        let machine = Machine::with("managed-identity", &format!("{key} = \"{id}\""), Source::Exchange).on("imds");
        let other = crate::practice::platform::assigned("77777777-2222-4333-8444-555555555555", false);
        machine.platform.knobs().assigned.push(other);
        let output = machine.get(Source::Exchange);
        assert!(stdout(&output).contains("password="), "{}", said(&output));
        let status = stdout(&machine.helper(&["audit", "show"]));
        assert!(status.contains("managed-identity 77777777-2222-4333-8444-555555555555"), "{status}");
    };
    of("managed_client_id", "77777777-2222-4333-8444-555555555555");
    of("managed_object_id", "0b1e7777-2222-4333-8444-555555555555");
    let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity";
    of("managed_resource_id", &format!("{path}/77777777-2222-4333-8444-555555555555"));
}

#[test]
fn a_pod_clones_and_reads_its_token_file_each_time() {
    let machine = Machine::with("workload", "", Source::Exchange);
    let token = machine.job_token(AUDIENCE);
    let machine = machine.token_file(&token);
    machine.works(Source::Exchange);
    assert_eq!(machine.asked(), [0, 1, 1]);
    std::fs::write(machine.desk.path("federated-token"), "gone").unwrap();
    assert!(machine.helper(&["logout", "--all"]).status.success());
    let output = machine.get(Source::Exchange);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(3), "quit=1\n"), "{}", said(&output));
    assert!(stderr(&output).contains("holds no token (JWT) [identity-token-file]"), "{}", said(&output));
}

#[test]
fn a_pod_may_learn_tenant_and_client_from_its_platform() {
    let machine = Machine::with("auto", "", Source::Exchange);
    let token = machine.job_token(AUDIENCE);
    let (authority, ca) = (&machine.practice.entra.base, machine.practice.ca().display());
    let config = format!(
        "[entra]\nidentity = \"auto\"\nauthority = \"{authority}\"\n[network]\nca_file = '{ca}'\n{}",
        machine.practice.host_toml(Source::Exchange)
    );
    machine.desk.write_config(&config);
    let machine = machine.token_file(&token).set("AZURE_CLIENT_ID", WORKLOAD).set("AZURE_TENANT_ID", TENANT);
    machine.works(Source::Exchange);
    assert_eq!(machine.asked(), [0, 1, 1]);
}

#[test]
fn jobs_of_other_services_clone_with_their_own_tokens() {
    let github = Machine::with("github-actions", "", Source::Exchange).on("github");
    github.works(Source::Exchange);
    assert_eq!(github.asked(), [1, 1, 1]);
    let connection = "service_connection = \"99999999-2222-4333-8444-555555555555\"";
    let azure = Machine::with("azure-pipelines", connection, Source::Exchange).on("azure-pipelines");
    azure.works(Source::Exchange);
    assert_eq!(azure.asked(), [1, 1, 1]);
    let gitlab = Machine::with("gitlab", "", Source::Exchange);
    let token = gitlab.job_token(AUDIENCE);
    let gitlab = gitlab.set("GITLAB_OIDC_TOKEN", token).set("CI", "true");
    gitlab.works(Source::Exchange);
    assert_eq!(gitlab.asked(), [0, 1, 1]);
}

#[test]
fn a_step_of_bitbucket_pipelines_goes_straight_to_the_broker() {
    let machine = step("pipelines");
    machine.works(Source::Exchange);
    assert_eq!(machine.asked(), [0, 0, 1]);
    let entries = machine.practice.journal.entries();
    let exchange = entries.iter().find(|entry| entry.server == "broker").unwrap();
    let kind = exchange.form.iter().find(|(name, _)| name == "subject_token_type").unwrap();
    assert_eq!(kind.1, "urn:ietf:params:oauth:token-type:jwt");
}

/// A step whose issuer the broker knows.
pub fn step(identity: &str) -> Machine {
    let machine = Machine::with(identity, "", Source::Exchange);
    let issuer = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
    machine.practice.broker.knobs().foreign_issuer = Some(issuer.into());
    machine.platform.knobs().issuer = issuer.into();
    machine.platform.knobs().subject = "{3b5c8a50}:{f1e0}".into();
    let token = machine.job_token("ari:cloud:bitbucket::workspace/7c0e");
    machine.set("BITBUCKET_STEP_OIDC_TOKEN", token).set("CI", "true")
}

#[test]
fn an_entra_proxy_takes_a_workload_too() {
    let machine = Machine::with("managed-identity", "", Source::Entra).on("imds");
    machine.works(Source::Entra);
    assert_eq!(machine.asked(), [1, 0, 0]);
}

#[test]
fn a_certificate_signs_for_the_application_from_every_kind_of_file() {
    for kind in ["pem", "encrypted", "pkcs1", "pkcs12", "pkcs12-plain"] {
        let machine = Machine::with("certificate", "", Source::Exchange);
        let (file, registered) = certificate(&machine.desk.path("keys"), kind);
        machine.practice.entra.state().apps[1].certificate = Some(registered);
        let password = machine.desk.path("keys").join("password");
        let machine = machine
            .set("BITBUCKET_SSO_CERTIFICATE_FILE", file.to_str().unwrap())
            .set("BITBUCKET_SSO_CERTIFICATE_PASSWORD_FILE", password.to_str().unwrap());
        let output = machine.get(Source::Exchange);
        assert!(stdout(&output).contains("password="), "{kind}: {}", said(&output));
        assert_eq!(machine.asked(), [0, 1, 1]);
    }
}

#[test]
fn an_application_with_a_certificate_clones() {
    let machine = Machine::with("certificate", "", Source::Exchange);
    let (file, registered) = certificate(&machine.desk.path("keys"), "pem");
    machine.practice.entra.state().apps[1].certificate = Some(registered);
    let machine = machine.set("BITBUCKET_SSO_CERTIFICATE_FILE", file.to_str().unwrap());
    machine.works(Source::Exchange);
    assert_eq!(machine.asked(), [0, 1, 1]);
}

/// A fresh key with its certificate in a file of this kind.
pub fn certificate(dir: &Path, kind: &str) -> (PathBuf, Registered) {
    std::fs::create_dir_all(dir).unwrap();
    let openssl = |arguments: &str| {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "{arguments}: {}", said(&output));
    };
    std::fs::write(dir.join("password"), "correct horse\n").unwrap();
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=robot");
    openssl("x509 -in cert.pem -outform DER -out cert.der");
    openssl("rsa -in key.pem -RSAPublicKey_out -outform DER -out public.der");
    let with = |key: &str| {
        let both = [key, "cert.pem"].map(|name| std::fs::read(dir.join(name)).unwrap()).concat();
        std::fs::write(dir.join("both.pem"), both).unwrap();
        dir.join("both.pem")
    };
    let file = match kind {
        "pem" => with("key.pem"),
        "pkcs1" => {
            openssl("rsa -in key.pem -traditional -out pkcs1.pem");
            with("pkcs1.pem")
        }
        "encrypted" => {
            openssl("pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out encrypted.pem -passout file:password");
            with("encrypted.pem")
        }
        "pkcs12" => {
            openssl("pkcs12 -export -inkey key.pem -in cert.pem -out all.p12 -passout file:password");
            dir.join("all.p12")
        }
        _ => {
            let plain = "-keypbe NONE -certpbe NONE -nomaciter";
            openssl(&format!("pkcs12 -export {plain} -inkey key.pem -in cert.pem -out all.p12 -passout file:password"));
            dir.join("all.p12")
        }
    };
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    (file, Registered { der: read("cert.der"), public: read("public.der") })
}
