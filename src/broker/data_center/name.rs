//! The name of a minted token: for whom, until when, and a proof that we gave it that end. Data Center knows whole days
//! only; the sweeper reads the real end from the name and believes no other name.

use super::Repository;
use crate::basis::base64;
use crate::basis::clock::Timestamp;
use crate::basis::digest;
use crate::basis::secret::SecretBytes;
use crate::broker::sealing::{SealError, Sealer};
use std::sync::Arc;

/// Names tokens, and knows its own names again: all replicas with the same sealing keys do.
#[derive(Clone)]
pub struct Namer(Arc<Sealer>);

impl Namer {
    pub fn new(sealer: Arc<Sealer>) -> Self {
        Self(sealer)
    }

    /// `PREFIX` + whom + `-` + end + `-` + proof. The proof is the authentication tag of an empty message sealed
    /// about host, repository, whom and end: a key that changes keeps old names readable as long as it is at hand.
    pub(super) fn name(
        &self,
        prefix: &str,
        host: &str,
        repository: &Repository,
        whom: &str,
        end: Timestamp,
    ) -> Result<String, SealError> {
        let proof = self.0.seal(&about(host, repository, whom, end), &SecretBytes::default())?;
        Ok(format!("{prefix}{whom}-{}-{}", end.0, base64::url(&proof)))
    }

    /// The real end of a token of ours; `None` for every other name, also one of ours on another repository.
    pub(super) fn end(&self, prefix: &str, host: &str, repository: &Repository, name: &str) -> Option<Timestamp> {
        // The proof may hold hyphens itself, the rest may not.
        let mut parts = name.strip_prefix(prefix)?.splitn(3, '-');
        let (whom, end, proof) = (parts.next()?, parts.next()?, parts.next()?);
        let end = Timestamp(end.parse().ok()?);
        let plain = self.0.open(&about(host, repository, whom, end), &base64::from_url(proof)?).ok()?;
        plain.expose().is_empty().then_some(end)
    }
}

/// Whom a name means, in eight letters for the administrator who looks at it: the begin of an Entra object id, or of the
/// digest of another issuer's subject.
pub(super) fn whom(subject: &str) -> String {
    let id = subject.rsplit(':').next().unwrap_or_default();
    let begin = id.get(..8).filter(|begin| begin.bytes().all(|byte| byte.is_ascii_hexdigit()));
    begin.map_or_else(|| digest::of(subject.as_bytes()).chars().take(8).collect(), str::to_ascii_lowercase)
}

fn about(host: &str, repository: &Repository, whom: &str, end: Timestamp) -> String {
    let Repository { project, slug } = repository;
    format!("name of a minted token\n{host}\n{project}\n{slug}\n{whom}\n{}", end.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whom() {
        assert_eq!(whom("entra:t:0F9A1b2c-1111-2222-3333-444455556666"), "0f9a1b2c");
        let other = whom("ci:repo:acme/app:ref:main");
        assert!(other.len() == 8 && other.bytes().all(|byte| byte.is_ascii_hexdigit()), "{other}");
        assert!(!whom("x:ab-cd").contains('-'));
    }
}
