//! What is left to chance, and the same again for the same seed.

use bitbucket_sso::basis::clock::{Clock, SystemClock};

/// A linear congruential generator: the same storm for the same seed, as far as the machine allows.
pub struct Dice(pub u64);

impl Dice {
    /// Less than `sides`.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// Once in so many times.
    pub fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }
}

/// The seed of this storm.
pub fn seed() -> u64 {
    let random = || u64::from(std::process::id()) ^ u64::try_from(SystemClock.now().0).unwrap_or_default() << 16;
    match std::env::var("BITBUCKET_SSO_CHAOS_SEED").as_deref() {
        Ok("random") => random(),
        _ => variable("BITBUCKET_SSO_CHAOS_SEED").unwrap_or(0x5eed),
    }
}

/// A number in the environment.
pub fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
