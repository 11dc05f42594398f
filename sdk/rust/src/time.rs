//! The time of the current call.

use std::cell::Cell;

thread_local! {
    static HANDED_OVER: Cell<u64> = const { Cell::new(0) };
}

pub(crate) fn set(us: u64) {
    HANDED_OVER.set(us);
}

/// Microseconds since 1970-01-01 UTC when the host handed this call over. It stands still during
/// the call, and is 0 at boot. (`std::time` panics on wasm32-unknown-unknown.)
pub fn now_us() -> u64 {
    HANDED_OVER.get()
}
