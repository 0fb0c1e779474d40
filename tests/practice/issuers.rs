//! The issuers of job and pod tokens with their key sets: Bitbucket Pipelines, GitHub Actions, GitLab, Kubernetes
//! (facts/entra.md 6.5, facts/bitbucket.md A6). Each has a key of its own.

use super::Practice;
use super::clock::Clock;
use super::codec::guid;
use super::http::{Door, Reply, Request, Response, Server};
use super::journal::Journal;
use super::jwt::Key;
use super::weather::{self, Weather};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Whose token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    Pipelines,
    Github,
    Gitlab,
    Kubernetes,
}

/// The running issuers.
pub struct Issuers {
    /// `https://localhost:PORT`.
    pub base: String,
    pub server: Server,
    /// Trouble by path, for example `keys.json`.
    pub weather: Arc<Weather>,
    shelf: Arc<Shelf>,
    clock: Arc<Clock>,
    journal: Arc<Journal>,
}

struct Shelf {
    base: String,
    keys: [Key; 4],
    /// The issuers that sign with the `spare` key, which their key set names too.
    rotated: Mutex<Vec<Job>>,
    spare: Key,
}

impl Issuers {
    /// Starts them beside a practice.
    pub fn start(practice: &Practice) -> Self {
        let door = Door::new();
        let base = door.https();
        let keys = [
            Key::load(include_str!("keys/pipelines.pk8.b64")),
            Key::load(include_str!("keys/github.pk8.b64")),
            Key::load(include_str!("keys/gitlab.pk8.b64")),
            Key::load(include_str!("keys/kubernetes.pk8.b64")),
        ];
        let spare = Key::load(include_str!("keys/spare.pk8.b64"));
        let shelf = Arc::new(Shelf { base: base.clone(), keys, rotated: Mutex::default(), spare });
        let weather = Arc::new(Weather::default());
        let shared = Arc::clone(&shelf);
        let handler = weather::behind("issuers", &practice.journal, &weather, move |request| {
            Reply::Answer(shared.answer(request))
        });
        let server = practice.serve(door, handler);
        let (clock, journal) = (Arc::clone(&practice.clock), Arc::clone(&practice.journal));
        Self { base, server, weather, shelf, clock, journal }
    }

    /// `iss` of a job's tokens.
    pub fn issuer(&self, job: Job) -> String {
        self.shelf.issuer(job)
    }

    /// From now on the issuer signs with a newer key.
    pub fn rotate(&self, job: Job) {
        self.shelf.rotated.lock().unwrap().push(job);
    }

    /// A token as a job on `main` of `acme/app` has it; `change` may bend any claim.
    pub fn token(&self, job: Job, audience: &str, change: impl FnOnce(&mut Value)) -> String {
        let now = self.clock.now();
        let mut claims = json!({
            "iss": self.issuer(job), "aud": audience, "iat": now, "nbf": now - 5, "exp": now + 3600, "jti": guid(),
        });
        for (name, value) in own(job).as_object().unwrap() {
            claims[name] = value.clone();
        }
        change(&mut claims);
        let rotated = self.shelf.rotated.lock().unwrap().contains(&job);
        let key = if rotated { &self.shelf.spare } else { &self.shelf.keys[job as usize] };
        self.journal.secret(key.sign(&claims))
    }
}

/// What the claims of each kind are.
fn own(job: Job) -> Value {
    match job {
        Job::Pipelines => {
            let step = format!("{{{}}}", guid());
            json!({
                "sub": format!("{APP_UUID}:{step}"), "stepUuid": step, "repositoryUuid": APP_UUID,
                "workspaceUuid": WORKSPACE_UUID, "pipelineUuid": format!("{{{}}}", guid()), "branchName": "main",
            })
        }
        Job::Github => json!({
            "sub": "repo:acme/app:ref:refs/heads/main", "repository": "acme/app", "repository_id": "4711",
            "repository_owner": "acme", "repository_owner_id": "815", "ref": "refs/heads/main", "ref_type": "branch",
            "event_name": "push", "actor": "alice", "job_workflow_ref": "acme/app/.github/workflows/ci.yml@refs/heads/main",
        }),
        Job::Gitlab => json!({
            "sub": "project_path:acme/app:ref_type:branch:ref:main", "project_id": "22", "project_path": "acme/app",
            "namespace_path": "acme", "ref": "main", "ref_type": "branch", "ref_protected": "true", "pipeline_source": "push",
        }),
        Job::Kubernetes => json!({
            "sub": "system:serviceaccount:builds:cloner",
            "kubernetes.io": {
                "namespace": "builds", "pod": {"name": "cloner-1", "uid": guid()},
                "serviceaccount": {"name": "cloner", "uid": guid()},
            },
        }),
    }
}

impl Shelf {
    fn issuer(&self, job: Job) -> String {
        let path = match job {
            Job::Pipelines => "/2.0/workspaces/acme/pipelines-config/identity/oidc",
            Job::Github => "/github",
            Job::Gitlab => "/gitlab",
            Job::Kubernetes => "/kubernetes",
        };
        format!("{}{path}", self.base)
    }

    fn answer(&self, request: &Request) -> Response {
        let url = format!("{}{}", self.base, request.path);
        let found = JOBS.iter().find_map(|(job, keys)| {
            let rest = url.strip_prefix(&self.issuer(*job))?;
            (rest == *keys || rest == DISCOVERY).then_some((*job, *keys, rest == DISCOVERY))
        });
        match found {
            Some(_) if request.method != "GET" => Response::text(405, ""),
            Some((job, keys, true)) => {
                let issuer = self.issuer(job);
                let keys = format!("{issuer}{keys}");
                Response::json(
                    200,
                    &json!({
                        "issuer": issuer, "jwks_uri": keys, "id_token_signing_alg_values_supported": ["RS256"],
                        "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
                    }),
                )
            }
            Some((job, _, false)) => {
                let issuer = self.issuer(job);
                let mut keys = vec![self.keys[job as usize].jwk(&issuer)];
                if self.rotated.lock().unwrap().contains(&job) {
                    keys.push(self.spare.jwk(&issuer));
                }
                Response::json(200, &json!({ "keys": keys }))
            }
            None => Response::text(404, "not here"),
        }
    }
}

/// Audience of Pipelines tokens unless the step says another.
pub const PIPELINES_AUDIENCE: &str = "ari:cloud:bitbucket::workspace/5d0c0000-0000-4000-8000-0000000000aa";
/// `repositoryUuid` of `acme/app`.
pub const APP_UUID: &str = "{5d0c0000-0000-4000-8000-0000000000bb}";
/// `workspaceUuid` of `acme`.
pub const WORKSPACE_UUID: &str = "{5d0c0000-0000-4000-8000-0000000000aa}";
const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Where each kind keeps its keys.
const JOBS: [(Job, &str); 4] = [
    (Job::Pipelines, "/keys.json"),
    (Job::Github, "/.well-known/jwks"),
    (Job::Gitlab, "/oauth/discovery/keys"),
    (Job::Kubernetes, "/openid/v1/jwks"),
];
