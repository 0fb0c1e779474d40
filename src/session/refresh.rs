//! A refresh token for fresh tokens.

use super::wire::{self, Wire};
use super::{Asked, Entra, SessionError, Tenant, Tokens};
use crate::basis::secret::RefreshToken;
use crate::session::refusal::Moment;

/// Redeems a refresh token (RFC 6749 section 6), at most twice: Entra's old token stays valid and its reuse is no
/// offence (`facts/entra.md` 4.4), so a lost answer costs only the second try. An ID token that comes along is
/// verified.
pub fn refresh(
    entra: &Entra<'_>,
    tenant: &Tenant,
    token: &RefreshToken,
    asked: &Asked<'_>,
) -> Result<Tokens, SessionError> {
    let wire = Wire::new(entra, asked, Moment::Refresh).repeatable();
    let client = wire::client(entra, tenant)?;
    let token = oauth2::RefreshToken::new(token.expose().to_owned());
    let mut request = client.exchange_refresh_token(&token).add_scopes(wire::scopes(asked));
    if let Some(claims) = asked.claims {
        request = request.add_extra_param("claims", claims);
    }
    let answer = request.request(&|request| wire.send(request));
    wire.tokens(answer.ok(), tenant, None)
}
