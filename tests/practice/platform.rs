//! What a workload finds around it: the identity services of Azure's platforms and the token services of CI jobs
//! (facts/entra.md 6.2, 6.3, 6.5). They know nothing of the product.

mod jobs;
mod managed;

use super::http::{Door, Reply, Server};
use super::journal::Journal;
use super::tls;
use super::weather::{self, Weather};
use super::{Practice, cast};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

/// The running services.
pub struct Platform {
    /// `http://127.0.0.1:PORT`: everything but Service Fabric.
    pub base: String,
    /// Service Fabric's, over TLS with a certificate that nobody has issued.
    pub fabric: String,
    /// SHA-1 of that certificate, in hexadecimal.
    pub thumbprint: String,
    pub weather: Arc<Weather>,
    knobs: Arc<Mutex<Knobs>>,
    _servers: [Server; 2],
}

/// How they answer.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// The assigned identities; the first of `system` is the machine's own.
    pub assigned: Vec<Assigned>,
    /// Where Azure Arc's agent writes its key files.
    pub arc_dir: PathBuf,
    /// The same directory as whoever asks sees it, where that is another name.
    pub arc_seen: Option<PathBuf>,
    /// An agent that knows one identity only: it ignores which one is asked for, and names none.
    pub arc_old: bool,
    /// The file that it names; made on the spot where there is none.
    pub arc_file: Option<PathBuf>,
    /// What the header or secret of every platform must be.
    pub secret: String,
    /// The claims of the next job tokens, besides audience and times.
    pub issuer: String,
    pub subject: String,
    /// Seconds added to the times of job tokens.
    pub shift: i64,
}

/// A managed identity.
#[derive(Clone, Debug)]
pub struct Assigned {
    pub client_id: String,
    pub object_id: String,
    pub resource_id: String,
    pub system: bool,
}

impl Platform {
    /// Starts them beside a practice.
    pub fn start(practice: &Practice) -> Self {
        let secret = practice.journal.secret("platform-secret-4711".into());
        let knobs = Arc::new(Mutex::new(Knobs {
            assigned: vec![assigned(cast::WORKLOAD, true)],
            arc_dir: practice.dir().join("arc"),
            arc_seen: None,
            arc_old: false,
            arc_file: None,
            secret,
            issuer: "https://issuer.example".into(),
            subject: "repo:acme/app:ref:refs/heads/main".into(),
            shift: 0,
        }));
        let weather = Arc::new(Weather::default());
        let door = Door::new();
        let base = door.http();
        let plain = door.serve(None, handler(practice, &knobs, &weather));
        let door = Door::new();
        let fabric = door.https();
        let (config, thumbprint) = tls::alone();
        let secure = door.serve(Some(config), handler(practice, &knobs, &weather));
        Self { base, fabric, thumbprint, weather, knobs, _servers: [plain, secure] }
    }

    /// How they answer, to be changed.
    pub fn knobs(&self) -> MutexGuard<'_, Knobs> {
        self.knobs.lock().unwrap()
    }

    /// The variables that a platform sets: `imds`, `app-service`, `arc`, `service-fabric`, `cloud-shell`, `azure-ml`,
    /// `github`, `azure-pipelines`.
    pub fn variables(&self, platform: &str) -> Vec<(&'static str, String)> {
        let (base, secret) = (&self.base, self.knobs().secret.clone());
        let at = |path: &str| format!("{base}{path}");
        match platform {
            "imds" => vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", base.clone())],
            "app-service" => vec![("IDENTITY_ENDPOINT", at("/msi/token")), ("IDENTITY_HEADER", secret)],
            "arc" => vec![("IDENTITY_ENDPOINT", at("/arc/token")), ("IMDS_ENDPOINT", base.clone())],
            "service-fabric" => vec![
                ("IDENTITY_ENDPOINT", format!("{}/fabric/token", self.fabric)),
                ("IDENTITY_HEADER", secret),
                ("IDENTITY_SERVER_THUMBPRINT", self.thumbprint.clone()),
            ],
            "cloud-shell" => vec![("MSI_ENDPOINT", at("/cloudshell/token"))],
            "azure-ml" => vec![("MSI_ENDPOINT", at("/ml/token")), ("MSI_SECRET", secret)],
            "github" => vec![
                ("ACTIONS_ID_TOKEN_REQUEST_URL", at("/github/token?job=7")),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", secret),
            ],
            "azure-pipelines" => {
                vec![("SYSTEM_OIDCREQUESTURI", at("/azure-pipelines/oidc")), ("SYSTEM_ACCESSTOKEN", secret)]
            }
            other => panic!("no platform is called {other}"),
        }
    }

    /// A token as a job finds it in a variable or a file.
    pub fn job_token(&self, practice: &Practice, audience: &str) -> String {
        jobs::token(&practice.entra.state(), &self.knobs(), audience)
    }
}

/// An identity with this client id.
pub fn assigned(client_id: &str, system: bool) -> Assigned {
    Assigned {
        client_id: client_id.to_owned(),
        object_id: format!("0b1e{}{}", &client_id[..4], &client_id[8..]),
        resource_id: format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/{client_id}"),
        system,
    }
}

fn handler(practice: &Practice, knobs: &Arc<Mutex<Knobs>>, weather: &Arc<Weather>) -> super::http::Handler {
    let (tenant, knobs) = (practice.entra.shared(), Arc::clone(knobs));
    let journal: &Arc<Journal> = &practice.journal;
    weather::behind("platform", journal, weather, move |request| {
        let (mut tenant, knobs) = (tenant.lock().unwrap(), knobs.lock().unwrap());
        let jobs = jobs::answer(&tenant, &knobs, request);
        Reply::Answer(jobs.unwrap_or_else(|| managed::answer(&mut tenant, &knobs, request)))
    })
}
