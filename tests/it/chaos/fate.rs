//! What happens to the processes of a storm.

use super::*;

/// A process and what will happen to it.
pub struct Struck {
    pub running: Running,
    pub host: &'static str,
    pub blows: Vec<(Instant, Signal)>,
}

/// Delivers every blow when its time has come.
pub fn strike(crowd: &mut [Struck]) {
    while crowd.iter().any(|struck| !struck.blows.is_empty()) {
        for Struck { running, blows, .. } in &mut *crowd {
            blows.retain(|(due, signal)| {
                let early = Instant::now() < *due;
                if !early {
                    running.signal(*signal);
                }
                early
            });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

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

    /// What happens to a process, and after how many milliseconds.
    pub fn blows(&mut self) -> Vec<(u64, Signal)> {
        let after = self.below(220);
        match self.below(10) {
            0..=2 => vec![(after, Signal::KILL)],
            3 => vec![(after, Signal::INT)],
            4 => vec![(after, Signal::STOP), (after + 60 + self.below(100), Signal::CONT)],
            _ => Vec::new(),
        }
    }
}

/// The seed of this storm.
pub fn seed() -> u64 {
    let random = || {
        u64::from(std::process::id())
            ^ u64::try_from(bitbucket_sso::basis::clock::Clock::now(&SystemClock).0).unwrap_or_default() << 16
    };
    match std::env::var("BITBUCKET_SSO_CHAOS_SEED").as_deref() {
        Ok("random") => random(),
        _ => variable("BITBUCKET_SSO_CHAOS_SEED").unwrap_or(0x5eed),
    }
}

/// A number in the environment.
pub fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
