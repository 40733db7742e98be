//! The relay: who holds which channel, and a message to all of them. One thread in the process that opened it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::io::AsRawFd;
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::abi;
use crate::host::Host;
use crate::wire::{self, Frame, Link, Poll};

/// What may wait for one instance; beyond, its connection is closed, and it is told a gap.
const UNWRITTEN_BYTES: usize = 64 << 20;
/// An instance sends a probe every 3 s: one that is silent for this long is gone.
pub const SILENCE: Duration = Duration::from_secs(10);

struct Client {
    link: Link,
    channels: BTreeSet<Vec<u8>>,
    heard: Instant,
    gone: bool,
}

struct Relay {
    clients: BTreeMap<u64, Client>,
    holders: HashMap<Vec<u8>, Vec<u64>>,
}

/// Closes the relay when it is dropped.
pub struct Handle {
    stop: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.stop.write(&[1]);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn open(address: SocketAddr) -> io::Result<Handle> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let (stop, stopped) = UnixStream::pair()?;
    stopped.set_nonblocking(true)?;
    let thread = thread::Builder::new().name("relay".into()).spawn(move || run(&listener, stopped))?;
    Ok(Handle { stop, thread: Some(thread) })
}

/// Where nobody has it open. The host's log says what came of it.
pub fn open_for(host: &Host, address: SocketAddr) -> Option<Handle> {
    match open(address) {
        Ok(handle) => {
            host.log(abi::LOG_INFO, &format!("opened the relay at {}", address));
            Some(handle)
        }
        Err(error) => {
            // In use: another instance was faster.
            if error.kind() != ErrorKind::AddrInUse {
                host.log(abi::LOG_WARNING, &format!("the relay can't be opened: {}", error));
            }
            None
        }
    }
}

fn run(listener: &TcpListener, mut stopped: UnixStream) {
    let mut relay = Relay { clients: BTreeMap::new(), holders: HashMap::new() };
    let mut next_id = 0;
    loop {
        let mut polls = vec![Poll::new(stopped.as_raw_fd(), false), Poll::new(listener.as_raw_fd(), false)];
        polls.extend(relay.clients.values().map(|client| Poll::of(&client.link)));
        Poll::wait(&mut polls, 1000);
        if polls[0].seen() && !matches!(stopped.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock) {
            return;
        }
        let ready: Vec<u64> =
            relay.clients.keys().zip(&polls[2..]).filter(|(_, poll)| poll.seen()).map(|(id, _)| *id).collect();
        for id in ready {
            relay.serve(id);
        }
        if polls[1].seen() {
            relay.accept(listener, &mut next_id);
        }
        relay.flush();
    }
}

impl Relay {
    fn accept(&mut self, listener: &TcpListener, next_id: &mut u64) {
        match listener.accept().and_then(|(stream, _)| Link::new(stream)) {
            Ok(link) => {
                let client = Client { link, channels: BTreeSet::new(), heard: Instant::now(), gone: false };
                self.clients.insert(*next_id, client);
                *next_id += 1;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // Out of descriptors, say: it stays readable, so not at once again.
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }

    /// Reads and does what a client asks.
    fn serve(&mut self, id: u64) {
        let client = match self.clients.get_mut(&id) {
            Some(client) => client,
            None => return,
        };
        client.gone |= client.link.read().is_err();
        client.heard = Instant::now();
        let mut input = std::mem::take(&mut client.link.input);
        let mut used = 0;
        loop {
            match wire::take(&input[used..]) {
                Ok(Some((frame, length))) => {
                    self.answer(id, &frame);
                    used += length;
                }
                Ok(None) => break,
                Err(_) => {
                    self.client(id).gone = true;
                    break;
                }
            }
        }
        input.drain(..used);
        self.client(id).link.input = input;
    }

    fn client(&mut self, id: u64) -> &mut Client {
        self.clients.get_mut(&id).expect("clients are removed in flush() only")
    }

    fn answer(&mut self, id: u64, frame: &Frame) {
        let count = match frame.kind {
            wire::SUBSCRIBE => {
                if self.client(id).channels.insert(frame.channel.to_vec()) {
                    self.holders.entry(frame.channel.to_vec()).or_default().push(id);
                }
                0
            }
            wire::UNSUBSCRIBE => {
                if self.client(id).channels.remove(frame.channel) {
                    self.forget(id, frame.channel);
                }
                0
            }
            wire::PUBLISH => self.publish(frame),
            wire::EXISTS => self.holders.get(frame.channel).map_or(0, Vec::len) as u64,
            wire::LEAVE => {
                self.leave(id);
                0
            }
            _ => {
                self.client(id).gone = true;
                return;
            }
        };
        self.client(id).link.put(wire::ANSWER, frame.number, &[], &count.to_le_bytes());
    }

    /// One who has no room is given up, and does not count.
    fn publish(&mut self, frame: &Frame) -> u64 {
        let mut count = 0;
        for id in self.holders.get(frame.channel).map_or(&[][..], Vec::as_slice) {
            let client = self.clients.get_mut(id).expect("holders are clients");
            client.gone |= client.link.unwritten() + frame.payload.len() > UNWRITTEN_BYTES;
            if !client.gone {
                client.link.put(wire::MESSAGE, 0, frame.channel, frame.payload);
                count += 1;
            }
        }
        count
    }

    fn forget(&mut self, id: u64, channel: &[u8]) {
        if let Some(holders) = self.holders.get_mut(channel) {
            holders.retain(|holder| *holder != id);
            if holders.is_empty() {
                self.holders.remove(channel);
            }
        }
    }

    fn leave(&mut self, id: u64) {
        for channel in std::mem::take(&mut self.client(id).channels) {
            self.forget(id, &channel);
        }
    }

    /// Writes what waits, and removes who has gone.
    fn flush(&mut self) {
        let mut gone = Vec::new();
        for (id, client) in &mut self.clients {
            client.gone |= client.link.flush().is_err() || client.heard.elapsed() > SILENCE;
            if client.gone {
                gone.push(*id);
            }
        }
        for id in gone {
            self.leave(id);
            self.clients.remove(&id);
        }
    }
}
