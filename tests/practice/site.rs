//! Where a token broker of one's own is set up: its certificate, keys, secrets, `broker.toml` and policy in a directory,
//! and what Entra and Bitbucket have to know of it. It runs nothing.

use super::bitbucket::{Consumer, RedirectRule, Service};
use super::cast::{ALICE_OID, BROKER_API, CI_BOT_ID, CLIENT, DEVELOPERS, TENANT, WEB, WEB_SECRET, WORKLOAD, ci_bot};
use super::codec::{base64, random};
use super::issuers::{APP_UUID, Issuers, Job, PIPELINES_AUDIENCE};
use super::{Practice, free_port, write_private};
use std::path::{Path, PathBuf};

/// A directory with everything that a broker needs.
pub struct Site {
    pub dir: PathBuf,
    /// `https://localhost:PORT`: the broker's public URL.
    pub base: String,
    pub port: u16,
    /// `localhost:PORT` of the Cloud, as policies write it.
    pub cloud: String,
    /// `localhost:PORT/bitbucket` of Data Center.
    pub data_center: String,
}

impl Site {
    /// Prepares `dir` and the practice for each other.
    pub fn prepare(practice: &Practice, issuers: &Issuers, dir: &Path) -> Self {
        let port = free_port();
        let base = format!("https://localhost:{port}");
        let bare = |url: &str| url.trim_start_matches("https://").to_owned();
        let (cloud, data_center) = (bare(&practice.cloud.base), bare(&practice.data_center.base));
        let site = Self { dir: dir.to_owned(), base, port, cloud, data_center };
        std::fs::create_dir_all(dir.join("policy.d")).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        practice.certificate(dir);
        for (name, text) in [
            ("seal.key", base64(&random(32))),
            ("audit.key", base64(&random(32))),
            ("web.secret", WEB_SECRET.to_owned()),
            ("read.secret", practice.journal.secret(READ_SECRET.into())),
            ("write.secret", practice.journal.secret(WRITE_SECRET.into())),
            ("svc.password", practice.journal.secret(SVC_PASSWORD.into())),
        ] {
            write_private(&dir.join(name), &text);
        }
        site.register(practice);
        site.write_settings(practice, issuers, "");
        site.write_policy(&site.policy());
        site
    }

