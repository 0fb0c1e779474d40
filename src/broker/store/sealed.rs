//! How values are sealed into rows: base64url, with the id of the key in a column of its own.

use crate::basis::secret::SecretBytes;
use crate::basis::{base64, digest};
use crate::broker::sealing::SealError;
use crate::broker::store::{Store, StoreError};
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row, Type};

/// A sealed value and the key that sealed it.
pub struct Sealed {
    pub text: String,
    pub by: String,
}

impl Store {
    /// Seals a value for the row that `about` names.
    pub(super) fn seal(&self, about: &About<'_>, plain: &SecretBytes) -> Result<Sealed, StoreError> {
        let sealed = self.sealer.seal(&about.text(), plain)?;
        let by = crate::broker::sealing::sealed_by(&sealed).map(|id| id.to_string()).unwrap_or_default();
        Ok(Sealed { text: base64::url(&sealed), by })
    }

    /// Opens what was sealed for that row. A key that is not at hand may have come with another replica.
    pub(super) async fn unseal(&self, about: &About<'_>, text: &str) -> Result<SecretBytes, StoreError> {
        let (about, sealed) = (about.text(), base64::from_url(text).ok_or(SealError::Broken)?);
        match self.sealer.open(&about, &sealed) {
            Err(SealError::UnknownKey(_)) => {
                self.refresh_keys().await?;
                Ok(self.sealer.open(&about, &sealed)?)
            }
            other => Ok(other?),
        }
    }
}

/// The table and every column that is not sealed: a value that was moved to another row does not open there.
pub struct About<'a>(pub &'static str, pub &'a [&'a str]);

impl About<'_> {
    fn text(&self) -> String {
        digest::of_fields([self.0].into_iter().chain(self.1.iter().copied()))
    }
}

impl From<SealError> for StoreError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::UnknownKey(_) | SealError::Broken => Self::Sealed(error.to_string()),
            SealError::Unavailable(_) => Self::Unavailable(error.to_string()),
        }
    }
}

/// A column of a row.
pub fn column<T: for<'r> Decode<'r, Any> + Type<Any>>(row: &AnyRow, name: &str) -> Result<T, StoreError> {
    Ok(row.try_get(name)?)
}
