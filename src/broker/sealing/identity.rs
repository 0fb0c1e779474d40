//! Who the broker is towards Key Vault: a pod's workload identity where the platform says so, else the machine's managed
//! identity (`facts/entra.md` 6.2 and 6.4).

use crate::basis::env::Env;
use crate::basis::files::read_whole;
use crate::basis::secret::{AccessToken, SecretBytes};
use crate::basis::url::WebUrl;
use crate::broker::outward::{Call, Outward, Token};
use crate::broker::sealing::SealError;
use std::fs::File;
use std::path::{Path, PathBuf};

/// How a token for one resource is had.
pub struct Identity {
    resource: String,
    client_id: Option<String>,
    pod: Option<Pod>,
}

/// What the webhook of workload identity puts into a pod's environment.
struct Pod {
    file: PathBuf,
    client_id: String,
    tenant: String,
    authority: String,
}

impl Identity {
    /// `client_id` chooses a user-assigned identity, or another application than the pod's own.
    pub fn new(resource: &str, client_id: Option<&str>, env: &Env) -> Self {
        let pod = || {
            Some(Pod {
                file: env.os("AZURE_FEDERATED_TOKEN_FILE")?.into(),
                client_id: client_id.map(str::to_owned).or_else(|| env.text("AZURE_CLIENT_ID"))?,
                tenant: env.text("AZURE_TENANT_ID")?,
                authority: env.text("AZURE_AUTHORITY_HOST").unwrap_or_else(|| PUBLIC_CLOUD.to_owned()),
            })
        };
        Self { resource: resource.to_owned(), client_id: client_id.map(str::to_owned), pod: pod() }
    }

    /// A token; asked for each time, because keys are wrapped a few times a year.
    pub async fn token(&self, outward: &Outward) -> Result<AccessToken, SealError> {
        if let Some(pod) = &self.pod {
            return pod.token(&self.resource, outward).await;
        }
        let token = outward.managed_identity(&self.resource, self.client_id.as_deref()).await;
        token.map(|token| token.token).map_err(|error| SealError::Unavailable(error.to_string()))
    }
}

impl Pod {
    async fn token(&self, resource: &str, outward: &Outward) -> Result<AccessToken, SealError> {
        let unavailable = SealError::Unavailable;
        let authority: WebUrl =
            self.authority.parse().map_err(|_| unavailable("AZURE_AUTHORITY_HOST is no URL".into()))?;
        let statement = statement(&self.file)?;
        let text = std::str::from_utf8(statement.expose()).unwrap_or_default().trim();
        let scope = format!("{resource}/.default");
        let form = [
            ("client_id", self.client_id.as_str()),
            ("scope", scope.as_str()),
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", text),
        ];
        let call = Call::form(authority.join(&format!("/{}/oauth2/v2.0/token", self.tenant)), form);
        let place = call.place().to_owned();
        let reply = outward.send(call).await.map_err(|error| unavailable(error.to_string()))?;
        let token = Token::of_answer(reply.body.expose()).filter(|_| reply.status == 200);
        let why = || unavailable(format!("{place} has no token for this pod's identity (status {})", reply.status));
        token.map(|token| token.token).ok_or_else(why)
    }
}

/// The platform replaces it every hour.
fn statement(path: &Path) -> Result<SecretBytes, SealError> {
    let io = |error: std::io::Error| SealError::Unavailable(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    let read = read_whole(&file, &file.metadata().map_err(io)?, LONGEST, &mut bytes);
    let bytes = SecretBytes::new(bytes);
    read.map_err(io)?;
    Ok(bytes)
}

const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";
/// A service account's token has a kilobyte or two.
const LONGEST: u64 = 64 * 1024;
