//! Turns the proof that Entra vouches for somebody into a short-lived git token.
