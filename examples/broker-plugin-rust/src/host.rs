//! The server, as the plugin's threads call it.

use crate::abi;

/// The host's table outlives every broker made with it, and any thread may call it between start() and the end of stop().
#[derive(Clone, Copy)]
pub struct Host(*const abi::Host);

unsafe impl Send for Host {}
unsafe impl Sync for Host {}

/// What a call came to.
pub struct Outcome<'a> {
    pub status: i32,
    pub detail: &'a str,
    pub receivers: u64,
}

impl Outcome<'_> {
    pub fn of(status: i32, detail: &str) -> Outcome<'_> {
        Outcome { status, detail, receivers: 0 }
    }
}

impl Host {
    /// # Safety
    /// `table` is what create() was given.
    pub unsafe fn new(table: *const abi::Host) -> Host {
        Host(table)
    }

    fn table(&self) -> &abi::Host {
        unsafe { &*self.0 }
    }

    pub fn call_timeout_ms(&self) -> u64 {
        u64::from(self.table().call_timeout_ms)
    }

    pub fn instance_id(&self) -> &[u8] {
        unsafe { self.table().instance_id.bytes() }
    }

    pub fn channel_prefix(&self) -> &[u8] {
        unsafe { self.table().channel_prefix.bytes() }
    }

    pub fn log(&self, level: i32, text: &str) {
        let host = self.table();
        unsafe { (host.log)(host.context, level, abi::View::of(text.as_bytes())) }
    }

    pub fn deliver(&self, messages: &[abi::Message]) {
        let host = self.table();
        unsafe { (host.deliver)(host.context, messages.as_ptr(), messages.len()) }
    }

    /// Of every wanted channel.
    pub fn gap(&self, reason: &str) {
        let host = self.table();
        unsafe { (host.gap)(host.context, std::ptr::null(), 0, abi::View::of(reason.as_bytes())) }
    }

    pub fn complete(&self, op: u64, outcome: &Outcome) {
        let result = abi::CallResult {
            struct_size: std::mem::size_of::<abi::CallResult>() as u32,
            status: outcome.status,
            detail: abi::View::of(outcome.detail.as_bytes()),
            receivers: outcome.receivers,
            precision: abi::EXACT,
            exists: i32::from(outcome.receivers > 0),
        };
        let host = self.table();
        unsafe { (host.complete)(host.context, op, &result) }
    }

    pub fn state(&self, state: i32, reason: &str) {
        let view = abi::View::of(reason.as_bytes());
        let host = self.table();
        unsafe { (host.state)(host.context, state, &view, usize::from(!reason.is_empty())) }
    }
}
