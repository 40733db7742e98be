//! Where calls wait between the threads that make them and the broker's own.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::abi;
use crate::host::Host;
use crate::wire;

const CALL_OVERHEAD: usize = 128;

/// A verb's call. `refusal`: known at once, told by the thread, never inside the calling stack.
pub struct Call {
    pub kind: u8,
    pub op: u64,
    pub channel: Vec<u8>,
    pub payload: Vec<u8>,
    pub refusal: Option<(i32, &'static str)>,
    pub deadline: Instant,
}

impl Call {
    pub fn cost(&self) -> usize {
        cost(self.kind, &self.channel, &self.payload)
    }
}

/// What a call takes of the budget.
pub fn cost(kind: u8, channel: &[u8], payload: &[u8]) -> usize {
    match kind {
        wire::PUBLISH | wire::EXISTS => channel.len() + payload.len() + CALL_OVERHEAD,
        _ => 0, // as many as the host has channels
    }
}

#[derive(Default)]
struct Inbox {
    calls: Vec<Call>,
    open_bytes: usize, // of publishes and questions, from the call to its completion
    stop: Option<Duration>,
}

/// What the verbs and the thread share. Threading: any thread.
pub struct Shared {
    inbox: Mutex<Inbox>,
    wake: UnixStream,
    queue_bytes: usize,
    timeout: Duration,
}

impl Shared {
    pub fn new(host: Host, queue_bytes: usize) -> std::io::Result<(Arc<Shared>, UnixStream)> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let timeout = Duration::from_millis(host.call_timeout_ms());
        Ok((Arc::new(Shared { inbox: Mutex::default(), wake, queue_bytes, timeout }), woken))
    }

    /// A thread that panicked has left nothing half done in it.
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn call(&self, kind: u8, op: u64, channel: &[u8], payload: &[u8]) {
        let mut refusal = None;
        if channel.is_empty() || channel.len() > wire::CHANNEL_BYTES {
            refusal = Some((abi::INVALID_ARGUMENT, "a channel has 1 to 768 bytes"));
        } else if payload.len() > wire::PAYLOAD_BYTES {
            refusal = Some((abi::TOO_LARGE, "a payload has at most 16 MiB"));
        }
        let (channel, payload) = if refusal.is_none() { (channel.to_vec(), payload.to_vec()) } else { Default::default() };
        let mut inbox = self.inbox();
        // Taken under the lock, so that deadlines never decrease.
        let mut call = Call { kind, op, channel, payload, refusal, deadline: Instant::now() + self.timeout };
        if call.refusal.is_none() && inbox.open_bytes + call.cost() > self.queue_bytes {
            call.refusal = Some((abi::OVERLOADED, "queue_bytes are waiting"));
            call.channel.clear();
            call.payload = Vec::new();
        }
        if call.refusal.is_none() {
            inbox.open_bytes += call.cost();
        }
        inbox.calls.push(call);
        drop(inbox);
        self.wake();
    }

    pub fn stop(&self, within: Duration) {
        self.inbox().stop = Some(within);
        self.wake();
    }

    /// What has been called since, and whether it is to stop.
    pub fn take(&self) -> (Vec<Call>, Option<Duration>) {
        let mut inbox = self.inbox();
        (std::mem::take(&mut inbox.calls), inbox.stop)
    }

    pub fn give_back(&self, bytes: usize) {
        self.inbox().open_bytes -= bytes;
    }

    fn wake(&self) {
        let _ = (&self.wake).write(&[1]); // full: it is awake anyway
    }
}
