//! <signalbox/plugin.h> in Rust, as far as this plugin uses it. The header says what each field means; sdk/abi/plugin.txt of
//! Signalbox lists the offsets.

use std::ffi::c_void;
use std::mem::size_of;
use std::os::raw::c_char;

/// SIGNALBOX_ABI_MAJOR and _MINOR of the header that this file was written from.
pub const ABI_MAJOR: u16 = 1;
pub const ABI_MINOR: u16 = 0;

pub const OK: i32 = 0;
pub const INVALID_ARGUMENT: i32 = 1;
pub const TOO_LARGE: i32 = 2;
pub const UNAVAILABLE: i32 = 3;
pub const OVERLOADED: i32 = 4;
pub const UNKNOWN_OUTCOME: i32 = 5;
pub const SUPERSEDED: i32 = 7;
pub const CLOSED: i32 = 9;
pub const INTERNAL: i32 = 10;

pub const EXACT: i32 = 3;
pub const EXISTS_AUTHORITATIVE: i32 = 3;

pub const CONNECTING: i32 = 0;
pub const READY: i32 = 1;
pub const DEGRADED: i32 = 2;
pub const FAILED: i32 = 3;
pub const STATE_CLOSED: i32 = 4;

pub const LOG_INFO: i32 = 1;
pub const LOG_WARNING: i32 = 2;
pub const LOG_ERROR: i32 = 3;

/// Borrowed for the call that it is passed in.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct View {
    pub data: *const u8,
    pub size: usize,
}

impl View {
    pub fn of(bytes: &[u8]) -> View {
        View { data: bytes.as_ptr(), size: bytes.len() }
    }

    /// # Safety
    /// What it points to lives for 'a.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[]; // data may be null then, which a slice may not
        }
        std::slice::from_raw_parts(self.data, self.size)
    }
}

#[repr(C)]
pub struct Setting {
    pub key: View,
    pub value: View,
}

#[repr(C)]
pub struct Message {
    pub channel: View,
    pub payload: View,
}

#[repr(C)]
pub struct CallResult {
    pub struct_size: u32,
    pub status: i32,
    pub detail: View,
    pub receivers: u64,
    pub precision: i32,
    pub exists: i32,
}

#[repr(C)]
pub struct Capabilities {
    pub struct_size: u32,
    pub receivers: i32,
    pub exists: i32,
    pub propagation_hint_ms: u32,
    pub dead_host_bound_ms: u64,
    pub max_payload_bytes: u64,
    pub continuity: i32,
    pub reserved: i32,
}

#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub call_timeout_ms: u32,
    pub context: *mut c_void,
    pub instance_id: View,
    pub channel_prefix: View,
    pub payload_bytes: u64,
    pub log_enabled: unsafe extern "C" fn(*mut c_void, i32) -> i32,
    pub log: unsafe extern "C" fn(*mut c_void, i32, View),
    pub deliver: unsafe extern "C" fn(*mut c_void, *const Message, usize),
    pub gap: unsafe extern "C" fn(*mut c_void, *const View, usize, View),
    pub complete: unsafe extern "C" fn(*mut c_void, u64, *const CallResult),
    pub state: unsafe extern "C" fn(*mut c_void, i32, *const View, usize),
    pub refused: unsafe extern "C" fn(*mut c_void, View, i32, View),
    pub extension: unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_void,
}

#[repr(C)]
pub struct Broker {
    pub struct_size: u32,
    pub reserved: u32,
    pub this: *mut c_void,
    pub start: unsafe extern "C" fn(*mut c_void),
    pub subscribe: unsafe extern "C" fn(*mut c_void, u64, View),
    pub unsubscribe: unsafe extern "C" fn(*mut c_void, u64, View),
    pub publish: unsafe extern "C" fn(*mut c_void, u64, View, View),
    pub exists: unsafe extern "C" fn(*mut c_void, u64, View),
    pub capabilities: unsafe extern "C" fn(*mut c_void, *mut Capabilities),
    pub stop: unsafe extern "C" fn(*mut c_void, u32),
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub extension: Option<unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_void>,
}

/// Of the option table. Texts are NUL-terminated.
#[repr(C)]
pub struct OptionRow {
    pub key: *const c_char,
    pub kind: *const c_char,
    pub fallback: *const c_char,
    pub meaning: *const c_char,
    pub min: i64,
    pub max: i64,
    pub flags: u32,
    pub reserved: u32,
}

pub type Create = unsafe extern "C" fn(*const Host, *const Setting, usize, *mut c_char, usize) -> *const Broker;

#[repr(C)]
pub struct Plugin {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub name: *const c_char,
    pub version: *const c_char,
    pub options: *const OptionRow,
    pub option_count: usize,
    pub option_size: usize,
    pub create: Create,
}

// Constants in static storage, never written.
unsafe impl Sync for OptionRow {}
unsafe impl Sync for Plugin {}

// The sizes in sdk/abi/plugin.txt: a field forgotten above does not compile.
const _: () = assert!(size_of::<View>() == 16);
const _: () = assert!(size_of::<Setting>() == 32);
const _: () = assert!(size_of::<Message>() == 32);
const _: () = assert!(size_of::<CallResult>() == 40);
const _: () = assert!(size_of::<Capabilities>() == 40);
const _: () = assert!(size_of::<Host>() == 120);
const _: () = assert!(size_of::<Broker>() == 88);
const _: () = assert!(size_of::<OptionRow>() == 56);
const _: () = assert!(size_of::<Plugin>() == 56);
