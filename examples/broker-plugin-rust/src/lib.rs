//! A broker plugin for Signalbox in Rust, with nothing but the standard library: the first instance opens a relay on a TCP port,
//! the others connect to it, and if it goes, another opens one.
//!
//! This file is where C meets Rust: the one exported function, the table of options, and the functions that the host calls. A
//! panic ends in each of them.

mod abi;
mod broker;
mod host;
mod inbox;
mod probe;
mod relay;
mod retry;
mod wire;

use std::ffi::c_void;
use std::net::SocketAddr;
use std::os::raw::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use broker::Worker;
use host::{Host, Outcome};
use inbox::Shared;

pub struct Options {
    pub address: SocketAddr,
    pub open: bool,
    pub queue_bytes: usize,
}

/// A C string in static storage.
macro_rules! text {
    ($text:expr) => {
        concat!($text, "\0").as_ptr().cast()
    };
}

static OPTIONS: [abi::OptionRow; 3] = [
    abi::OptionRow {
        key: text!("address"),
        kind: text!("text"),
        fallback: text!("127.0.0.1:7950"),
        meaning: text!("Where the relay is: a numeric address and a port, the same for all instances."),
        min: 0,
        max: 0,
        flags: 0,
        reserved: 0,
    },
    abi::OptionRow {
        key: text!("open"),
        kind: text!("boolean"),
        fallback: text!("true"),
        meaning: text!("Whether this instance opens the relay there if nobody has."),
        min: 0,
        max: 0,
        flags: 0,
        reserved: 0,
    },
    abi::OptionRow {
        key: text!("queue_bytes"),
        kind: text!("size"),
        fallback: text!("64MiB"),
        meaning: text!("Publishes and questions that may be open; beyond: overloaded."),
        min: 32 << 20,
        max: 4 << 30,
        flags: 0,
        reserved: 0,
    },
];

static PLUGIN: abi::Plugin = abi::Plugin {
    struct_size: std::mem::size_of::<abi::Plugin>() as u32,
    abi_major: abi::ABI_MAJOR,
    abi_minor: abi::ABI_MINOR,
    name: text!("relay"),
    version: text!("1.0.0"), // as in Cargo.toml, which plain rustc does not read
    options: OPTIONS.as_ptr(),
    option_count: OPTIONS.len(),
    option_size: std::mem::size_of::<abi::OptionRow>(),
    create,
};

#[no_mangle]
pub extern "C" fn signalbox_broker_plugin_v1() -> *const abi::Plugin {
    &PLUGIN
}

/// What the host's `this` points to.
struct Instance {
    table: abi::Broker,
    host: Host,
    shared: Arc<Shared>,
    worker: Option<Worker>, // until start()
    thread: Option<JoinHandle<()>>,
}

unsafe extern "C" fn create(
    host: *const abi::Host,
    settings: *const abi::Setting,
    count: usize,
    error: *mut c_char,
    error_size: usize,
) -> *const abi::Broker {
    let settings = if count == 0 { &[] } else { std::slice::from_raw_parts(settings, count) };
    let made = catch_unwind(|| make(Host::new(host), settings)).unwrap_or_else(|_| Err("panicked".into()));
    match made {
        Ok(instance) => &(*Box::into_raw(instance)).table,
        Err(text) => {
            let bytes = &text.as_bytes()[..text.len().min(error_size.saturating_sub(1))];
            if error_size > 0 {
                std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), error, bytes.len());
                *error.add(bytes.len()) = 0;
            }
            std::ptr::null()
        }
    }
}

fn make(host: Host, settings: &[abi::Setting]) -> Result<Box<Instance>, String> {
    let options = read_options(settings)?;
    let (shared, woken) = Shared::new(host, options.queue_bytes).map_err(|error| error.to_string())?;
    let worker = Worker::new(host, shared.clone(), woken, options);
    let table = abi::Broker {
        struct_size: std::mem::size_of::<abi::Broker>() as u32,
        reserved: 0,
        this: std::ptr::null_mut(),
        start,
        subscribe,
        unsubscribe,
        publish,
        exists,
        capabilities,
        stop,
        destroy,
        extension: None,
    };
    let mut instance = Box::new(Instance { table, host, shared, worker: Some(worker), thread: None });
    instance.table.this = (&mut *instance as *mut Instance).cast();
    Ok(instance)
}

