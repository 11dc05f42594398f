//! The exports of a module: what the macros put between the host and a handler.

use crate::abi::{BootRequest, Code, HttpRequest, JobRequest, JobResult, RECORD_BYTES};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::middleware::Verdict;
use crate::router::Handle;
use crate::{log, random, time, Request};
use std::cell::{Cell, RefCell};

/// Room for a record that is set aside before the snapshot, so that ordinary requests and
/// responses always use the same few pages of memory.
const ROOM: usize = 2048;

const TOO_LONG: &str = "the answer is longer than a record may be; send it with Response::start";

thread_local! {
    static READY: Cell<bool> = const { Cell::new(false) };
    // u64 gives the 8-byte alignment that stackhost_alloc promises.
    static INPUT: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// How an entry export ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With the record in the output area.
    Record,
    /// With nothing more to say.
    Done,
    /// With a negative code.
    Code(Code),
}

/// Prepares the module, once: sets areas aside and makes panics appear in the log.
pub fn setup() {
    if READY.replace(true) {
        return;
    }
    INPUT.with_borrow_mut(|area| area.reserve_exact(ROOM / 8));
    OUTPUT.with_borrow_mut(|area| area.reserve_exact(ROOM));
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| log::error(&panic.to_string(), &[])));
}

/// Gives an 8-aligned area of at least `len` bytes, or null when there is no room. The area is
/// the same each time unless it has to grow.
pub fn alloc(len: usize) -> *mut u8 {
    setup();
    INPUT.with_borrow_mut(|area| {
        let words = len.div_ceil(8);
        if area.capacity() < words {
            // Nothing in it has to be kept, so do not let it be copied.
            *area = Vec::new();
            if area.try_reserve_exact(words).is_err() {
                return std::ptr::null_mut();
            }
        }
        area.as_mut_ptr().cast()
    })
}

/// Runs an HTTP handler on an encoded request.
pub fn http(request: &[u8], handler: &dyn Handle) -> Answer {
    setup();
    let record = match HttpRequest::decode(request) {
        Ok(record) => record,
        Err(e) => return failed(e.into()),
    };
    begin(record.random, record.time_us);
    match handler.handle(&mut Request::new(record)) {
        Ok(response) if response.is_started() => Answer::Done,
        Ok(response) => output(|out| response.encode(out)),
        Err(e) => failed(e),
    }
}

/// Runs a middleware on an encoded request.
pub fn middleware(request: &[u8], decide: fn(&mut Request) -> Result<Verdict>) -> Answer {
    setup();
    let record = match HttpRequest::decode(request) {
        Ok(record) => record,
        Err(e) => return failed(e.into()),
    };
    begin(record.random, record.time_us);
    match decide(&mut Request::new(record)) {
        Ok(verdict) => {
            let mut said = false;
            let answer = output(|out| said = verdict.encode(out));
            if said {
                answer
            } else {
                Answer::Done
            }
        }
        Err(e) => failed(e),
    }
}

/// Runs a job on an encoded request.
pub fn job(request: &[u8], work: fn(&Job) -> Result<Vec<u8>>) -> Answer {
    setup();
    let record = match JobRequest::decode(request) {
        Ok(record) => record,
        Err(e) => return failed(e.into()),
    };
    begin(record.random, record.time_us);
    match work(&record) {
        Ok(result) if result.is_empty() => Answer::Done,
        Ok(result) => output(|out| JobResult { result: &result }.encode(out)),
        Err(e) => failed(e),
    }
}

/// Runs the boot function.
pub fn boot(request: &[u8], prepare: fn(&BootRequest) -> Result<()>) -> Answer {
    setup();
    match BootRequest::decode(request).map_err(Error::from).and_then(|r| prepare(&r)) {
        Ok(()) => Answer::Done,
        Err(e) => failed(e),
    }
}

pub(crate) fn begin(seed: &[u8], time_us: u64) {
    random::seed(seed);
    time::set(time_us);
}

