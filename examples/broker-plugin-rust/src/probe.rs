//! A message to ourselves: once it has come back, all that was asked before it is done.

use std::time::{Duration, Instant};

use crate::host::Host;
use crate::wire;

const EVERY: Duration = Duration::from_secs(3);
const SILENCE: Duration = Duration::from_secs(3);

pub struct Probe {
    pub channel: Vec<u8>,
    number: u64, // the latest
    sent: Option<Instant>,
    next: Instant,
}

impl Probe {
    pub fn new(host: &Host) -> Probe {
        let channel = [host.channel_prefix(), b"\x02relay:", host.instance_id()].concat();
        Probe { channel, number: 0, sent: None, next: Instant::now() }
    }

    /// The payload of the next one, which is sent now.
    pub fn next(&mut self) -> [u8; 8] {
        self.number += 1;
        self.sent = Some(Instant::now());
        self.next = Instant::now() + EVERY;
        self.number.to_le_bytes()
    }

    /// Whether it is the latest that has come back.
    pub fn echoed(&mut self, payload: &[u8]) -> bool {
        let back = wire::number_in(payload) == Some(self.number);
        if back {
            self.sent = None;
        }
        back
    }

    pub fn forget(&mut self) {
        self.sent = None;
    }

    /// When the next is due, or when the one that was sent is missing.
    pub fn event(&self) -> Instant {
        self.sent.map_or(self.next, |sent| sent + SILENCE)
    }

    pub fn is_missing(&self) -> bool {
        self.sent.is_some() && Instant::now() >= self.event()
    }

    pub fn is_due(&self) -> bool {
        self.sent.is_none() && Instant::now() >= self.next
    }
}
