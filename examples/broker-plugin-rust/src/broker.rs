//! One instance's broker: the verbs queue, and a thread of its own talks to the relay and to the host.

use std::collections::{HashSet, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::io::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::abi;
use crate::host::{Host, Outcome};
use crate::relay;
use crate::wire::{self, Link, Poll};

const PROBE_EVERY: Duration = Duration::from_secs(3);
const SILENCE: Duration = Duration::from_secs(3);
const CONNECT: Duration = Duration::from_millis(250);
const CALL_OVERHEAD: usize = 128;
const STOPPED: Outcome = Outcome { status: abi::CLOSED, detail: "the broker is stopped", receivers: 0 };

pub struct Options {
    pub address: SocketAddr,
    pub open: bool,
    pub queue_bytes: usize,
}

/// A verb's call. `refusal`: known at once, told by the thread, never inside the calling stack.
struct Call {
    kind: u8,
    op: u64,
    channel: Vec<u8>,
    payload: Vec<u8>,
    refusal: Option<(i32, &'static str)>,
    deadline: Instant,
}

impl Call {
    fn cost(&self) -> usize {
        match self.kind {
            wire::PUBLISH | wire::EXISTS => self.channel.len() + self.payload.len() + CALL_OVERHEAD,
            _ => 0, // as many as the host has channels
        }
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
    pub fn new(host: Host, options: &Options) -> std::io::Result<(Arc<Shared>, UnixStream)> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let timeout = Duration::from_millis(host.call_timeout_ms());
        Ok((Arc::new(Shared { inbox: Mutex::default(), wake, queue_bytes: options.queue_bytes, timeout }), woken))
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

    fn wake(&self) {
        let _ = (&self.wake).write(&[1]); // full: it is awake anyway
    }
}

/// A request that the relay has not answered.
struct Open {
    number: u64,
    call: Option<Call>, // None: of the broker's own
    cost: usize,
}

/// The thread.
pub struct Worker {
    host: Host,
    shared: Arc<Shared>,
    woken: UnixStream,
    options: Options,
    relay: Option<relay::Handle>,
    link: Option<Link>,
    wanted: HashSet<Vec<u8>>,
    open: VecDeque<Open>,
    waiting: VecDeque<Call>, // subscribes that wait for a link
    next_number: u64,
    state: i32,
    reason: String,
    was_ready: bool,
    probe_channel: Vec<u8>,
    probe: u64, // the latest; a message that says its number has come all the way
    probe_sent: Option<Instant>,
    next_probe: Instant,
    next_attempt: Instant,
    away_since: Option<Instant>,
    stop_by: Option<Instant>,
    left: bool,
    random: u64,
}

impl Worker {
    pub fn new(host: Host, shared: Arc<Shared>, woken: UnixStream, options: Options) -> Worker {
        let probe_channel = [host.channel_prefix(), b"\x02relay:", host.instance_id()].concat();
        let now = Instant::now();
        let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64);
        Worker {
            host,
            shared,
            woken,
            options,
            relay: None,
            link: None,
            wanted: HashSet::new(),
            open: VecDeque::new(),
            waiting: VecDeque::new(),
            next_number: 0,
            state: -1,
            reason: String::new(),
            was_ready: false,
            probe_channel,
            probe: 0,
            probe_sent: None,
            next_probe: now,
            next_attempt: now,
            away_since: None,
            stop_by: None,
            left: false,
            random: seed ^ (u64::from(std::process::id()) << 32) | 1,
        }
    }

    pub fn run(&mut self) {
        self.report(abi::CONNECTING, "connecting");
        while !self.finished() {
            self.wait();
            self.read();
            self.take_calls();
            self.check_time();
            self.connect();
            self.flush();
        }
        self.link = None;
        for open in std::mem::take(&mut self.open) {
            self.finish_open(open, &STOPPED);
        }
        self.take_calls();
        for call in std::mem::take(&mut self.waiting) {
            self.host.complete(call.op, &STOPPED);
        }
        self.relay = None; // closes it: the other instances open another
        self.report(abi::STATE_CLOSED, "");
    }

    fn finished(&self) -> bool {
        self.stop_by.map_or(false, |by| self.left || self.link.is_none() || Instant::now() >= by)
    }

    fn wait(&mut self) {
        let next = self.next_event();
        // Up: a millisecond that is not over yet would be asked for again and again.
        let left = next.saturating_duration_since(Instant::now()).as_micros() as u64 / 1000;
        let pause = if next <= Instant::now() { 0 } else { left + 1 };
        let mut polls = vec![Poll::new(self.woken.as_raw_fd(), false)];
        polls.extend(self.link.as_ref().map(Poll::of));
        Poll::wait(&mut polls, pause);
        let mut bytes = [0; 4096];
        while matches!(self.woken.read(&mut bytes), Ok(count) if count == bytes.len()) {}
    }

    /// When something is due though nothing comes.
    fn next_event(&self) -> Instant {
        let mut next = self.waiting.front().map_or(Instant::now() + Duration::from_secs(60), |call| call.deadline);
        if let Some(by) = self.stop_by {
            next = next.min(by);
        }
        if self.link.is_none() {
            return next.min(self.next_attempt);
        }
        if let Some(call) = self.open.front().and_then(|open| open.call.as_ref()) {
            next = next.min(call.deadline);
        }
        next.min(self.probe_sent.map_or(self.next_probe, |sent| sent + SILENCE))
    }

    fn take_calls(&mut self) {
        let (calls, stop) = {
            let mut inbox = self.shared.inbox();
            (std::mem::take(&mut inbox.calls), inbox.stop)
        };
        for call in calls {
            self.take_call(call);
        }
        if let (Some(within), None) = (stop, self.stop_by) {
            self.stop_by = Some(Instant::now() + within);
            self.request(wire::LEAVE, &[], &[], None);
        }
    }

    fn take_call(&mut self, call: Call) {
        if let Some((status, why)) = call.refusal {
            return self.host.complete(call.op, &Outcome::of(status, why));
        }
        if self.stop_by.is_some() {
            return self.finish(&call, &STOPPED);
        }
        match call.kind {
            wire::SUBSCRIBE => {
                self.wanted.insert(call.channel.clone());
                if self.link.is_none() {
                    return self.waiting.push_back(call);
                }
            }
            wire::UNSUBSCRIBE => {
                self.wanted.remove(&call.channel);
                if self.link.is_none() {
                    self.supersede(&call.channel);
                    return self.finish(&call, &Outcome::of(abi::OK, ""));
                }
            }
            _ if self.state != abi::READY => {
                let reason = self.reason.clone();
                return self.finish(&call, &Outcome::of(abi::UNAVAILABLE, &reason));
            }
            _ => {}
        }
        self.send(call);
    }

    /// Subscribes that wait for a link are overtaken by an unsubscribe.
    fn supersede(&mut self, channel: &[u8]) {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (overtaken, waiting): (Vec<Call>, Vec<Call>) = waiting.partition(|call| call.channel == channel);
        self.waiting = waiting.into();
        for call in overtaken {
            self.host.complete(call.op, &Outcome::of(abi::SUPERSEDED, "overtaken by an unsubscribe"));
        }
    }

    fn send(&mut self, mut call: Call) {
        let channel = std::mem::take(&mut call.channel);
        let payload = std::mem::take(&mut call.payload);
        let kind = call.kind;
        self.request(kind, &channel, &payload, Some(call));
        // Needed once more if the link is lost.
        if let (wire::SUBSCRIBE, Some(Open { call: Some(call), .. })) = (kind, self.open.back_mut()) {
            call.channel = channel;
        }
    }

    fn request(&mut self, kind: u8, channel: &[u8], payload: &[u8], call: Option<Call>) {
        if let Some(link) = &mut self.link {
            self.next_number += 1;
            link.put(kind, self.next_number, channel, payload);
            let cost = match kind {
                wire::PUBLISH | wire::EXISTS if call.is_some() => channel.len() + payload.len() + CALL_OVERHEAD,
                _ => 0,
            };
            self.open.push_back(Open { number: self.next_number, call, cost });
        }
    }

    fn finish(&self, call: &Call, outcome: &Outcome) {
        self.shared.inbox().open_bytes -= call.cost();
        self.host.complete(call.op, outcome);
    }

    fn finish_open(&self, open: Open, outcome: &Outcome) {
        if let Some(call) = open.call {
            self.shared.inbox().open_bytes -= open.cost;
            self.host.complete(call.op, outcome);
        }
    }

    // ---- the link ----

    fn connect(&mut self) {
        if self.link.is_some() || self.stop_by.is_some() || Instant::now() < self.next_attempt {
            return;
        }
        let connected = TcpStream::connect_timeout(&self.options.address, CONNECT).and_then(|stream| {
            // Without a listener, TCP can connect a port to itself.
            if stream.local_addr()? == stream.peer_addr()? {
                return Err(ErrorKind::ConnectionRefused.into());
            }
            Link::new(stream)
        });
        match connected {
            Ok(link) => self.connected(link),
            Err(error) => {
                let opened = self.open_relay();
                self.away(&format!("no relay at {}: {}", self.options.address, error));
                if opened {
                    self.next_attempt = Instant::now();
                }
            }
        }
    }

    fn open_relay(&mut self) -> bool {
        if !self.options.open {
            return false;
        }
        self.relay = None;
        match relay::open(self.options.address) {
            Ok(handle) => {
                self.host.log(abi::LOG_INFO, &format!("opened the relay at {}", self.options.address));
                self.relay = Some(handle);
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => {} // another was faster
            Err(error) => self.host.log(abi::LOG_WARNING, &format!("the relay can't be opened: {}", error)),
        }
        self.relay.is_some()
    }

    /// All that is wanted is subscribed again; the relay answers in order, so that the probe behind it proves it all.
    fn connected(&mut self, link: Link) {
        self.link = Some(link);
        for channel in std::mem::take(&mut self.wanted) {
            self.request(wire::SUBSCRIBE, &channel, &[], None);
            self.wanted.insert(channel);
        }
        for call in std::mem::take(&mut self.waiting) {
            self.send(call);
        }
        let channel = self.probe_channel.clone();
        self.request(wire::SUBSCRIBE, &channel, &[], None);
        self.send_probe();
    }

    fn send_probe(&mut self) {
        self.probe += 1;
        let channel = self.probe_channel.clone();
        self.request(wire::PUBLISH, &channel, &self.probe.to_le_bytes(), None);
        self.probe_sent = Some(Instant::now());
        self.next_probe = Instant::now() + PROBE_EVERY;
    }

    fn read(&mut self) {
        let ended = match &mut self.link {
            Some(link) => link.read().err(),
            None => return,
        };
        let input = self.link.as_mut().map(|link| std::mem::take(&mut link.input)).unwrap_or_default();
        let mut used = 0;
        let mut messages = Vec::new();
        let mut malformed = None;
        while malformed.is_none() {
            match wire::take(&input[used..]) {
                Ok(None) => break,
                Ok(Some((frame, length))) => {
                    used += length;
                    if frame.kind == wire::MESSAGE && frame.channel != self.probe_channel {
                        let channel = abi::View::of(frame.channel);
                        messages.push(abi::Message { channel, payload: abi::View::of(frame.payload) });
                        continue;
                    }
                    // In order: what came before an answer is delivered before it is told.
                    self.deliver(&mut messages);
                    malformed = if frame.kind == wire::MESSAGE { self.echo(frame.payload) } else { self.answered(&frame) };
                }
                Err(error) => malformed = Some(error.to_string()),
            }
        }
        self.deliver(&mut messages);
        if let Some(link) = &mut self.link {
            let mut input = input;
            input.drain(..used);
            link.input = input;
        }
        if let Some(reason) = malformed.or_else(|| ended.map(|error| error.to_string())) {
            self.lose(&reason);
        }
    }

    fn deliver(&self, messages: &mut Vec<abi::Message>) {
        if !messages.is_empty() {
            self.host.deliver(messages);
            messages.clear();
        }
    }

    fn echo(&mut self, payload: &[u8]) -> Option<String> {
        if wire::number_in(payload) == Some(self.probe) {
            self.probe_sent = None;
            self.enter_ready();
        }
        None
    }

    /// What is wrong with the answer, if it is.
    fn answered(&mut self, frame: &wire::Frame) -> Option<String> {
        match (wire::number_in(frame.payload), self.open.pop_front()) {
            (Some(receivers), Some(open)) if frame.kind == wire::ANSWER && frame.number == open.number => {
                self.left |= self.stop_by.is_some() && self.open.is_empty();
                self.finish_open(open, &Outcome { status: abi::OK, detail: "", receivers });
                None
            }
            (_, open) => {
                self.open.extend(open); // it is still owed; lose() completes them all
                Some("an answer to nothing that was asked".into())
            }
        }
    }

    fn flush(&mut self) {
        if let Some(Err(error)) = self.link.as_mut().map(Link::flush) {
            self.lose(&error.to_string());
        }
    }

    fn check_time(&mut self) {
        let now = Instant::now();
        while self.waiting.front().map_or(false, |call| call.deadline <= now) {
            if let Some(call) = self.waiting.pop_front() {
                self.host.complete(call.op, &Outcome::of(abi::UNAVAILABLE, "not confirmed in time: still wanted"));
            }
        }
        if self.link.is_none() {
            return;
        }
        let overdue = self.open.front().and_then(|open| open.call.as_ref()).map_or(false, |call| call.deadline <= now);
        if overdue || self.probe_sent.map_or(false, |sent| now >= sent + SILENCE) {
            self.lose("no answer in time");
        } else if self.probe_sent.is_none() && now >= self.next_probe && self.stop_by.is_none() {
            self.send_probe();
        }
    }

    /// What was asked and not answered: a publish may have been carried out, a subscribe waits for the next link.
    fn lose(&mut self, reason: &str) {
        self.link = None;
        self.probe_sent = None;
        if self.state == abi::READY && self.stop_by.is_none() {
            self.host.log(abi::LOG_WARNING, &format!("lost the relay: {}", reason));
        }
        for mut open in std::mem::take(&mut self.open) {
            let status = match &mut open.call {
                Some(call) if call.kind == wire::SUBSCRIBE => {
                    let channel = &call.channel;
                    if self.wanted.contains(channel) {
                        self.waiting.extend(open.call.take());
                        continue;
                    }
                    abi::SUPERSEDED
                }
                Some(call) if call.kind == wire::UNSUBSCRIBE => abi::OK,
                Some(call) if call.kind == wire::PUBLISH => abi::UNKNOWN_OUTCOME,
                _ => abi::UNAVAILABLE,
            };
            self.finish_open(open, &Outcome::of(status, reason));
        }
        self.check_time(); // subscribes that are late already
        self.away(reason);
    }

    /// Not connected: tells it, and when to try again. Drawn below a limit that doubles with the outage, from 100 ms to 5 s, so
    /// that instances do not come back in step.
    fn away(&mut self, reason: &str) {
        let now = Instant::now();
        let since = *self.away_since.get_or_insert(now);
        let mut limit = 100;
        while limit < 5000 && now - since >= Duration::from_millis(8 * limit) {
            limit *= 2;
        }
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.next_attempt = now + Duration::from_millis(10 + self.random % (limit.min(5000) - 10));
        if self.stop_by.is_none() {
            self.report(if self.was_ready { abi::DEGRADED } else { abi::CONNECTING }, reason);
        }
    }

    fn enter_ready(&mut self) {
        if self.state == abi::READY || self.stop_by.is_some() {
            return;
        }
        self.away_since = None;
        if self.was_ready {
            self.host.gap(&self.reason);
        }
        self.was_ready = true;
        self.report(abi::READY, "");
    }

    fn report(&mut self, state: i32, reason: &str) {
        if state != self.state || reason != self.reason {
            self.state = state;
            self.reason = reason.to_string();
            self.host.state(state, reason);
        }
    }
}
