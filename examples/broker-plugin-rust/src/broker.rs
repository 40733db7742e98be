//! One instance's broker: the verbs queue, and a thread of its own talks to the relay and to the host.

use std::collections::{HashSet, VecDeque};
use std::io::Read;
use std::os::unix::io::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::abi;
use crate::host::{Host, Outcome};
use crate::inbox::{cost, Call, Shared};
use crate::probe::Probe;
use crate::relay;
use crate::retry::Retry;
use crate::wire::{self, Link, Poll};
use crate::Options;

const CONNECT: Duration = Duration::from_millis(250);
const STOPPED: Outcome = Outcome { status: abi::CLOSED, detail: "the broker is stopped", receivers: 0 };

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
    probe: Probe,
    retry: Retry,
    stop_by: Option<Instant>,
    left: bool,
}

impl Worker {
    pub fn new(host: Host, shared: Arc<Shared>, woken: UnixStream, options: Options) -> Worker {
        let probe = Probe::new(&host);
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
            probe,
            retry: Retry::new(),
            stop_by: None,
            left: false,
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
            return next.min(self.retry.at);
        }
        if let Some(call) = self.open.front().and_then(|open| open.call.as_ref()) {
            next = next.min(call.deadline);
        }
        next.min(self.probe.event())
    }

    fn take_calls(&mut self) {
        let (calls, stop) = self.shared.take();
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
            let cost = if call.is_some() { cost(kind, channel, payload) } else { 0 };
            self.open.push_back(Open { number: self.next_number, call, cost });
        }
    }

    fn finish(&self, call: &Call, outcome: &Outcome) {
        self.shared.give_back(call.cost());
        self.host.complete(call.op, outcome);
    }

    fn finish_open(&self, open: Open, outcome: &Outcome) {
        if let Some(call) = open.call {
            self.shared.give_back(open.cost);
            self.host.complete(call.op, outcome);
        }
    }

    // ---- the link ----

    fn connect(&mut self) {
        if self.link.is_some() || self.stop_by.is_some() || Instant::now() < self.retry.at {
            return;
        }
        match Link::connect(self.options.address, CONNECT) {
            Ok(link) => self.connected(link),
            Err(error) => {
                let opened = self.open_relay();
                self.away(&format!("no relay at {}: {}", self.options.address, error));
                if opened {
                    self.retry.at_once();
                }
            }
        }
    }

    fn open_relay(&mut self) -> bool {
        if !self.options.open {
            return false;
        }
        self.relay = None;
        self.relay = relay::open_for(&self.host, self.options.address);
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
        let channel = self.probe.channel.clone();
        self.request(wire::SUBSCRIBE, &channel, &[], None);
        self.send_probe();
    }

    fn send_probe(&mut self) {
        let channel = self.probe.channel.clone();
        let payload = self.probe.next();
        self.request(wire::PUBLISH, &channel, &payload, None);
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
                    if frame.kind == wire::MESSAGE && frame.channel != self.probe.channel {
                        let channel = abi::View::of(frame.channel);
                        messages.push(abi::Message { channel, payload: abi::View::of(frame.payload) });
                        continue;
                    }
                    // In order: what came before an answer is delivered before it is told.
                    self.deliver(&mut messages);
                    if frame.kind != wire::MESSAGE {
                        malformed = self.answered(&frame);
                    } else if self.probe.echoed(frame.payload) {
                        self.enter_ready();
                    }
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
        if overdue || self.probe.is_missing() {
            self.lose("no answer in time");
        } else if self.probe.is_due() && self.stop_by.is_none() {
            self.send_probe();
        }
    }

    /// What was asked and not answered: a publish may have been carried out, a subscribe waits for the next link.
    fn lose(&mut self, reason: &str) {
        self.link = None;
        self.probe.forget();
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

    /// Not connected: tells it, and tries again later.
    fn away(&mut self, reason: &str) {
        self.retry.later();
        if self.stop_by.is_none() {
            self.report(if self.was_ready { abi::DEGRADED } else { abi::CONNECTING }, reason);
        }
    }

    fn enter_ready(&mut self) {
        if self.state == abi::READY || self.stop_by.is_some() {
            return;
        }
        self.retry.proved();
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