/// The host has validated them against the table, and completed them with fallbacks: numbers are numbers.
fn read_options(settings: &[abi::Setting]) -> Result<Options, String> {
    let value = |key: &str| {
        let found = settings.iter().find(|setting| unsafe { setting.key.bytes() } == key.as_bytes());
        found.map_or(String::new(), |setting| String::from_utf8_lossy(unsafe { setting.value.bytes() }).into_owned())
    };
    let address = value("address");
    Ok(Options {
        address: address.parse().map_err(|_| format!("address: '{}' is not a numeric address and a port", address))?,
        open: value("open") == "true",
        queue_bytes: value("queue_bytes").parse().map_err(|_| "queue_bytes: not a number")?,
    })
}

/// # Safety
/// `this` is of an instance that is not destroyed. The verbs touch `shared` only, which takes calls of any thread.
unsafe fn call(this: *mut c_void, kind: u8, op: u64, channel: abi::View, payload: abi::View) {
    let instance = this as *const Instance;
    let shared = &(*instance).shared;
    let called = catch_unwind(AssertUnwindSafe(|| shared.call(kind, op, channel.bytes(), payload.bytes())));
    if called.is_err() {
        (*instance).host.complete(op, &Outcome::of(abi::INTERNAL, "panicked"));
    }
}

const NOTHING: abi::View = abi::View { data: std::ptr::null(), size: 0 };

unsafe extern "C" fn subscribe(this: *mut c_void, op: u64, channel: abi::View) {
    call(this, wire::SUBSCRIBE, op, channel, NOTHING);
}

unsafe extern "C" fn unsubscribe(this: *mut c_void, op: u64, channel: abi::View) {
    call(this, wire::UNSUBSCRIBE, op, channel, NOTHING);
}

unsafe extern "C" fn publish(this: *mut c_void, op: u64, channel: abi::View, payload: abi::View) {
    call(this, wire::PUBLISH, op, channel, payload);
}

unsafe extern "C" fn exists(this: *mut c_void, op: u64, channel: abi::View) {
    call(this, wire::EXISTS, op, channel, NOTHING);
}

/// Every field of ABI 1 is there in any host.
unsafe extern "C" fn capabilities(_: *mut c_void, out: *mut abi::Capabilities) {
    (*out).receivers = abi::EXACT;
    (*out).exists = abi::EXISTS_AUTHORITATIVE;
    (*out).propagation_hint_ms = 0;
    (*out).dead_host_bound_ms = relay::SILENCE.as_millis() as u64 + 2000;
    (*out).max_payload_bytes = wire::PAYLOAD_BYTES as u64;
    (*out).continuity = 0;
}

unsafe extern "C" fn start(this: *mut c_void) {
    let instance = &mut *this.cast::<Instance>();
    let host = instance.host;
    let mut worker = match instance.worker.take() {
        Some(worker) => worker,
        None => return,
    };
    let run = move || {
        if catch_unwind(AssertUnwindSafe(|| worker.run())).is_err() {
            host.log(abi::LOG_ERROR, "the plugin's thread panicked");
            host.state(abi::FAILED, "config: the plugin's thread panicked: restart");
        }
    };
    match thread::Builder::new().name("signalbox relay".into()).spawn(run) {
        Ok(thread) => instance.thread = Some(thread),
        Err(error) => host.state(abi::FAILED, &format!("config: no thread can be started: {}", error)),
    }
}

unsafe extern "C" fn stop(this: *mut c_void, deadline_ms: u32) {
    let instance = &mut *this.cast::<Instance>();
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        instance.shared.stop(Duration::from_millis(u64::from(deadline_ms)));
        if let Some(thread) = instance.thread.take() {
            let _ = thread.join();
        }
    }));
    if stopped.is_err() {
        instance.host.log(abi::LOG_ERROR, "stop panicked");
    }
}

unsafe extern "C" fn destroy(this: *mut c_void) {
    let instance = Box::from_raw(this.cast::<Instance>());
    let _ = catch_unwind(AssertUnwindSafe(|| drop(instance)));
}
