//! When to try again to connect.

use std::time::{Duration, Instant};

/// Drawn below a limit that doubles with the outage, from 100 ms to 5 s, so that instances do not come back in step.
pub struct Retry {
    pub at: Instant,
    since: Option<Instant>,
    random: u64,
}

impl Retry {
    pub fn new() -> Retry {
        let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64);
        Retry { at: Instant::now(), since: None, random: seed ^ (u64::from(std::process::id()) << 32) | 1 }
    }

    pub fn later(&mut self) {
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        let mut limit = 100;
        while limit < 5000 && now - since >= Duration::from_millis(8 * limit) {
            limit *= 2;
        }
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.at = now + Duration::from_millis(10 + self.random % (limit.min(5000) - 10));
    }

    pub fn at_once(&mut self) {
        self.at = Instant::now();
    }

    /// The outage is over.
    pub fn proved(&mut self) {
        self.since = None;
    }
}
