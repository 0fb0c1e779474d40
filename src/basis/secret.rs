//! Secrets are types: redacted in `Debug`, without `Display`, zeroed on drop, and opened by one word.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::io::{self, Write};
use zeroize::Zeroize;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes ownership of the text; the caller keeps no copy.
            pub fn new(text: String) -> Self {
                Self(SecretString::from(text))
            }

            /// Opens the secret. Call it only where bytes leave for the wire or the vault.
            #[expect(clippy::disallowed_methods, reason = "the one door of a secret")]
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::new(String::deserialize(deserializer)?))
            }
        }
    };
}

secret!(
    /// An Entra access token for one scope (RFC 6749 section 1.4).
    AccessToken
);
secret!(
    /// A refresh token of Entra or of Bitbucket (RFC 6749 section 1.5).
    RefreshToken
);
secret!(
    /// What git sends to Bitbucket as the password: a short-lived Bitbucket access token.
    GitToken
);
secret!(
    /// An ID token as received, before anybody believed it (`OpenID` Connect Core section 2).
    RawIdToken
);
secret!(
    /// A confidential client's secret: Bitbucket's consumers and application links need one.
    ClientSecret
);
secret!(
    /// A signed statement of a workload's issuer, or of its own certificate, about who it is (RFC 7523).
    Assertion
);

secret!(
    /// An authorization code or a device code: single use, short-lived, as good as a token meanwhile.
    Code
);
secret!(
    /// A PKCE code verifier (RFC 7636 section 4.1).
    Verifier
);

/// Bytes that are wiped on drop and never printed: sealed and opened records, keys, response bodies.
#[derive(Clone, Default)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes ownership of the bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The JSON of a value. It is measured first: a growing buffer would leave pieces of a secret behind.
    pub fn json(value: &impl Serialize) -> Self {
        let mut length = Length(0);
        let mut written = serde_json::to_writer(&mut length, value);
        let mut bytes = Vec::with_capacity(length.0);
        written = written.and_then(|()| serde_json::to_writer(&mut bytes, value));
        debug_assert!(written.is_ok(), "text, numbers and maps with names for keys are always JSON");
        Self(bytes)
    }

    /// The same bytes without the first `count`, in their own place: a copy would have to be wiped as well.
    #[must_use]
    pub fn without_first(mut self, count: usize) -> Self {
        self.0.drain(..count.min(self.0.len()));
        self
    }

    /// Opens the bytes. Call it only where they are parsed, sealed or sent.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// Counts what is written and keeps none of it.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        // An empty vector is wiped to its capacity; a full one would be wiped twice.
        self.0.clear();
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes([{} bytes redacted])", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_byte_of_a_secret() {
        let token = RefreshToken::new("canary-1f0".into());
        assert_eq!(format!("{token:?}"), "RefreshToken([redacted])");
        let bytes = SecretBytes::new(b"canary-1f0".to_vec());
        assert_eq!(format!("{bytes:?}"), "SecretBytes([10 bytes redacted])");
    }

    #[test]
    fn what_is_cut_off_in_front_stays_in_the_buffer_that_is_wiped() {
        let bytes = SecretBytes::new(b"12345678payload".to_vec());
        let (place, room) = (bytes.0.as_ptr(), bytes.0.capacity());
        let rest = bytes.without_first(8);
        assert_eq!((rest.expose(), rest.0.as_ptr(), rest.0.capacity()), (b"payload".as_slice(), place, room));
        assert_eq!(rest.without_first(100).expose(), b"");
    }

    #[test]
    fn json_never_moves_its_buffer() {
        let value = ("canary \"quoted\"", 1, "x".repeat(3000));
        let bytes = SecretBytes::json(&value);
        assert_eq!(bytes.expose(), serde_json::to_vec(&value).unwrap());
        assert_eq!(bytes.0.capacity(), bytes.0.len(), "measured before it was written");
    }
}
