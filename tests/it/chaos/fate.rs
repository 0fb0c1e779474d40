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

impl Dice {
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
