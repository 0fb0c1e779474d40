//! The tenant's signing keys, and the ID tokens they sign.

use super::cache::{self, Age};
use super::refusal::Moment;
use super::{Entra, SessionError, Tenant};
use crate::basis::secret::RawIdToken;
use crate::idtoken::{Expect, IdTokenError, KeySet, VerifiedIdToken, verify};
use std::time::Duration;

/// The keys, fetched at most once a day; the last good ones where the network fails (`facts/entra.md` 1.4).
/// Asked for before a code is spent, so that a sign-in does not fail half-way.
pub(super) fn keys(entra: &Entra<'_>, tenant: &Tenant) -> Result<KeySet, SessionError> {
    fetched(entra, tenant, Age::of(cache::DAY))
}

/// Believes an ID token. A key that is not known is looked for once more, at most every five minutes; the daily
/// reading does not count, however short ago it was: keys may roll over in between.
pub(super) fn verified(
    entra: &Entra<'_>,
    tenant: &Tenant,
    raw: &RawIdToken,
    nonce: Option<&str>,
) -> Result<VerifiedIdToken, SessionError> {
    let Tenant { tid, issuer, .. } = tenant;
    let expect = Expect { issuer, audience: &entra.profile.client_id, tid, nonce };
    let judge = |keys: &KeySet| verify(raw, keys, &expect, entra.clock.now());
    let first = judge(&keys(entra, tenant)?);
    if !matches!(first, Err(IdTokenError::UnknownKey(_))) {
        return Ok(first?);
    }
    Ok(judge(&fetched(entra, tenant, Age::once_more(AGAIN))?)?)
}

fn fetched(entra: &Entra<'_>, tenant: &Tenant, age: Age) -> Result<KeySet, SessionError> {
    let read = |body: &[u8]| KeySet::parse(body).ok_or_else(|| SessionError::Metadata("it has no signing keys".into()));
    cache::fetched(entra, &tenant.keys.to_string(), age, read, Moment::Metadata)
}

const AGAIN: Duration = Duration::from_secs(300);
