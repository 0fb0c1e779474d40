//! Browsers on their way through `/connect`.

use crate::basis::clock::Timestamp;
use crate::basis::digest;
use crate::broker::store::sealed::{About, column};
use crate::broker::store::{Journey, Store, StoreError};

impl Store {
    /// Remembers a journey until its end.
    pub async fn put_journey(&self, journey: &Journey) -> Result<(), StoreError> {
        let (state, expires) = (digest::of(journey.state.as_bytes()), journey.expires.0);
        let sealed = self.seal(&About(JOURNEYS, &[&state, &expires.to_string()]), &journey.memory)?;
        let query = sqlx::query(PUT).bind(state).bind(expires).bind(sealed.text).bind(sealed.by);
        self.db.run(query).await.map(drop)
    }

    /// Takes a journey out: it serves once, and not after its end.
    pub async fn take_journey(&self, state: &str, now: Timestamp) -> Result<Option<Journey>, StoreError> {
        let key = digest::of(state.as_bytes());
        let Some(row) = self.db.one(sqlx::query(TAKE).bind(key.clone())).await? else { return Ok(None) };
        let expires = Timestamp(column(&row, "expires")?);
        let about = expires.0.to_string();
        let memory = self.unseal(&About(JOURNEYS, &[&key, &about]), &column::<String>(&row, "sealed")?).await?;
        Ok((now < expires).then(|| Journey { state: state.to_owned(), memory, expires }))
    }
}

/// The table, as sealed values know it.
pub const JOURNEYS: &str = "journeys";

const PUT: &str = "INSERT INTO journeys (state_sha256, expires, sealed, sealed_by) VALUES ($1, $2, $3, $4)";
const TAKE: &str = "DELETE FROM journeys WHERE state_sha256 = $1 RETURNING expires, sealed";
