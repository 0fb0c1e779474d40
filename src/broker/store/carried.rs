//! A grant that is not in its row: on its way to it, or with the helper. It never lies anywhere unsealed.

use super::Grant;
use crate::basis::clock::Timestamp;
use crate::basis::secret::{GitToken, RefreshToken};
use serde::{Deserialize, Serialize, Serializer};

/// All of a grant, as JSON.
#[derive(Clone, Serialize, Deserialize)]
pub struct Carried {
    #[serde(serialize_with = "open_refresh_token")]
    pub refresh_token: RefreshToken,
    #[serde(serialize_with = "open_git_token")]
    pub access_token: GitToken,
    pub issued: Timestamp,
    pub expires: Timestamp,
    pub scopes: String,
    pub account_id: String,
    pub account: String,
}

impl From<Carried> for Grant {
    fn from(carried: Carried) -> Self {
        let Carried { refresh_token, access_token, issued, expires, scopes, account_id, account } = carried;
        Self { refresh_token, access_token, issued, expires, scopes, account_id, account }
    }
}

impl From<&Grant> for Carried {
    fn from(grant: &Grant) -> Self {
        let Grant { refresh_token, access_token, issued, expires, scopes, account_id, account } = grant.clone();
        Self { refresh_token, access_token, issued, expires, scopes, account_id, account }
    }
}

fn open_refresh_token<S: Serializer>(secret: &RefreshToken, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}

fn open_git_token<S: Serializer>(secret: &GitToken, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}
