//! The `entra` source: an identity-aware proxy takes the Entra access token itself, so nothing is asked of anybody.

use crate::basis::clock::Clock;
use crate::basis::credential::{Credential, Proof, Ruling, TOKEN_USER};
use crate::basis::secret::GitToken;
use crate::config::settings::EntraSource;
use crate::source::{Limits, SourceError, printable};

/// The proof's access token as a git credential. It ends when Entra says, at `max_life`, or with the session.
/// Without an access token in the proof, [`SourceError::ProofRefused`]: Entra has to be asked for one.
pub fn credential(
    clock: &dyn Clock,
    settings: &EntraSource,
    proof: &Proof,
    limits: Limits,
) -> Result<Credential, SourceError> {
    let issued = clock.now();
    let access = proof.access_token.as_ref().ok_or_else(no_access_token)?;
    printable(access.expose(), "token")?;
    Ok(Credential {
        ruling: Ruling::default(),
        username: TOKEN_USER.to_owned(),
        token: GitToken::new(access.expose().to_owned()),
        issued,
        expires: proof.expires.min(issued.after(limits.max_life)).min(proof.session_ends),
        scopes: settings.scope.clone(),
    })
}

/// The proof carries no access token for this host's scope.
pub(super) fn no_access_token() -> SourceError {
    SourceError::ProofRefused { error: "no_access_token".to_owned(), description: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::clock::Timestamp;
    use crate::config::settings::AuthScheme;
    use crate::source::script::{NOW, Stopped, proof};
    use std::time::Duration;

    fn minted(proof: &Proof, max_life: u64) -> Result<Credential, SourceError> {
        let settings = EntraSource { scope: "api://p/.default".into(), auth_scheme: AuthScheme::Basic };
        credential(&Stopped, &settings, proof, Limits { max_life: Duration::from_secs(max_life) })
    }

    #[test]
    fn the_first_of_three_ends_counts() {
        let proof = proof(Some("entra-at"));
        assert_eq!(minted(&proof, 36_000).unwrap().expires, proof.expires);
        assert_eq!(minted(&proof, 60).unwrap().expires, Timestamp(NOW + 60));
        let ending = Proof { session_ends: Timestamp(NOW + 30), ..proof };
        assert_eq!(minted(&ending, 60).unwrap().expires, Timestamp(NOW + 30));
    }

    #[test]
    fn the_token_is_entra_s_own_or_none() {
        assert_eq!(minted(&proof(Some("entra-at")), 60).unwrap().token.expose(), "entra-at");
        assert!(matches!(minted(&proof(None), 60), Err(SourceError::ProofRefused { .. })));
        assert!(matches!(minted(&proof(Some("a\nb")), 60), Err(SourceError::Unprintable { what: "token" })));
    }
}
