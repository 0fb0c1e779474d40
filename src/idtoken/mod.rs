//! ID tokens: believed only after signature, issuer, audience, times, nonce and tenant were checked.
