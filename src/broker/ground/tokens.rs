//! What a token endpoint hands over, or why it does not.

use crate::basis::clock::Timestamp;
use crate::basis::secret::{GitToken, RefreshToken};
use crate::broker::ground::issued::IssueError;

/// Tokens of a token endpoint.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access_token: GitToken,
    /// `None`: the one that was sent still holds, or there is none.
    pub refresh_token: Option<RefreshToken>,
    /// Before the request went out, so that a slow answer never makes a token seem to live longer.
    pub issued: Timestamp,
    pub expires: Timestamp,
    /// As the server says it, in the old shape or the new; empty where it does not say.
    pub scopes: String,
}

/// Why an endpoint gave no token, named for what becomes of the grant.
#[derive(Debug)]
pub enum Denied {
    /// `invalid_grant`: the code or refresh token is not taken.
    Grant,
    /// No answer came; the request may have been carried out all the same.
    Silence(IssueError),
    /// Anything else: it says nothing about the grant.
    Other(IssueError),
}
