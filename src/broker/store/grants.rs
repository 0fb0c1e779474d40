//! Grants: one sealed row for each holder, host and right.

use crate::basis::clock::Timestamp;
use crate::basis::secret::{GitToken, RefreshToken, SecretBytes};
use crate::broker::ground::issued::Holder;
use crate::broker::ground::right::Right;
use crate::broker::store::db::Statement;
use crate::broker::store::sealed::{About, Sealed, column};
use crate::broker::store::{Grant, GrantKey, Store, StoreError};
use serde::{Deserialize, Serialize};

impl Store {
    /// A grant as it is, without any lock.
    pub async fn grant(&self, key: &GrantKey) -> Result<Option<Grant>, StoreError> {
        let Some(row) = self.db.one(select(key)).await? else { return Ok(None) };
        self.grant_in(key, &column::<String>(&row, "sealed")?).await.map(Some)
    }

    /// All grants of a holder, for the receipt of a revocation and for `explain`.
    pub async fn grants_of(&self, holder: &Holder) -> Result<Vec<(GrantKey, Grant)>, StoreError> {
        let rows = self.db.all(sqlx::query(OF_HOLDER).bind(holder.key())).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let (host, access): (String, String) = (column(&row, "host")?, column(&row, "access")?);
            // A right that this version does not know is nothing that it could revoke or hand out.
            let Some(right) = right_of(&access) else { continue };
            let key = GrantKey { holder: holder.clone(), host, right };
            let grant = self.grant_in(&key, &column::<String>(&row, "sealed")?).await?;
            found.push((key, grant));
        }
        Ok(found)
    }

    pub(super) async fn grant_in(&self, key: &GrantKey, sealed: &str) -> Result<Grant, StoreError> {
        let (holder, access) = (key.holder.key(), key.right.to_string());
        let bytes = self.unseal(&About(GRANTS, &[&holder, &key.host, &access]), sealed).await?;
        let kept: Kept = serde_json::from_slice(bytes.expose())
            .map_err(|_| StoreError::Sealed("a grant has another form".into()))?;
        Ok(kept.into())
    }

    /// A grant as its row has it.
    pub(super) fn seal_grant(&self, key: &GrantKey, grant: &Grant) -> Result<Sealed, StoreError> {
        let (holder, access) = (key.holder.key(), key.right.to_string());
        self.seal(&About(GRANTS, &[&holder, &key.host, &access]), &SecretBytes::json(&Written::of(grant)))
    }
}

/// The statement that writes a grant over whatever is there.
pub fn upsert(key: &GrantKey, new: &Sealed) -> Statement<'static> {
    keyed(UPSERT, key).bind(new.text.clone()).bind(new.by.clone())
}

/// The statement that writes a grant only where nobody else did since `seen` was read.
pub fn upsert_over(key: &GrantKey, seen: Option<&str>, new: &Sealed) -> Statement<'static> {
    match seen {
        Some(seen) => keyed(REPLACE, key).bind(new.text.clone()).bind(new.by.clone()).bind(seen.to_owned()),
        None => keyed(INSERT, key).bind(new.text.clone()).bind(new.by.clone()),
    }
}

/// The statement that reads a grant.
pub fn select(key: &GrantKey) -> Statement<'static> {
    keyed(SELECT, key)
}

/// A statement whose first three values are the key of a grant.
pub fn keyed(text: &'static str, key: &GrantKey) -> Statement<'static> {
    sqlx::query(text).bind(key.holder.key()).bind(key.host.clone()).bind(key.right.to_string())
}

fn right_of(text: &str) -> Option<Right> {
    [Right::Read, Right::Write].into_iter().find(|right| right.to_string() == text)
}

/// A grant as it is written, without a copy of its secrets.
#[derive(Serialize)]
struct Written<'a> {
    refresh_token: &'a str,
    access_token: &'a str,
    issued: Timestamp,
    expires: Timestamp,
    scopes: &'a str,
    account_id: &'a str,
    account: &'a str,
}

/// A grant as it is read.
#[derive(Deserialize)]
struct Kept {
    refresh_token: RefreshToken,
    access_token: GitToken,
    issued: Timestamp,
    expires: Timestamp,
    scopes: String,
    account_id: String,
    account: String,
}

impl<'a> Written<'a> {
    fn of(grant: &'a Grant) -> Self {
        Self {
            refresh_token: grant.refresh_token.expose(),
            access_token: grant.access_token.expose(),
            issued: grant.issued,
            expires: grant.expires,
            scopes: &grant.scopes,
            account_id: &grant.account_id,
            account: &grant.account,
        }
    }
}

impl From<Kept> for Grant {
    fn from(kept: Kept) -> Self {
        let Kept { refresh_token, access_token, issued, expires, scopes, account_id, account } = kept;
        Self { refresh_token, access_token, issued, expires, scopes, account_id, account }
    }
}

/// The table, as sealed values know it.
pub const GRANTS: &str = "grants";

const SELECT: &str = "SELECT sealed FROM grants WHERE holder = $1 AND host = $2 AND access = $3";
const OF_HOLDER: &str = "SELECT host, access, sealed FROM grants WHERE holder = $1 ORDER BY host, access";
const UPSERT: &str = "INSERT INTO grants (holder, host, access, sealed, sealed_by) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (holder, host, access) DO UPDATE SET sealed = excluded.sealed, sealed_by = excluded.sealed_by";
/// Where the first try arrived without an answer, the new value is there already.
const REPLACE: &str = "UPDATE grants SET sealed = $4, sealed_by = $5
    WHERE holder = $1 AND host = $2 AND access = $3 AND sealed IN ($4, $6)";
const INSERT: &str = "INSERT INTO grants (holder, host, access, sealed, sealed_by) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (holder, host, access) DO UPDATE SET sealed_by = excluded.sealed_by
    WHERE grants.sealed = excluded.sealed";
