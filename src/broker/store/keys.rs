//! The keys of the store: those that Key Vault wrapped, and sealing everything anew with another one.

use crate::basis::secret::SecretBytes;
use crate::broker::sealing::{DataKey, SealError};
use crate::broker::store::sealed::{About, column};
use crate::broker::store::{Store, StoreError, grants, journeys, minted};
use sqlx::any::AnyRow;
use std::collections::BTreeMap;
use std::time::Duration;

/// One key and what it seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The first half of the SHA-256 of the key, in 16 hex digits.
    pub id: String,
    pub rows: u64,
    /// Whether it can open them.
    pub at_hand: bool,
    /// Whether new rows are sealed with it.
    pub seals: bool,
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key that seals from now on.
    pub key: String,
    /// Rows that it sealed anew.
    pub resealed: u64,
    /// Rows that are still sealed with another key: old keys may not go before this is zero.
    pub remaining: u64,
}

impl Store {
    /// Which key seals how many rows; the one that seals now first.
    pub async fn key_uses(&self) -> Result<Vec<KeyUse>, StoreError> {
        let first = self.first()?;
        let mut rows = BTreeMap::from([(first.clone(), 0)]);
        for row in self.db.all(sqlx::query(USES)).await? {
            let uses: i64 = column(&row, "uses")?;
            *rows.entry(column::<String>(&row, "sealed_by")?).or_default() += u64::try_from(uses).unwrap_or(0);
        }
        let of = |(id, rows): (String, u64)| {
            let (at_hand, seals) = (self.sealer.has(&id), id == first);
            KeyUse { id, rows, at_hand, seals }
        };
        let mut uses: Vec<KeyUse> = rows.into_iter().map(of).collect();
        uses.sort_by_key(|one| !one.seals);
        Ok(uses)
    }

    /// Seals every row anew with the first key; behind Key Vault, with a new one. May run while brokers run, and again
    /// after it was interrupted: a row that somebody writes meanwhile is theirs.
    pub async fn rotate(&self) -> Result<Rotated, StoreError> {
        if self.sealer.is_wrapped() {
            self.new_data_key().await?;
        }
        let key = self.first()?;
        let mut resealed = 0;
        for table in TABLES {
            for row in self.db.all(sqlx::query(table.old).bind(key.clone())).await? {
                resealed += self.reseal(&table, &row).await?;
            }
        }
        let remaining = self.key_uses().await?.iter().filter(|one| !one.seals).map(|one| one.rows).sum();
        if remaining == 0 {
            self.drop_old_data_keys().await?;
        }
        Ok(Rotated { key, resealed, remaining })
    }

    /// Has the keys that the store or the files hold by now: another replica may have brought a new one.
    pub(super) async fn refresh_keys(&self) -> Result<(), StoreError> {
        if self.sealer.is_wrapped() { self.take_data_keys().await.map(drop) } else { Ok(self.sealer.reload()?) }
    }

    /// Has the keys that are wrapped in the store; the number of the last one, 0 where there is none.
    async fn take_data_keys(&self) -> Result<i64, StoreError> {
        let rows = self.db.all(sqlx::query(DATA_KEYS)).await?;
        let keys: Vec<DataKey> = rows.iter().map(data_key).collect::<Result<_, _>>()?;
        self.sealer.take(&keys).await?;
        rows.last().map_or(Ok(0), |row| column(row, "number"))
    }

    /// Has the keys, and makes the first one. Of two replicas that start together one is first.
    pub(super) async fn first_keys(&self) -> Result<(), StoreError> {
        if !self.sealer.is_wrapped() {
            return Ok(());
        }
        if self.take_data_keys().await? == 0 { self.new_data_key().await } else { Ok(()) }
    }

    async fn new_data_key(&self) -> Result<(), StoreError> {
        let last = self.take_data_keys().await?;
        let key = self.sealer.new_data_key().await?;
        let query = sqlx::query(NEXT_DATA_KEY).bind(last + 1).bind(key.id).bind(key.wrapped).bind(key.wrapped_by);
        self.db.run(query.bind(key.vouched).bind(self.clock.now().0)).await?;
        self.refresh_keys().await
    }

