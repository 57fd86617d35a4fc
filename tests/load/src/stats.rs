//! Figures of what was measured.

use std::time::Duration;

/// How long things took.
#[derive(Clone, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn push(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The least latency that this share of all does not exceed, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// How much of something happened, over all rounds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rate {
    count: f64,
    seconds: f64,
}

impl Rate {
    pub(crate) fn add(&mut self, count: u64, elapsed: Duration) {
        self.count += count as f64;
        self.seconds += elapsed.as_secs_f64();
    }

    pub(crate) fn count(&self) -> f64 {
        self.count
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.count / self.seconds
    }
}
