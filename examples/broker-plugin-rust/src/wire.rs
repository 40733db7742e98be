//! What goes over a connection between an instance and the relay, and the sockets under it.
//!
//! A frame is a length (u32), a kind (u8), a number (u64), the channel's length (u16), the channel and the payload, all
//! little-endian. The relay answers the requests of a connection in their order, each with its number; messages come between.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::raw::{c_int, c_short, c_ulong};
use std::os::unix::io::{AsRawFd, RawFd};
use std::time::Duration;

pub const SUBSCRIBE: u8 = 1;
pub const UNSUBSCRIBE: u8 = 2;
pub const PUBLISH: u8 = 3;
pub const EXISTS: u8 = 4;
/// Leaves every channel.
pub const LEAVE: u8 = 5;
/// The payload is the number of receivers or holders, a u64.
pub const ANSWER: u8 = 16;
pub const MESSAGE: u8 = 17;

pub const CHANNEL_BYTES: usize = 768;
pub const PAYLOAD_BYTES: usize = 16 << 20;

const HEAD: usize = 4;
const FIXED: usize = 1 + 8 + 2;
const LONGEST: usize = FIXED + CHANNEL_BYTES + PAYLOAD_BYTES;

pub struct Frame<'a> {
    pub kind: u8,
    pub number: u64,
    pub channel: &'a [u8],
    pub payload: &'a [u8],
}

pub fn put(out: &mut Vec<u8>, kind: u8, number: u64, channel: &[u8], payload: &[u8]) {
    let length = FIXED + channel.len() + payload.len();
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.push(kind);
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&(channel.len() as u16).to_le_bytes());
    out.extend_from_slice(channel);
    out.extend_from_slice(payload);
}

/// The frame at the beginning of `bytes` and its length there; None: it is not all there. An error: this is no frame.
pub fn take(bytes: &[u8]) -> io::Result<Option<(Frame<'_>, usize)>> {
    let no_frame = || io::Error::new(ErrorKind::InvalidData, "these are not the relay's words");
    if bytes.len() < HEAD {
        return Ok(None);
    }
    let length = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    if !(FIXED..=LONGEST).contains(&length) {
        return Err(no_frame());
    }
    if bytes.len() < HEAD + length {
        return Ok(None);
    }
    let body = &bytes[HEAD..HEAD + length];
    let channel_bytes = usize::from(u16::from_le_bytes([body[9], body[10]]));
    if channel_bytes > CHANNEL_BYTES || FIXED + channel_bytes > length {
        return Err(no_frame());
    }
    let mut number = [0; 8];
    number.copy_from_slice(&body[1..9]);
    let (channel, payload) = body[FIXED..].split_at(channel_bytes);
    Ok(Some((Frame { kind: body[0], number: u64::from_le_bytes(number), channel, payload }, HEAD + length)))
}

pub fn number_in(payload: &[u8]) -> Option<u64> {
    let mut bytes = [0; 8];
    if payload.len() != bytes.len() {
        return None;
    }
    bytes.copy_from_slice(payload);
    Some(u64::from_le_bytes(bytes))
}

/// A connection with what has been read and what is still to be written.
pub struct Link {
    stream: TcpStream,
    pub input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
}

impl Link {
    pub fn new(stream: TcpStream) -> io::Result<Link> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Link { stream, input: Vec::new(), output: Vec::new(), written: 0 })
    }

    pub fn connect(address: SocketAddr, within: Duration) -> io::Result<Link> {
        let stream = TcpStream::connect_timeout(&address, within)?;
        // Without a listener, TCP can connect a port to itself.
        if stream.local_addr()? == stream.peer_addr()? {
            return Err(ErrorKind::ConnectionRefused.into());
        }
        Link::new(stream)
    }

    pub fn descriptor(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    pub fn put(&mut self, kind: u8, number: u64, channel: &[u8], payload: &[u8]) {
        put(&mut self.output, kind, number, channel, payload);
    }

    pub fn unwritten(&self) -> usize {
        self.output.len() - self.written
    }

    /// Appends to `input` what there is, up to a megabyte. An error: the connection has ended.
    pub fn read(&mut self) -> io::Result<()> {
        let mut chunk = [0; 65536];
        for _ in 0..16 {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the relay's connection was closed")),
                Ok(count) => self.input.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub fn flush(&mut self) -> io::Result<()> {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.written == self.output.len() {
            self.written = 0;
            self.output = Vec::new();
        } else if self.written > self.output.len() / 2 {
            self.output.drain(..self.written);
            self.written = 0;
        }
        Ok(())
    }
}

/// struct pollfd.
#[repr(C)]
pub struct Poll {
    descriptor: RawFd,
    events: c_short,
    seen: c_short,
}

const POLLIN: c_short = 1;
const POLLOUT: c_short = 4;

extern "C" {
    fn poll(descriptors: *mut Poll, count: c_ulong, timeout_ms: c_int) -> c_int;
}

impl Poll {
    pub fn new(descriptor: RawFd, writes: bool) -> Poll {
        Poll { descriptor, events: POLLIN | if writes { POLLOUT } else { 0 }, seen: 0 }
    }

    pub fn of(link: &Link) -> Poll {
        Poll::new(link.descriptor(), link.unwritten() > 0)
    }

    pub fn seen(&self) -> bool {
        self.seen != 0
    }

    /// Waits until one of them has something, or for that long.
    pub fn wait(all: &mut [Poll], milliseconds: u64) {
        unsafe { poll(all.as_mut_ptr(), all.len() as c_ulong, milliseconds.min(60_000) as c_int) };
    }
}