    /// Keys of Key Vault under which nothing is sealed, once every replica has known their successor for a day.
    async fn drop_old_data_keys(&self) -> Result<(), StoreError> {
        let query = sqlx::query(DROP_DATA_KEYS).bind(self.clock.now().before(A_DAY).0);
        if self.db.run(query).await? > 0 {
            self.refresh_keys().await?;
        }
        Ok(())
    }

    /// How many rows were sealed anew: none where the key of the row is not at hand, or somebody was faster.
    async fn reseal(&self, table: &Table, row: &AnyRow) -> Result<u64, StoreError> {
        let clear = (0..table.columns).map(|at| Ok(sqlx::Row::try_get::<String, _>(row, at)?));
        let clear: Vec<String> = clear.collect::<Result<_, StoreError>>()?;
        let about: Vec<&str> = clear.iter().map(String::as_str).collect();
        let (about, old) = (About(table.name, &about), column::<String>(row, "sealed")?);
        let plain: SecretBytes = match self.unseal(&about, &old).await {
            Ok(plain) => plain,
            Err(StoreError::Sealed(_)) => return Ok(0),
            Err(error) => return Err(error),
        };
        let sealed = self.seal(&about, &plain)?;
        let mut query = sqlx::query(table.replace).bind(sealed.text).bind(sealed.by).bind(old);
        for column in &clear[..table.keys] {
            query = query.bind(column.clone());
        }
        self.db.run(query).await
    }

    fn first(&self) -> Result<String, StoreError> {
        let none = || SealError::Unavailable("there is none".into());
        Ok(self.sealer.first().ok_or_else(none)?.to_string())
    }
}

fn data_key(row: &AnyRow) -> Result<DataKey, StoreError> {
    Ok(DataKey {
        id: column(row, "id")?,
        wrapped: column(row, "wrapped")?,
        wrapped_by: column(row, "wrapped_by")?,
        vouched: column(row, "vouched")?,
    })
}

/// How one table is sealed anew.
struct Table {
    name: &'static str,
    /// How many columns, from the first, are not sealed but bound to what is; and how many of them are the row's key.
    columns: usize,
    keys: usize,
    /// The rows that another key sealed.
    old: &'static str,
    replace: &'static str,
}

const TABLES: [Table; 3] = [
    Table {
        name: grants::GRANTS,
        columns: 3,
        keys: 3,
        old: "SELECT holder, host, access, sealed FROM grants WHERE sealed_by <> $1",
        replace: "UPDATE grants SET sealed = $1, sealed_by = $2
            WHERE sealed = $3 AND holder = $4 AND host = $5 AND access = $6",
    },
    Table {
        name: minted::MINTED,
        columns: 7,
        keys: 2,
        old: "SELECT host, token_id, cache_key, subject, project, repository, CAST(expires AS TEXT), sealed FROM minted
            WHERE sealed_by <> $1",
        replace: "UPDATE minted SET sealed = $1, sealed_by = $2 WHERE sealed = $3 AND host = $4 AND token_id = $5",
    },
    Table {
        name: journeys::JOURNEYS,
        columns: 2,
        keys: 1,
        old: "SELECT state_sha256, CAST(expires AS TEXT), sealed FROM journeys WHERE sealed_by <> $1",
        replace: "UPDATE journeys SET sealed = $1, sealed_by = $2 WHERE sealed = $3 AND state_sha256 = $4",
    },
];

const USES: &str = "SELECT sealed_by, COUNT(*) AS uses FROM grants GROUP BY sealed_by
    UNION ALL SELECT sealed_by, COUNT(*) AS uses FROM minted GROUP BY sealed_by
    UNION ALL SELECT sealed_by, COUNT(*) AS uses FROM journeys GROUP BY sealed_by";
const DATA_KEYS: &str = "SELECT number, id, wrapped, wrapped_by, vouched FROM data_keys ORDER BY number";
/// Of two that follow the same key one is written.
const NEXT_DATA_KEY: &str = "INSERT INTO data_keys (number, id, wrapped, wrapped_by, vouched, created)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (number) DO NOTHING";
const DROP_DATA_KEYS: &str = "DELETE FROM data_keys
    WHERE number < (SELECT MAX(number) FROM data_keys WHERE created <= $1)";
const A_DAY: Duration = Duration::from_secs(24 * 3600);