    /// Writes `broker.toml`; `more` is put before the first table.
    pub fn write_settings(&self, practice: &Practice, issuers: &Issuers, more: &str) {
        let (port, base, dir, ca) = (self.port, &self.base, self.dir.display(), practice.ca().display());
        let (authority, graph) = (&practice.entra.base, &practice.entra.base);
        let (cloud, data_center) = (&practice.cloud.base, &practice.data_center.base);
        let mut text = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"{base}\"\nca_file = \"{ca}\"\n{more}\n\
             [tls]\ncertificate = \"{dir}/tls.crt\"\nkey = \"{dir}/tls.key\"\n\n\
             [store]\nurl = \"sqlite:{dir}/broker.db\"\n\n[sealing]\nkey_files = [\"{dir}/seal.key\"]\n\n\
             [policy]\npath = \"{dir}/policy.d\"\nkeep = \"15m\"\n\n\
             [audit]\nfile = \"{dir}/audit.jsonl\"\nkey_file = \"{dir}/audit.key\"\n\n\
             [sign_in]\nissuer = \"corp\"\nclient_id = \"{WEB}\"\nclient_secret_file = \"{dir}/web.secret\"\n\
             administrators = [\"{ALICE_OID}\"]\n\n[[issuer]]\nname = \"corp\"\nkind = \"entra\"\ntenant = \"{TENANT}\"\nauthority = \"{authority}\"\n\
             audiences = [\"{BROKER_API}\", \"{BROKER_CLIENT}\"]\nclients = [\"{CLIENT}\"]\n\n\
             [issuer.graph]\nurl = \"{graph}\"\nclient_id = \"{WEB}\"\nclient_secret_file = \"{dir}/web.secret\"\n\n\
             [[host]]\nurl = \"{cloud}\"\nkind = \"cloud\"\napi = \"{cloud}\"\nmax_life = \"1h\"\n\
             check_permission = true\n\n\
             [host.read]\nclient_id = \"{READ_ID}\"\nclient_secret_file = \"{dir}/read.secret\"\n\n\
             [host.write]\nclient_id = \"{WRITE_ID}\"\nclient_secret_file = \"{dir}/write.secret\"\n\n\
             [[host]]\nurl = \"{data_center}\"\nkind = \"data-center\"\ntokens = \"minted\"\nuser = \"{SVC}\"\n\
             password_file = \"{dir}/svc.password\"\nprefix = \"sso-\"\n\n\
             [[service_user]]\nname = \"ci-bot\"\nhost = \"{cloud}\"\naccount_id = \"{CI_BOT_ID}\"\n\n"
        );
        for (job, kind, audience) in [
            (Job::Pipelines, "pipelines", PIPELINES_AUDIENCE),
            (Job::Github, "github-actions", JOB_AUDIENCE),
            (Job::Gitlab, "gitlab", JOB_AUDIENCE),
            (Job::Kubernetes, "kubernetes", JOB_AUDIENCE),
        ] {
            let issuer = issuers.issuer(job);
            text += &format!(
                "[[issuer]]\nname = \"{kind}\"\nkind = \"{kind}\"\nissuer = \"{issuer}\"\naudiences = [\"{audience}\"]\n\n"
            );
        }
        std::fs::write(self.settings(), text).unwrap();
    }

    /// Where `broker.toml` is.
    pub fn settings(&self) -> PathBuf {
        self.dir.join("broker.toml")
    }

    /// Replaces the policy whole, as an administrator's tool does.
    pub fn write_policy(&self, text: &str) {
        let (new, place) = (self.dir.join("policy.new"), self.dir.join("policy.d/policy.toml"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, place).unwrap();
    }

    /// Developers write; the managed identity and the pipelines of `acme/app` read.
    pub fn policy(&self) -> String {
        let Self { cloud, data_center, .. } = self;
        let both = format!("[\"{cloud}/acme/*\", \"{data_center}/ACME/*\"]");
        let mut text = format!(
            "[ceiling]\nright = \"write\"\nlife = \"1h\"\nresources = {both}\naccount_wide = [\"{cloud}\"]\n\
             protected = [\"{cloud}/acme/broker-policy\"]\n\n\
             [[rule]]\nid = \"developers\"\nwho = \"person\"\nwhen = {{ groups = {{ any_in = [\"{DEVELOPERS}\"] }} }}\n\
             resources = {both}\nright = \"write\"\nlife = \"30m\"\nreach = \"account\"\ncontact = \"the platform team\"\n\n"
        );
        for (id, who, when) in [
            ("robot", "app", format!("azp = {{ eq = \"{WORKLOAD}\" }}")),
            ("pipelines", "pipelines", format!("repositoryUuid = {{ eq = \"{APP_UUID}\" }}")),
        ] {
            text += &format!(
                "[[rule]]\nid = \"{id}-cloud\"\nwho = \"{who}\"\nwhen = {{ {when} }}\nresources = [\"{cloud}/acme/app\"]\n\
                 right = \"read\"\nlife = \"15m\"\nreach = \"account\"\nservice_user = \"ci-bot\"\n\n\
                 [[rule]]\nid = \"{id}\"\nwho = \"{who}\"\nwhen = {{ {when} }}\n\
                 resources = [\"{data_center}/ACME/app\"]\nright = \"read\"\nlife = \"15m\"\n\n"
            );
        }
        text
    }

    /// What Entra, Cloud and Data Center have to know of the broker.
    fn register(&self, practice: &Practice) {
        let callback = format!("{}/connect/callback", self.base);
        let mut entra = practice.entra.state();
        let web = entra.apps.iter_mut().find(|app| app.client_id == WEB).unwrap();
        web.redirect_uris = vec![callback.clone()];
        drop(entra);
        let mut cloud = practice.cloud.state();
        cloud.knobs.redirect = RedirectRule::PathPrefix;
        let consumer = |id: &str, secret: &str, scope: &str| Consumer {
            client_id: id.into(),
            client_secret: secret.into(),
            callback: Some(format!("{}/connect", self.base)),
            scopes: [scope, "account", "email"].map(str::to_owned).to_vec(),
            private: true,
        };
        cloud.knobs.others.push(consumer(READ_ID, READ_SECRET, "repository"));
        cloud.knobs.others.push(consumer(WRITE_ID, WRITE_SECRET, "repository:write"));
        cloud.book.accounts.push(ci_bot());
        drop(cloud);
        let service = Service { user: SVC.into(), password: SVC_PASSWORD.into(), administers: vec!["acme".into()] };
        practice.data_center.state().service = Some(service);
    }
}

/// `aud` of the broker's tokens.
const BROKER_CLIENT: &str = "b40c0000-0000-4000-8000-00000000a001";
/// What jobs and pods ask for their tokens.
pub const JOB_AUDIENCE: &str = "bitbucket-broker";
const READ_ID: &str = "practice-read-key";
const READ_SECRET: &str = "practice-read-secret-2c07";
const WRITE_ID: &str = "practice-write-key";
const WRITE_SECRET: &str = "practice-write-secret-91bd";
const SVC: &str = "svc-broker";
const SVC_PASSWORD: &str = "svc-password-0b7e";