pub(crate) fn output(encode: impl FnOnce(&mut Vec<u8>)) -> Answer {
    OUTPUT.with_borrow_mut(|out| {
        out.clear();
        encode(out);
        match out.len() <= RECORD_BYTES {
            true => Answer::Record,
            false => failed(Error::new(Code::INTERNAL, TOO_LONG)),
        }
    })
}

pub(crate) fn failed(e: Error) -> Answer {
    if !e.text.is_empty() {
        log::error(&e.text, &[("code", e.code.0.into())]);
    }
    // A code that is not negative would be taken for a pointer.
    Answer::Code(if e.code.0 < 0 { e.code } else { Code::INTERNAL })
}

/// The record that the last export ended with.
pub fn with_output<T>(read: impl FnOnce(&[u8]) -> T) -> T {
    OUTPUT.with_borrow(|out| read(out))
}

/// The record that the host wrote at `ptr`.
///
/// # Safety
/// `ptr` and `len` are those that the host passed to the export that is running.
pub unsafe fn input<'a>(ptr: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the area came from `alloc` and nothing writes to it until the export returns.
    unsafe { std::slice::from_raw_parts(ptr, len) }
}

/// The result of an entry export: `ptr << 32 | len`, 0 or a code.
///
/// Outside wasm32 pointers do not fit; there only 0 and codes mean something.
pub fn pack(answer: Answer) -> i64 {
    match answer {
        Answer::Record => {
            with_output(|out| ((out.as_ptr() as u64) << 32 | out.len() as u64) as i64)
        }
        Answer::Done => 0,
        Answer::Code(code) => code.0,
    }
}

#[cfg(target_arch = "wasm32")]
mod exports {
    #[no_mangle]
    extern "C" fn stackhost_abi_1() {}

    #[no_mangle]
    extern "C" fn stackhost_alloc(len: usize) -> *mut u8 {
        super::alloc(len)
    }

    // With WASI the C library's start-up has this name; `stackhost_alloc` prepares the module then.
    #[cfg(not(target_os = "wasi"))]
    #[no_mangle]
    extern "C" fn _initialize() {
        super::setup();
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! export {
    ($name:literal, $run:path, $target:expr) => {
        const _: () = {
            #[export_name = $name]
            extern "C" fn entry(ptr: *const u8, len: usize) -> i64 {
                // SAFETY: only the host calls this, with the record it wrote.
                let request = unsafe { $crate::guest::input(ptr, len) };
                $crate::guest::pack($run(request, $target))
            }
        };
    };
}

/// Makes a function `fn(&mut Request) -> Result` or a [`Router`](crate::Router) the module's HTTP handler.
#[macro_export]
macro_rules! http {
    ($handler:expr) => {
        $crate::export!("stackhost_http", $crate::guest::http, &$handler);
    };
}

/// Makes a function `fn(&mut Request) -> Result<Verdict>` the module's middleware.
#[macro_export]
macro_rules! middleware {
    ($decide:expr) => {
        $crate::export!("stackhost_middleware", $crate::guest::middleware, $decide);
    };
}

/// Makes a function `fn(&Job) -> Result<Vec<u8>>` the module's job handler.
#[macro_export]
macro_rules! job {
    ($work:expr) => {
        $crate::export!("stackhost_job", $crate::guest::job, $work);
    };
}

/// Runs a function `fn(&BootRequest) -> Result<()>` once, before any call.
#[macro_export]
macro_rules! boot {
    ($prepare:expr) => {
        $crate::export!("stackhost_boot", $crate::guest::boot, $prepare);
    };
}

/// Makes [`Commands`](crate::Commands), functions `fn(&mut Command) -> Result<u8>` by name, the module's console commands.
#[macro_export]
macro_rules! commands {
    ($commands:expr) => {
        $crate::export!("stackhost_command", $crate::run_commands, $commands);
    };
}
