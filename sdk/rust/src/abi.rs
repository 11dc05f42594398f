// Generated from abi/v1.json by abi/internal/gen. Do not edit.

//! Constants, codes, import declarations and records of ABI v1, generated from its description.

use crate::msgpack::*;
use crate::value::Value;

/// A body up to this many bytes travels inside its record; a longer one travels through a stream.
pub const INLINE_BODY_BYTES: usize = 65536;
/// The longest encoded record that either side accepts.
pub const RECORD_BYTES: usize = 1048576;
/// The deepest nesting of arrays and maps that a decoder accepts.
pub const DEPTH: usize = 32;
/// The most header fields in one record.
pub const HEADERS: usize = 256;
/// The most streams that one call may have open.
pub const STREAMS: usize = 64;
/// The most calls in one batch, and the most records in any other list that is not a page.
pub const BATCH_CALLS: usize = 64;
/// The most entries in a page: in the list of a record that also has next.
pub const PAGE_ENTRIES: usize = 1000;
/// The longest text that core error returns.
pub const ERROR_TEXT_BYTES: usize = 1024;
/// How many unpredictable bytes each request record brings.
pub const RANDOM_BYTES: usize = 16;

/// A stable code: what went wrong. Codes from [`GUEST_CODES_FROM`] down belong to the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(pub i64);

/// The highest code that a guest may give a meaning of its own.
pub const GUEST_CODES_FROM: i64 = -1000;

impl Code {
    /// The host failed; details are in its records under the request's id.
    pub const INTERNAL: Code = Code(-1);
    /// The request record or an argument is malformed.
    pub const INVALID: Code = Code(-2);
    /// This host does not know the function or the option.
    pub const UNSUPPORTED: Code = Code(-3);
    /// The manifest or a policy does not allow it.
    pub const DENIED: Code = Code(-4);
    /// What was asked for does not exist.
    pub const NOT_FOUND: Code = Code(-5);
    /// The state is not what the call expected.
    pub const CONFLICT: Code = Code(-6);
    /// A size or count limit was reached.
    pub const LIMIT: Code = Code(-7);
    /// The time allowed ran out.
    pub const DEADLINE: Code = Code(-8);
    /// The caller went away.
    pub const CANCELLED: Code = Code(-9);
    /// The stream or response is already closed.
    pub const CLOSED: Code = Code(-10);
    /// The service cannot answer now.
    pub const UNAVAILABLE: Code = Code(-11);
    /// Nothing was done; the same call may succeed at once.
    pub const AGAIN: Code = Code(-12);
    /// The app's quota of bytes, keys or operations is used up.
    pub const QUOTA: Code = Code(-13);
    /// The cluster's disk is full: writes are refused, reads go on.
    pub const STORAGE_FULL: Code = Code(-14);

    /// Its name, or `guest` for one that the ABI does not define.
    pub fn name(self) -> &'static str {
        match self.0 {
            -1 => "internal",
            -2 => "invalid",
            -3 => "unsupported",
            -4 => "denied",
            -5 => "not_found",
            -6 => "conflict",
            -7 => "limit",
            -8 => "deadline",
            -9 => "cancelled",
            -10 => "closed",
            -11 => "unavailable",
            -12 => "again",
            -13 => "quota",
            -14 => "storage_full",
            _ => "guest",
        }
    }

    /// Whether trying the same again can help.
    pub fn retry(self) -> bool {
        matches!(self.0, -8 | -11 | -12 | -14)
    }

    /// The HTTP status that a handler's failure with this code becomes.
    pub fn status(self) -> u16 {
        match self.0 {
            -2 => 400,
            -3 => 501,
            -4 => 403,
            -5 => 404,
            -6 => 409,
            -7 => 413,
            -8 => 504,
            -9 => 499,
            -11 => 503,
            -12 => 503,
            -13 => 507,
            -14 => 507,
            _ => 500,
        }
    }
}

/// Severity of a log record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogLevel(pub u64);

impl LogLevel {
    /// The value `trace`.
    pub const TRACE: LogLevel = LogLevel(0);
    /// The value `debug`.
    pub const DEBUG: LogLevel = LogLevel(1);
    /// The value `info`.
    pub const INFO: LogLevel = LogLevel(2);
    /// The value `warn`.
    pub const WARN: LogLevel = LogLevel(3);
    /// The value `error`.
    pub const ERROR: LogLevel = LogLevel(4);
}

/// What a middleware decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MiddlewareAction(pub u64);

impl MiddlewareAction {
    /// The value `pass`.
    pub const PASS: MiddlewareAction = MiddlewareAction(0);
    /// The value `answer`.
    pub const ANSWER: MiddlewareAction = MiddlewareAction(1);
}

/// What fetch does with a redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redirect(pub u64);

impl Redirect {
    /// The value `follow`.
    pub const FOLLOW: Redirect = Redirect(0);
    /// The value `manual`.
    pub const MANUAL: Redirect = Redirect(1);
    /// The value `error`.
    pub const ERROR: Redirect = Redirect(2);
}

/// How fresh a read has to be: linearizable sees every write acknowledged anywhere before it began; lease relies on clocks; stale is what this node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consistency(pub u64);

impl Consistency {
    /// The value `linearizable`.
    pub const LINEARIZABLE: Consistency = Consistency(0);
    /// The value `lease`.
    pub const LEASE: Consistency = Consistency(1);
    /// The value `stale`.
    pub const STALE: Consistency = Consistency(2);
}

/// Condition on the key that is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KvGuard(pub u64);

impl KvGuard {
    /// The value `any`.
    pub const ANY: KvGuard = KvGuard(0);
    /// The value `absent`.
    pub const ABSENT: KvGuard = KvGuard(1);
    /// The value `version`.
    pub const VERSION: KvGuard = KvGuard(2);
}

/// Kind of a write in a transaction. increment adds to a decimal number kept as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KvWriteKind(pub u64);

impl KvWriteKind {
    /// The value `set`.
    pub const SET: KvWriteKind = KvWriteKind(0);
    /// The value `delete`.
    pub const DELETE: KvWriteKind = KvWriteKind(1);
    /// The value `increment`.
    pub const INCREMENT: KvWriteKind = KvWriteKind(2);
}

/// What a cache has of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheState(pub u64);

impl CacheState {
    /// The value `miss`.
    pub const MISS: CacheState = CacheState(0);
    /// The value `fresh`.
    pub const FRESH: CacheState = CacheState(1);
    /// The value `stale`.
    pub const STALE: CacheState = CacheState(2);
}

/// The host's functions, named capability_function. Structured ones take request, its length, out area,
/// its capacity; all return a length or value, or a negative code.
#[allow(clippy::missing_safety_doc)]
#[cfg(target_arch = "wasm32")]
pub mod imports {
    #[link(wasm_import_module = "stackhost:core@1")]
    extern "C" {
        /// Copies the kept reply of the last call whose reply did not fit its out area, without running that call again. Returns its length; not_found when none is kept. The reply is dropped once it has been copied whole; with too small a cap nothing is copied.
        #[link_name = "take"]
        pub fn core_take(ptr: *mut u8, cap: usize) -> i64;
        /// Copies up to cap bytes of the text that belongs to the last negative code. Returns the text's length.
        #[link_name = "error"]
        pub fn core_error(ptr: *mut u8, cap: usize) -> i64;
        /// Runs several structured calls concurrently and answers in their order. take, error, streams and batch itself cannot be batched.
        #[link_name = "batch"]
        pub fn core_batch(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Reads up to cap bytes from a stream. Blocks until there is at least one byte. 0 is the end of the stream (or cap was 0).
        #[link_name = "read"]
        pub fn core_read(stream: u32, ptr: *mut u8, cap: usize) -> i64;
        /// Writes len bytes to a stream, all or none but a code. Blocks while the receiver is slow.
        #[link_name = "write"]
        pub fn core_write(stream: u32, ptr: *const u8, len: usize) -> i64;
        /// Closes a stream. Closing twice answers closed.
        #[link_name = "close"]
        pub fn core_close(stream: u32) -> i64;
        /// Writes a log record with a level and fields.
        #[link_name = "log"]
        pub fn core_log(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Reads a value of the module's config table in the manifest. An empty key reads the whole table.
        #[link_name = "config"]
        pub fn core_config(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Reads a secret that the manifest grants to this module by reference.
        #[link_name = "secret"]
        pub fn core_secret(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Tells which version of a capability this host has and whether this module may use it.
        #[link_name = "supports"]
        pub fn core_supports(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
    }

    #[link(wasm_import_module = "stackhost:http@1")]
    extern "C" {
        /// Sends the status and headers (and the body field as the first bytes of the body) now and returns a stream for the rest of the body. Once per request; again answers closed. The response ends when the stream is closed or the entry export returns 0.
        #[link_name = "respond"]
        pub fn http_respond(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Makes what was written so far leave the host now. Otherwise it leaves when the host's buffer is full or the answer ends.
        #[link_name = "flush"]
        pub fn http_flush(stream: u32) -> i64;
    }

    #[link(wasm_import_module = "stackhost:fetch@1")]
    extern "C" {
        /// Sends a request and waits for its response. HTTP error statuses are responses, not codes. denied: a host, a redirect hop or a resolved address is not granted.
        #[link_name = "send"]
        pub fn fetch_send(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
    }

    #[link(wasm_import_module = "stackhost:kv@1")]
    extern "C" {
        /// Reads a key.
        #[link_name = "get"]
        pub fn kv_get(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Writes a key. conflict: the guard does not hold; quota; storage_full.
        #[link_name = "set"]
        pub fn kv_set(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Deletes a key.
        #[link_name = "delete"]
        pub fn kv_delete(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Adds to a counter. conflict: the value is not a number.
        #[link_name = "increment"]
        pub fn kv_increment(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Reads keys in order, a page at a time.
        #[link_name = "scan"]
        pub fn kv_scan(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Does several writes under conditions, together or not at all.
        #[link_name = "transact"]
        pub fn kv_transact(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
    }

    #[link(wasm_import_module = "stackhost:cache@1")]
    extern "C" {
        /// Reads a key, without asking other nodes.
        #[link_name = "get"]
        pub fn cache_get(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Reads a key or, for one caller in the cluster, gives the right to make it.
        #[link_name = "fill"]
        pub fn cache_fill(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Stores a value.
        #[link_name = "put"]
        pub fn cache_put(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Invalidates all entries with a tag.
        #[link_name = "invalidate"]
        pub fn cache_invalidate(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Deletes a key.
        #[link_name = "delete"]
        pub fn cache_delete(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Empties a namespace.
        #[link_name = "clear"]
        pub fn cache_clear(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
    }

    #[link(wasm_import_module = "stackhost:lock@1")]
    extern "C" {
        /// Takes a lock. conflict: somebody else holds it.
        #[link_name = "acquire"]
        pub fn lock_acquire(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Makes a lease last longer. conflict: it has ended.
        #[link_name = "renew"]
        pub fn lock_renew(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Ends a lease.
        #[link_name = "release"]
        pub fn lock_release(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
    }

    #[link(wasm_import_module = "stackhost:blob@1")]
    extern "C" {
        /// Stores a short blob in one call.
        #[link_name = "put"]
        pub fn blob_put(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Begins a blob: write its content to the stream, then commit. Closing the stream gives it up.
        #[link_name = "write"]
        pub fn blob_write(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Makes a written blob visible. conflict: the guard does not hold.
        #[link_name = "commit"]
        pub fn blob_commit(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Reads a blob or a part of it.
        #[link_name = "read"]
        pub fn blob_read(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Tells what is known of a blob.
        #[link_name = "stat"]
        pub fn blob_stat(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Deletes a blob.
        #[link_name = "delete"]
        pub fn blob_delete(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
        /// Lists blobs in order of their keys.
        #[link_name = "list"]
        pub fn blob_list(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
    }

    #[link(wasm_import_module = "stackhost:secret@1")]
    extern "C" {
        /// Reads a secret. not_found: it is not set.
        #[link_name = "get"]
        pub fn secret_get(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64;
    }
}

/// The functions of the test host, in place of imports.
#[allow(clippy::missing_safety_doc)]
#[cfg(not(target_arch = "wasm32"))]
pub mod imports {
    use crate::testing;

    /// Copies the kept reply of the last call whose reply did not fit its out area, without running that call again. Returns its length; not_found when none is kept. The reply is dropped once it has been copied whole; with too small a cap nothing is copied.
    pub unsafe extern "C" fn core_take(ptr: *mut u8, cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::core_take(ptr, cap) }
    }

    /// Copies up to cap bytes of the text that belongs to the last negative code. Returns the text's length.
    pub unsafe extern "C" fn core_error(ptr: *mut u8, cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::core_error(ptr, cap) }
    }

    /// Runs several structured calls concurrently and answers in their order. take, error, streams and batch itself cannot be batched.
    pub unsafe extern "C" fn core_batch(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("core", "batch", (request, request_len), (out, out_cap)) }
    }

    /// Reads up to cap bytes from a stream. Blocks until there is at least one byte. 0 is the end of the stream (or cap was 0).
    pub unsafe extern "C" fn core_read(stream: u32, ptr: *mut u8, cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::core_read(stream, ptr, cap) }
    }

    /// Writes len bytes to a stream, all or none but a code. Blocks while the receiver is slow.
    pub unsafe extern "C" fn core_write(stream: u32, ptr: *const u8, len: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::core_write(stream, ptr, len) }
    }

    /// Closes a stream. Closing twice answers closed.
    pub unsafe extern "C" fn core_close(stream: u32) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::core_close(stream) }
    }

    /// Writes a log record with a level and fields.
    pub unsafe extern "C" fn core_log(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("core", "log", (request, request_len), (out, out_cap)) }
    }

    /// Reads a value of the module's config table in the manifest. An empty key reads the whole table.
    pub unsafe extern "C" fn core_config(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("core", "config", (request, request_len), (out, out_cap)) }
    }

    /// Reads a secret that the manifest grants to this module by reference.
    pub unsafe extern "C" fn core_secret(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("core", "secret", (request, request_len), (out, out_cap)) }
    }

    /// Tells which version of a capability this host has and whether this module may use it.
    pub unsafe extern "C" fn core_supports(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("core", "supports", (request, request_len), (out, out_cap)) }
    }

    /// Sends the status and headers (and the body field as the first bytes of the body) now and returns a stream for the rest of the body. Once per request; again answers closed. The response ends when the stream is closed or the entry export returns 0.
    pub unsafe extern "C" fn http_respond(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("http", "respond", (request, request_len), (out, out_cap)) }
    }

    /// Makes what was written so far leave the host now. Otherwise it leaves when the host's buffer is full or the answer ends.
    pub unsafe extern "C" fn http_flush(stream: u32) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::http_flush(stream) }
    }

    /// Sends a request and waits for its response. HTTP error statuses are responses, not codes. denied: a host, a redirect hop or a resolved address is not granted.
    pub unsafe extern "C" fn fetch_send(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("fetch", "send", (request, request_len), (out, out_cap)) }
    }

    /// Reads a key.
    pub unsafe extern "C" fn kv_get(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("kv", "get", (request, request_len), (out, out_cap)) }
    }

    /// Writes a key. conflict: the guard does not hold; quota; storage_full.
    pub unsafe extern "C" fn kv_set(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("kv", "set", (request, request_len), (out, out_cap)) }
    }

    /// Deletes a key.
    pub unsafe extern "C" fn kv_delete(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("kv", "delete", (request, request_len), (out, out_cap)) }
    }

    /// Adds to a counter. conflict: the value is not a number.
    pub unsafe extern "C" fn kv_increment(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("kv", "increment", (request, request_len), (out, out_cap)) }
    }

    /// Reads keys in order, a page at a time.
    pub unsafe extern "C" fn kv_scan(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("kv", "scan", (request, request_len), (out, out_cap)) }
    }

    /// Does several writes under conditions, together or not at all.
    pub unsafe extern "C" fn kv_transact(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("kv", "transact", (request, request_len), (out, out_cap)) }
    }

    /// Reads a key, without asking other nodes.
    pub unsafe extern "C" fn cache_get(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("cache", "get", (request, request_len), (out, out_cap)) }
    }

    /// Reads a key or, for one caller in the cluster, gives the right to make it.
    pub unsafe extern "C" fn cache_fill(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("cache", "fill", (request, request_len), (out, out_cap)) }
    }

    /// Stores a value.
    pub unsafe extern "C" fn cache_put(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("cache", "put", (request, request_len), (out, out_cap)) }
    }

    /// Invalidates all entries with a tag.
    pub unsafe extern "C" fn cache_invalidate(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("cache", "invalidate", (request, request_len), (out, out_cap)) }
    }

    /// Deletes a key.
    pub unsafe extern "C" fn cache_delete(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("cache", "delete", (request, request_len), (out, out_cap)) }
    }

    /// Empties a namespace.
    pub unsafe extern "C" fn cache_clear(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("cache", "clear", (request, request_len), (out, out_cap)) }
    }

    /// Takes a lock. conflict: somebody else holds it.
    pub unsafe extern "C" fn lock_acquire(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("lock", "acquire", (request, request_len), (out, out_cap)) }
    }

    /// Makes a lease last longer. conflict: it has ended.
    pub unsafe extern "C" fn lock_renew(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("lock", "renew", (request, request_len), (out, out_cap)) }
    }

    /// Ends a lease.
    pub unsafe extern "C" fn lock_release(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("lock", "release", (request, request_len), (out, out_cap)) }
    }

    /// Stores a short blob in one call.
    pub unsafe extern "C" fn blob_put(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("blob", "put", (request, request_len), (out, out_cap)) }
    }

    /// Begins a blob: write its content to the stream, then commit. Closing the stream gives it up.
    pub unsafe extern "C" fn blob_write(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("blob", "write", (request, request_len), (out, out_cap)) }
    }

    /// Makes a written blob visible. conflict: the guard does not hold.
    pub unsafe extern "C" fn blob_commit(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("blob", "commit", (request, request_len), (out, out_cap)) }
    }

    /// Reads a blob or a part of it.
    pub unsafe extern "C" fn blob_read(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("blob", "read", (request, request_len), (out, out_cap)) }
    }

    /// Tells what is known of a blob.
    pub unsafe extern "C" fn blob_stat(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("blob", "stat", (request, request_len), (out, out_cap)) }
    }

    /// Deletes a blob.
    pub unsafe extern "C" fn blob_delete(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("blob", "delete", (request, request_len), (out, out_cap)) }
    }

    /// Lists blobs in order of their keys.
    pub unsafe extern "C" fn blob_list(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("blob", "list", (request, request_len), (out, out_cap)) }
    }

    /// Reads a secret. not_found: it is not set.
    pub unsafe extern "C" fn secret_get(request: *const u8, request_len: usize, out: *mut u8, out_cap: usize) -> i64 {
        // SAFETY: the caller's promise is passed on.
        unsafe { testing::call("secret", "get", (request, request_len), (out, out_cap)) }
    }
}

/// Input of stackhost_boot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BootRequest<'a> {
    /// Name of the app.
    pub app: &'a str,
    /// Name of the module in the manifest.
    pub module: &'a str,
    /// For interpreter engines: the app's bundled source text. Empty otherwise.
    pub source: &'a [u8],
    /// File name to show in error texts for source.
    pub source_name: &'a str,
}

impl<'a> BootRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.app = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.module = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.source = d.bin()?;
        }
        if n > 3 && !d.nil() {
            r.source_name = d.str()?;
        }
        d.leave(4, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 4);
        put_str(out, self.app);
        put_str(out, self.module);
        put_bin(out, self.source);
        put_str(out, self.source_name);
    }
}

/// An HTTP request as received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpRequest<'a> {
    /// Method, as sent: GET, POST …
    pub method: &'a str,
    /// Path of the request target, as sent (still percent-encoded), beginning with /.
    pub path: &'a str,
    /// Query of the request target, as sent, without the question mark.
    pub query: &'a str,
    /// http or https.
    pub scheme: &'a str,
    /// Host header, with the port when one was sent.
    pub host: &'a str,
    /// Header fields in the order received, repeats kept, names in lower case.
    pub headers: Headers<'a>,
    /// Values of the route pattern's wildcards, percent-decoded.
    pub params: Pairs<'a>,
    /// The whole body when it is no longer than inline_body_bytes and body_stream is 0; empty otherwise.
    pub body: &'a [u8],
    /// Stream to read the body from, or 0 when body holds all of it.
    pub body_stream: u64,
    /// Length of the body in bytes, or -1 when it is not known in advance.
    pub body_length: i64,
    /// IP address of the client.
    pub remote: &'a str,
    /// Request id, also in the host's records and the X-Request-Id response header.
    pub id: &'a str,
    /// W3C traceparent to pass on to other services, or empty.
    pub traceparent: &'a str,
    /// The route pattern that matched.
    pub route: &'a str,
    /// Milliseconds left for this request.
    pub timeout_ms: u64,
    /// Microseconds since 1970-01-01 UTC when the host handed over the request.
    pub time_us: u64,
    /// random_bytes unpredictable bytes, never given twice: the seed for this request's random numbers.
    pub random: &'a [u8],
}

impl<'a> HttpRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.method = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.path = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.query = d.str()?;
        }
        if n > 3 && !d.nil() {
            r.scheme = d.str()?;
        }
        if n > 4 && !d.nil() {
            r.host = d.str()?;
        }
        if n > 5 && !d.nil() {
            r.headers = d.headers()?;
        }
        if n > 6 && !d.nil() {
            r.params = d.pairs()?;
        }
        if n > 7 && !d.nil() {
            r.body = d.bin()?;
        }
        if n > 8 && !d.nil() {
            r.body_stream = d.uint()?;
        }
        if n > 9 && !d.nil() {
            r.body_length = d.int()?;
        }
        if n > 10 && !d.nil() {
            r.remote = d.str()?;
        }
        if n > 11 && !d.nil() {
            r.id = d.str()?;
        }
        if n > 12 && !d.nil() {
            r.traceparent = d.str()?;
        }
        if n > 13 && !d.nil() {
            r.route = d.str()?;
        }
        if n > 14 && !d.nil() {
            r.timeout_ms = d.uint()?;
        }
        if n > 15 && !d.nil() {
            r.time_us = d.uint()?;
        }
        if n > 16 && !d.nil() {
            r.random = d.bin()?;
        }
        d.leave(17, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 17);
        put_str(out, self.method);
        put_str(out, self.path);
        put_str(out, self.query);
        put_str(out, self.scheme);
        put_str(out, self.host);
        put_headers(out, &self.headers);
        put_pairs(out, &self.params);
        put_bin(out, self.body);
        put_uint(out, self.body_stream);
        put_int(out, self.body_length);
        put_str(out, self.remote);
        put_str(out, self.id);
        put_str(out, self.traceparent);
        put_str(out, self.route);
        put_uint(out, self.timeout_ms);
        put_uint(out, self.time_us);
        put_bin(out, self.random);
    }
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpResponse<'a> {
    /// Status code, 200 to 599. 0 means 200.
    pub status: u64,
    /// Header fields, repeats kept. Connection-level fields (connection, content-length, transfer-encoding, …) are the host's and are ignored.
    pub headers: Headers<'a>,
    /// The body, or its first bytes with respond.
    pub body: &'a [u8],
}

impl<'a> Default for HttpResponse<'a> {
    fn default() -> Self {
        HttpResponse {
            status: 200,
            headers: Default::default(),
            body: Default::default(),
        }
    }
}

impl<'a> HttpResponse<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.status = d.uint()?;
        }
        if n > 1 && !d.nil() {
            r.headers = d.headers()?;
        }
        if n > 2 && !d.nil() {
            r.body = d.bin()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_uint(out, self.status);
        put_headers(out, &self.headers);
        put_bin(out, self.body);
    }
}

/// What a middleware decided about a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MiddlewareResult<'a> {
    /// pass or answer.
    pub action: MiddlewareAction,
    /// The answer, with action answer.
    pub response: HttpResponse<'a>,
    /// Request headers to set before passing on; each replaces all fields of its name.
    pub set_headers: Headers<'a>,
    /// Request headers to remove before passing on.
    pub remove_headers: Vec<&'a str>,
    /// New path for the handler, or empty. The route stays the one that matched.
    pub path: &'a str,
    /// Headers to set on the response that the handler will give.
    pub response_headers: Headers<'a>,
}

impl<'a> MiddlewareResult<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.action = d.uint().map(MiddlewareAction)?;
        }
        if n > 1 && !d.nil() {
            r.response = HttpResponse::read(d)?;
        }
        if n > 2 && !d.nil() {
            r.set_headers = d.headers()?;
        }
        if n > 3 && !d.nil() {
            r.remove_headers = d.list(|d| d.str())?;
        }
        if n > 4 && !d.nil() {
            r.path = d.str()?;
        }
        if n > 5 && !d.nil() {
            r.response_headers = d.headers()?;
        }
        d.leave(6, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 6);
        put_uint(out, self.action.0);
        self.response.encode(out);
        put_headers(out, &self.set_headers);
        put_array(out, self.remove_headers.len());
        self.remove_headers.iter().for_each(|v| put_str(out, v));
        put_str(out, self.path);
        put_headers(out, &self.response_headers);
    }
}

/// A piece of background work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobRequest<'a> {
    /// Job id, the same in every attempt.
    pub id: &'a str,
    /// What kind of work it is.
    pub name: &'a str,
    /// The work's input.
    pub payload: &'a [u8],
    /// 1 for the first attempt.
    pub attempt: u64,
    /// Milliseconds left for this attempt.
    pub timeout_ms: u64,
    /// As in HttpRequest.
    pub time_us: u64,
    /// As in HttpRequest.
    pub random: &'a [u8],
}

impl<'a> JobRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.id = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.name = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.payload = d.bin()?;
        }
        if n > 3 && !d.nil() {
            r.attempt = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.timeout_ms = d.uint()?;
        }
        if n > 5 && !d.nil() {
            r.time_us = d.uint()?;
        }
        if n > 6 && !d.nil() {
            r.random = d.bin()?;
        }
        d.leave(7, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 7);
        put_str(out, self.id);
        put_str(out, self.name);
        put_bin(out, self.payload);
        put_uint(out, self.attempt);
        put_uint(out, self.timeout_ms);
        put_uint(out, self.time_us);
        put_bin(out, self.random);
    }
}

/// Outcome of a job that was done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobResult<'a> {
    /// What the job produced.
    pub result: &'a [u8],
}

impl<'a> JobResult<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.result = d.bin()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_bin(out, self.result);
    }
}

/// A console command that somebody runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommandRequest<'a> {
    /// Name of the command, as the manifest declares it.
    pub name: &'a str,
    /// What was written after the name.
    pub args: Vec<&'a str>,
    /// Stream to read the input from; its end is the end of the input.
    pub stdin: u64,
    /// Stream to write the output to. What is written arrives at once.
    pub stdout: u64,
    /// Stream to write messages to.
    pub stderr: u64,
    /// Width of the terminal that shows standard error, where progress is drawn; 0 when it is none.
    pub columns: u64,
    /// Id of this run, also in the host's records.
    pub id: &'a str,
    /// Milliseconds left for this run.
    pub timeout_ms: u64,
    /// As in HttpRequest.
    pub time_us: u64,
    /// As in HttpRequest.
    pub random: &'a [u8],
}

impl<'a> CommandRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.name = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.args = d.list(|d| d.str())?;
        }
        if n > 2 && !d.nil() {
            r.stdin = d.uint()?;
        }
        if n > 3 && !d.nil() {
            r.stdout = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.stderr = d.uint()?;
        }
        if n > 5 && !d.nil() {
            r.columns = d.uint()?;
        }
        if n > 6 && !d.nil() {
            r.id = d.str()?;
        }
        if n > 7 && !d.nil() {
            r.timeout_ms = d.uint()?;
        }
        if n > 8 && !d.nil() {
            r.time_us = d.uint()?;
        }
        if n > 9 && !d.nil() {
            r.random = d.bin()?;
        }
        d.leave(10, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 10);
        put_str(out, self.name);
        put_array(out, self.args.len());
        self.args.iter().for_each(|v| put_str(out, v));
        put_uint(out, self.stdin);
        put_uint(out, self.stdout);
        put_uint(out, self.stderr);
        put_uint(out, self.columns);
        put_str(out, self.id);
        put_uint(out, self.timeout_ms);
        put_uint(out, self.time_us);
        put_bin(out, self.random);
    }
}

/// Outcome of a console command.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommandResult {
    /// Exit code, 0 to 255; 0 is success.
    pub exit: u64,
}

impl CommandResult {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.exit = d.uint()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_uint(out, self.exit);
    }
}

/// A stream to use with core read, write and close.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamReply {
    /// Stream handle, never 0. Valid until it is closed or the entry export returns.
    pub stream: u64,
}

impl StreamReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.stream = d.uint()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_uint(out, self.stream);
    }
}

/// A log record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogRecord<'a> {
    /// Severity.
    pub level: LogLevel,
    /// What happened.
    pub message: &'a str,
    /// A map of further fields, or nil.
    pub fields: Value<'a>,
}

impl<'a> LogRecord<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.level = d.uint().map(LogLevel)?;
        }
        if n > 1 && !d.nil() {
            r.message = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.fields = d.value()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_uint(out, self.level.0);
        put_str(out, self.message);
        put_value(out, &self.fields);
    }
}

/// Which config value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigRequest<'a> {
    /// Key, dots for nested tables; empty for the whole table.
    pub key: &'a str,
}

impl<'a> ConfigRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.key = d.str()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_str(out, self.key);
    }
}

/// A config value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigReply<'a> {
    /// The value as written in the manifest.
    pub value: Value<'a>,
}

impl<'a> ConfigReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.value = d.value()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_value(out, &self.value);
    }
}

/// Which secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretRequest<'a> {
    /// Name of the secret in the module's manifest table.
    pub name: &'a str,
}

impl<'a> SecretRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.name = d.str()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_str(out, self.name);
    }
}

/// A secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretReply<'a> {
    /// The secret's bytes.
    pub value: &'a [u8],
}

impl<'a> SecretReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.value = d.bin()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_bin(out, self.value);
    }
}

/// Which capability.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupportsRequest<'a> {
    /// Name of a capability.
    pub capability: &'a str,
}

impl<'a> SupportsRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.capability = d.str()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_str(out, self.capability);
    }
}

/// What this host offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupportsReply<'a> {
    /// Major version, 0 when the host does not have the capability.
    pub version: u64,
    /// Whether this module may use it.
    pub granted: bool,
    /// Names of the functions this host knows.
    pub functions: Vec<&'a str>,
}

impl<'a> SupportsReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.version = d.uint()?;
        }
        if n > 1 && !d.nil() {
            r.granted = d.bool()?;
        }
        if n > 2 && !d.nil() {
            r.functions = d.list(|d| d.str())?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_uint(out, self.version);
        put_bool(out, self.granted);
        put_array(out, self.functions.len());
        self.functions.iter().for_each(|v| put_str(out, v));
    }
}

/// Several calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchRequest<'a> {
    /// The calls, at most batch_calls.
    pub calls: Vec<BatchCall<'a>>,
}

impl<'a> BatchRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.calls = d.list(BatchCall::read)?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_array(out, self.calls.len());
        self.calls.iter().for_each(|v| v.encode(out));
    }
}

/// One call of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchCall<'a> {
    /// Name of the capability.
    pub capability: &'a str,
    /// Name of a function of shape call.
    pub function: &'a str,
    /// Its encoded request record.
    pub request: &'a [u8],
}

impl<'a> BatchCall<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.capability = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.function = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.request = d.bin()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_str(out, self.capability);
        put_str(out, self.function);
        put_bin(out, self.request);
    }
}

/// Replies of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchReply<'a> {
    /// One for each call, in order.
    pub results: Vec<BatchResult<'a>>,
}

impl<'a> BatchReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.results = d.list(BatchResult::read)?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_array(out, self.results.len());
        self.results.iter().for_each(|v| v.encode(out));
    }
}

/// Reply to one call of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchResult<'a> {
    /// 0, or a negative code.
    pub code: i64,
    /// The encoded reply record.
    pub reply: &'a [u8],
    /// The text that belongs to code.
    pub error: &'a str,
}

impl<'a> BatchResult<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.code = d.int()?;
        }
        if n > 1 && !d.nil() {
            r.reply = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.error = d.str()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_int(out, self.code);
        put_bin(out, self.reply);
        put_str(out, self.error);
    }
}

/// An outbound HTTP request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchRequest<'a> {
    /// Method; empty means GET.
    pub method: &'a str,
    /// Absolute http or https URL.
    pub url: &'a str,
    /// Header fields.
    pub headers: Headers<'a>,
    /// The body, when body_stream is 0.
    pub body: &'a [u8],
    /// An open readable stream to send as the body, or 0.
    pub body_stream: u64,
    /// Milliseconds for the whole exchange; 0 for the grant's default. Never beyond this call's own deadline.
    pub timeout_ms: u64,
    /// What to do with redirects.
    pub redirect: Redirect,
    /// Most response body bytes to accept; 0 for the grant's limit.
    pub max_bytes: u64,
}

impl<'a> FetchRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.method = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.url = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.headers = d.headers()?;
        }
        if n > 3 && !d.nil() {
            r.body = d.bin()?;
        }
        if n > 4 && !d.nil() {
            r.body_stream = d.uint()?;
        }
        if n > 5 && !d.nil() {
            r.timeout_ms = d.uint()?;
        }
        if n > 6 && !d.nil() {
            r.redirect = d.uint().map(Redirect)?;
        }
        if n > 7 && !d.nil() {
            r.max_bytes = d.uint()?;
        }
        d.leave(8, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 8);
        put_str(out, self.method);
        put_str(out, self.url);
        put_headers(out, &self.headers);
        put_bin(out, self.body);
        put_uint(out, self.body_stream);
        put_uint(out, self.timeout_ms);
        put_uint(out, self.redirect.0);
        put_uint(out, self.max_bytes);
    }
}

/// Response to an outbound HTTP request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchResponse<'a> {
    /// Status code.
    pub status: u64,
    /// Header fields, names in lower case.
    pub headers: Headers<'a>,
    /// The whole body when body_stream is 0.
    pub body: &'a [u8],
    /// Stream to read the body from, or 0.
    pub body_stream: u64,
    /// URL of the last hop.
    pub url: &'a str,
}

impl<'a> FetchResponse<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.status = d.uint()?;
        }
        if n > 1 && !d.nil() {
            r.headers = d.headers()?;
        }
        if n > 2 && !d.nil() {
            r.body = d.bin()?;
        }
        if n > 3 && !d.nil() {
            r.body_stream = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.url = d.str()?;
        }
        d.leave(5, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 5);
        put_uint(out, self.status);
        put_headers(out, &self.headers);
        put_bin(out, self.body);
        put_uint(out, self.body_stream);
        put_str(out, self.url);
    }
}

/// Reads a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvGetRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key, 1 to 1,024 bytes.
    pub key: &'a [u8],
    /// How fresh the answer has to be.
    pub consistency: Consistency,
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    pub max_staleness_ms: u64,
}

impl<'a> KvGetRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.consistency = d.uint().map(Consistency)?;
        }
        if n > 3 && !d.nil() {
            r.max_staleness_ms = d.uint()?;
        }
        d.leave(4, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 4);
        put_str(out, self.namespace);
        put_bin(out, self.key);
        put_uint(out, self.consistency.0);
        put_uint(out, self.max_staleness_ms);
    }
}

/// A key's value. An absent key is no error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvGetReply<'a> {
    /// Whether the key is there.
    pub found: bool,
    /// Value.
    pub value: &'a [u8],
    /// Rises with each write of the key; for guards.
    pub version: u64,
    /// When the key goes, in ms since the Unix epoch; 0: never.
    pub expires_ms: u64,
}

impl<'a> KvGetReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.found = d.bool()?;
        }
        if n > 1 && !d.nil() {
            r.value = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.version = d.uint()?;
        }
        if n > 3 && !d.nil() {
            r.expires_ms = d.uint()?;
        }
        d.leave(4, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 4);
        put_bool(out, self.found);
        put_bin(out, self.value);
        put_uint(out, self.version);
        put_uint(out, self.expires_ms);
    }
}

/// Writes a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvSetRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key, 1 to 1,024 bytes.
    pub key: &'a [u8],
    /// Value, at most 256 KiB.
    pub value: &'a [u8],
    /// How long the key lives; 0: for ever.
    pub ttl_ms: u64,
    /// Condition; conflict when it does not hold.
    pub guard: KvGuard,
    /// With guard version: the key's version; 0: it is absent.
    pub version: u64,
}

impl<'a> KvSetRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.value = d.bin()?;
        }
        if n > 3 && !d.nil() {
            r.ttl_ms = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.guard = d.uint().map(KvGuard)?;
        }
        if n > 5 && !d.nil() {
            r.version = d.uint()?;
        }
        d.leave(6, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 6);
        put_str(out, self.namespace);
        put_bin(out, self.key);
        put_bin(out, self.value);
        put_uint(out, self.ttl_ms);
        put_uint(out, self.guard.0);
        put_uint(out, self.version);
    }
}

/// Outcome of a write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvSetReply {
    /// The key's version now.
    pub version: u64,
}

impl KvSetReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.version = d.uint()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_uint(out, self.version);
    }
}

/// Deletes a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvDeleteRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key, 1 to 1,024 bytes.
    pub key: &'a [u8],
    /// Condition; conflict when it does not hold.
    pub guard: KvGuard,
    /// With guard version: the key's version; 0: it is absent.
    pub version: u64,
}

impl<'a> KvDeleteRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.guard = d.uint().map(KvGuard)?;
        }
        if n > 3 && !d.nil() {
            r.version = d.uint()?;
        }
        d.leave(4, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 4);
        put_str(out, self.namespace);
        put_bin(out, self.key);
        put_uint(out, self.guard.0);
        put_uint(out, self.version);
    }
}

/// Outcome of a deletion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvDeleteReply {
    /// Whether the key was there.
    pub existed: bool,
}

impl KvDeleteReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.existed = d.bool()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_bool(out, self.existed);
    }
}

/// Adds to a counter; an absent key counts as 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvIncrementRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key, 1 to 1,024 bytes.
    pub key: &'a [u8],
    /// What to add.
    pub delta: i64,
}

impl<'a> KvIncrementRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.delta = d.int()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_str(out, self.namespace);
        put_bin(out, self.key);
        put_int(out, self.delta);
    }
}

/// A counter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvIncrementReply {
    /// Its value now.
    pub value: i64,
    /// The key's version now.
    pub version: u64,
}

impl KvIncrementReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.value = d.int()?;
        }
        if n > 1 && !d.nil() {
            r.version = d.uint()?;
        }
        d.leave(2, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 2);
        put_int(out, self.value);
        put_uint(out, self.version);
    }
}

/// Reads a page of keys in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvScanRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Only keys that begin so.
    pub prefix: &'a [u8],
    /// next of the page before; empty for the first.
    pub after: &'a [u8],
    /// Most entries, up to 1,000; 0 means 100.
    pub limit: u64,
    /// Leave out values.
    pub keys_only: bool,
    /// In descending order.
    pub reverse: bool,
    /// How fresh the answer has to be.
    pub consistency: Consistency,
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    pub max_staleness_ms: u64,
}

impl<'a> KvScanRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.prefix = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.after = d.bin()?;
        }
        if n > 3 && !d.nil() {
            r.limit = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.keys_only = d.bool()?;
        }
        if n > 5 && !d.nil() {
            r.reverse = d.bool()?;
        }
        if n > 6 && !d.nil() {
            r.consistency = d.uint().map(Consistency)?;
        }
        if n > 7 && !d.nil() {
            r.max_staleness_ms = d.uint()?;
        }
        d.leave(8, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 8);
        put_str(out, self.namespace);
        put_bin(out, self.prefix);
        put_bin(out, self.after);
        put_uint(out, self.limit);
        put_bool(out, self.keys_only);
        put_bool(out, self.reverse);
        put_uint(out, self.consistency.0);
        put_uint(out, self.max_staleness_ms);
    }
}

/// A key in a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvEntry<'a> {
    /// Key.
    pub key: &'a [u8],
    /// Value; empty with keys_only.
    pub value: &'a [u8],
    /// Version.
    pub version: u64,
    /// When the key goes; 0: never.
    pub expires_ms: u64,
}

impl<'a> KvEntry<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.key = d.bin()?;
        }
        if n > 1 && !d.nil() {
            r.value = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.version = d.uint()?;
        }
        if n > 3 && !d.nil() {
            r.expires_ms = d.uint()?;
        }
        d.leave(4, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 4);
        put_bin(out, self.key);
        put_bin(out, self.value);
        put_uint(out, self.version);
        put_uint(out, self.expires_ms);
    }
}

/// A page of keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvScanReply<'a> {
    /// Entries in order.
    pub entries: Vec<KvEntry<'a>>,
    /// What to give as after for the next page; empty at the end.
    pub next: &'a [u8],
    /// Index of the log that the page is of; for ranges of a transaction.
    pub index: u64,
}

impl<'a> KvScanReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.entries = d.list(KvEntry::read)?;
        }
        if n > 1 && !d.nil() {
            r.next = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.index = d.uint()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_array(out, self.entries.len());
        self.entries.iter().for_each(|v| v.encode(out));
        put_bin(out, self.next);
        put_uint(out, self.index);
    }
}

/// Condition on a key in a transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvCheck<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key.
    pub key: &'a [u8],
    /// The key's version; 0: the key is absent.
    pub version: u64,
}

impl<'a> KvCheck<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.version = d.uint()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_str(out, self.namespace);
        put_bin(out, self.key);
        put_uint(out, self.version);
    }
}

/// Condition on all keys with a prefix: none changed since an index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvRange<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Prefix.
    pub prefix: &'a [u8],
    /// Index of a scan.
    pub index: u64,
}

impl<'a> KvRange<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.prefix = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.index = d.uint()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_str(out, self.namespace);
        put_bin(out, self.prefix);
        put_uint(out, self.index);
    }
}

/// One write of a transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvWrite<'a> {
    /// Kind.
    pub kind: KvWriteKind,
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key.
    pub key: &'a [u8],
    /// Value, for set.
    pub value: &'a [u8],
    /// How long the key lives, for set; 0: for ever.
    pub ttl_ms: u64,
    /// What to add, for increment.
    pub delta: i64,
}

impl<'a> KvWrite<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.kind = d.uint().map(KvWriteKind)?;
        }
        if n > 1 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.key = d.bin()?;
        }
        if n > 3 && !d.nil() {
            r.value = d.bin()?;
        }
        if n > 4 && !d.nil() {
            r.ttl_ms = d.uint()?;
        }
        if n > 5 && !d.nil() {
            r.delta = d.int()?;
        }
        d.leave(6, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 6);
        put_uint(out, self.kind.0);
        put_str(out, self.namespace);
        put_bin(out, self.key);
        put_bin(out, self.value);
        put_uint(out, self.ttl_ms);
        put_int(out, self.delta);
    }
}

/// When all conditions hold, all writes are done; else none, with conflict. At most 64 together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvTransactRequest<'a> {
    /// Conditions on keys.
    pub checks: Vec<KvCheck<'a>>,
    /// Conditions on prefixes.
    pub ranges: Vec<KvRange<'a>>,
    /// Writes.
    pub writes: Vec<KvWrite<'a>>,
}

impl<'a> KvTransactRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.checks = d.list(KvCheck::read)?;
        }
        if n > 1 && !d.nil() {
            r.ranges = d.list(KvRange::read)?;
        }
        if n > 2 && !d.nil() {
            r.writes = d.list(KvWrite::read)?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_array(out, self.checks.len());
        self.checks.iter().for_each(|v| v.encode(out));
        put_array(out, self.ranges.len());
        self.ranges.iter().for_each(|v| v.encode(out));
        put_array(out, self.writes.len());
        self.writes.iter().for_each(|v| v.encode(out));
    }
}

/// Outcome of one write of a transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvResult {
    /// The key's version now; 0 after a deletion.
    pub version: u64,
    /// Whether the key was there before.
    pub existed: bool,
    /// Of an increment: the sum.
    pub value: i64,
}

impl KvResult {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.version = d.uint()?;
        }
        if n > 1 && !d.nil() {
            r.existed = d.bool()?;
        }
        if n > 2 && !d.nil() {
            r.value = d.int()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_uint(out, self.version);
        put_bool(out, self.existed);
        put_int(out, self.value);
    }
}

/// Outcome of a transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvTransactReply {
    /// One for each write.
    pub results: Vec<KvResult>,
}

impl KvTransactReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.results = d.list(KvResult::read)?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_array(out, self.results.len());
        self.results.iter().for_each(|v| v.encode(out));
    }
}

/// Reads a key of a cache.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheGetRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key, at most 1,024 bytes.
    pub key: &'a str,
}

impl<'a> CacheGetRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.str()?;
        }
        d.leave(2, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 2);
        put_str(out, self.namespace);
        put_str(out, self.key);
    }
}

/// What the cache has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheGetReply<'a> {
    /// Miss, fresh or stale.
    pub state: CacheState,
    /// Value, unless it is a miss.
    pub value: &'a [u8],
}

impl<'a> CacheGetReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.state = d.uint().map(CacheState)?;
        }
        if n > 1 && !d.nil() {
            r.value = d.bin()?;
        }
        d.leave(2, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 2);
        put_uint(out, self.state.0);
        put_bin(out, self.value);
    }
}

/// Reads a key, or gets the right to make it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheFillRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key, at most 1,024 bytes.
    pub key: &'a str,
    /// How long to wait while somebody else makes it; 0 means 5,000.
    pub wait_ms: u64,
    /// How long the right is good; 0 means 30,000.
    pub lease_ms: u64,
}

impl<'a> CacheFillRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.wait_ms = d.uint()?;
        }
        if n > 3 && !d.nil() {
            r.lease_ms = d.uint()?;
        }
        d.leave(4, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 4);
        put_str(out, self.namespace);
        put_str(out, self.key);
        put_uint(out, self.wait_ms);
        put_uint(out, self.lease_ms);
    }
}

/// A value, or the right to make it. Of all callers in the cluster one gets the token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheFillReply<'a> {
    /// Miss, fresh or stale.
    pub state: CacheState,
    /// Value, unless it is a miss.
    pub value: &'a [u8],
    /// If not 0: make the value and put it with this token, before the call ends: then another caller gets the right.
    pub token: u64,
}

impl<'a> CacheFillReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.state = d.uint().map(CacheState)?;
        }
        if n > 1 && !d.nil() {
            r.value = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.token = d.uint()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_uint(out, self.state.0);
        put_bin(out, self.value);
        put_uint(out, self.token);
    }
}

/// Stores a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CachePutRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key, at most 1,024 bytes.
    pub key: &'a str,
    /// Value, at most 512 KiB.
    pub value: &'a [u8],
    /// How long it is fresh; 0: until it is evicted or invalidated.
    pub ttl_ms: u64,
    /// How long it is usable after that while somebody makes a new one.
    pub stale_ms: u64,
    /// Tags that invalidate it.
    pub tags: Vec<&'a str>,
    /// Token of fill; 0 without.
    pub token: u64,
}

impl<'a> CachePutRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.value = d.bin()?;
        }
        if n > 3 && !d.nil() {
            r.ttl_ms = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.stale_ms = d.uint()?;
        }
        if n > 5 && !d.nil() {
            r.tags = d.list(|d| d.str())?;
        }
        if n > 6 && !d.nil() {
            r.token = d.uint()?;
        }
        d.leave(7, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 7);
        put_str(out, self.namespace);
        put_str(out, self.key);
        put_bin(out, self.value);
        put_uint(out, self.ttl_ms);
        put_uint(out, self.stale_ms);
        put_array(out, self.tags.len());
        self.tags.iter().for_each(|v| put_str(out, v));
        put_uint(out, self.token);
    }
}

/// Outcome of a put.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CachePutReply {
    /// False: the token was no longer good, because the key or a tag was invalidated since; the value is right for this caller only.
    pub stored: bool,
}

impl CachePutReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.stored = d.bool()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_bool(out, self.stored);
    }
}

/// Invalidates every entry that has one of the tags, at once, however many there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheInvalidateRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// 1 to 32 tags.
    pub tags: Vec<&'a str>,
}

impl<'a> CacheInvalidateRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.tags = d.list(|d| d.str())?;
        }
        d.leave(2, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 2);
        put_str(out, self.namespace);
        put_array(out, self.tags.len());
        self.tags.iter().for_each(|v| put_str(out, v));
    }
}

/// Deletes a key of a cache.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheDeleteRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key, at most 1,024 bytes.
    pub key: &'a str,
}

impl<'a> CacheDeleteRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.str()?;
        }
        d.leave(2, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 2);
        put_str(out, self.namespace);
        put_str(out, self.key);
    }
}

/// Outcome of a deletion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheDeleteReply {
    /// Whether there was an entry.
    pub existed: bool,
}

impl CacheDeleteReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.existed = d.bool()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_bool(out, self.existed);
    }
}

/// Empties a namespace of the cache, at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheClearRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
}

impl<'a> CacheClearRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_str(out, self.namespace);
    }
}

/// Takes a lock, or waits for it in line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockAcquireRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Name of the lock.
    pub name: &'a str,
    /// Id of the owner; empty: the host makes one. The same owner gets the same lease again.
    pub owner: &'a str,
    /// How long the lease lasts; 0 means 30,000.
    pub ttl_ms: u64,
    /// How long to wait; 0: not at all. conflict when it was not to be had.
    pub wait_ms: u64,
}

impl<'a> LockAcquireRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.name = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.owner = d.str()?;
        }
        if n > 3 && !d.nil() {
            r.ttl_ms = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.wait_ms = d.uint()?;
        }
        d.leave(5, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 5);
        put_str(out, self.namespace);
        put_str(out, self.name);
        put_str(out, self.owner);
        put_uint(out, self.ttl_ms);
        put_uint(out, self.wait_ms);
    }
}

/// A lease.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockAcquireReply<'a> {
    /// Who holds it.
    pub owner: &'a str,
    /// Fencing token, above those of all earlier leases: let what the lock protects refuse lower ones.
    pub fence: u64,
    /// When the lease ends, in ms of the log's time.
    pub expires_ms: u64,
}

impl<'a> LockAcquireReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.owner = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.fence = d.uint()?;
        }
        if n > 2 && !d.nil() {
            r.expires_ms = d.uint()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        put_str(out, self.owner);
        put_uint(out, self.fence);
        put_uint(out, self.expires_ms);
    }
}

/// Makes a lease end later; conflict when it has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockRenewRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Name of the lock.
    pub name: &'a str,
    /// Who holds it.
    pub owner: &'a str,
    /// Its fencing token.
    pub fence: u64,
    /// How long from now; 0 means 30,000.
    pub ttl_ms: u64,
}

impl<'a> LockRenewRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.name = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.owner = d.str()?;
        }
        if n > 3 && !d.nil() {
            r.fence = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.ttl_ms = d.uint()?;
        }
        d.leave(5, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 5);
        put_str(out, self.namespace);
        put_str(out, self.name);
        put_str(out, self.owner);
        put_uint(out, self.fence);
        put_uint(out, self.ttl_ms);
    }
}

/// A renewed lease.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockRenewReply {
    /// When the lease ends, in ms of the log's time.
    pub expires_ms: u64,
}

impl LockRenewReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.expires_ms = d.uint()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_uint(out, self.expires_ms);
    }
}

/// Ends a lease.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockReleaseRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Name of the lock.
    pub name: &'a str,
    /// Who holds it.
    pub owner: &'a str,
    /// Its fencing token.
    pub fence: u64,
}

impl<'a> LockReleaseRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.name = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.owner = d.str()?;
        }
        if n > 3 && !d.nil() {
            r.fence = d.uint()?;
        }
        d.leave(4, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 4);
        put_str(out, self.namespace);
        put_str(out, self.name);
        put_str(out, self.owner);
        put_uint(out, self.fence);
    }
}

/// Outcome of a release.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockReleaseReply {
    /// False: the lease had ended already.
    pub held: bool,
}

impl LockReleaseReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.held = d.bool()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_bool(out, self.held);
    }
}

/// What is known of a blob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobInfo<'a> {
    /// Key of the blob, at most 1,024 bytes.
    pub key: &'a str,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the content, 32 bytes.
    pub sha256: &'a [u8],
    /// Content type.
    pub content_type: &'a str,
    /// Metadata of the app.
    pub meta: Pairs<'a>,
    /// Rises with each replacement; for guards.
    pub version: u64,
    /// When it was stored, in ms since the Unix epoch.
    pub created_ms: u64,
}

impl<'a> BlobInfo<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.key = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.size = d.uint()?;
        }
        if n > 2 && !d.nil() {
            r.sha256 = d.bin()?;
        }
        if n > 3 && !d.nil() {
            r.content_type = d.str()?;
        }
        if n > 4 && !d.nil() {
            r.meta = d.pairs()?;
        }
        if n > 5 && !d.nil() {
            r.version = d.uint()?;
        }
        if n > 6 && !d.nil() {
            r.created_ms = d.uint()?;
        }
        d.leave(7, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 7);
        put_str(out, self.key);
        put_uint(out, self.size);
        put_bin(out, self.sha256);
        put_str(out, self.content_type);
        put_pairs(out, &self.meta);
        put_uint(out, self.version);
        put_uint(out, self.created_ms);
    }
}

/// Begins a blob. It is visible only after commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobWriteRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key of the blob, at most 1,024 bytes.
    pub key: &'a str,
    /// Content type.
    pub content_type: &'a str,
    /// Metadata.
    pub meta: Pairs<'a>,
    /// Condition; conflict when it does not hold.
    pub guard: KvGuard,
    /// With guard version: the key's version; 0: it is absent.
    pub version: u64,
}

impl<'a> BlobWriteRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.content_type = d.str()?;
        }
        if n > 3 && !d.nil() {
            r.meta = d.pairs()?;
        }
        if n > 4 && !d.nil() {
            r.guard = d.uint().map(KvGuard)?;
        }
        if n > 5 && !d.nil() {
            r.version = d.uint()?;
        }
        d.leave(6, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 6);
        put_str(out, self.namespace);
        put_str(out, self.key);
        put_str(out, self.content_type);
        put_pairs(out, &self.meta);
        put_uint(out, self.guard.0);
        put_uint(out, self.version);
    }
}

/// Makes a blob visible, in the place of the one before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobCommitRequest {
    /// Stream of write. It is closed by this, whatever the outcome.
    pub stream: u64,
}

impl BlobCommitRequest {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.stream = d.uint()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_uint(out, self.stream);
    }
}

/// Stores a short blob in one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobPutRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key of the blob, at most 1,024 bytes.
    pub key: &'a str,
    /// Content.
    pub body: &'a [u8],
    /// Content type.
    pub content_type: &'a str,
    /// Metadata.
    pub meta: Pairs<'a>,
    /// Condition; conflict when it does not hold.
    pub guard: KvGuard,
    /// With guard version: the key's version; 0: it is absent.
    pub version: u64,
}

impl<'a> BlobPutRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.body = d.bin()?;
        }
        if n > 3 && !d.nil() {
            r.content_type = d.str()?;
        }
        if n > 4 && !d.nil() {
            r.meta = d.pairs()?;
        }
        if n > 5 && !d.nil() {
            r.guard = d.uint().map(KvGuard)?;
        }
        if n > 6 && !d.nil() {
            r.version = d.uint()?;
        }
        d.leave(7, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 7);
        put_str(out, self.namespace);
        put_str(out, self.key);
        put_bin(out, self.body);
        put_str(out, self.content_type);
        put_pairs(out, &self.meta);
        put_uint(out, self.guard.0);
        put_uint(out, self.version);
    }
}

/// Reads a blob or a part of it; not_found when there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobReadRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key of the blob, at most 1,024 bytes.
    pub key: &'a str,
    /// First byte.
    pub offset: u64,
    /// Most bytes; 0: to the end.
    pub length: u64,
    /// How fresh the answer has to be.
    pub consistency: Consistency,
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    pub max_staleness_ms: u64,
}

impl<'a> BlobReadRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.offset = d.uint()?;
        }
        if n > 3 && !d.nil() {
            r.length = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.consistency = d.uint().map(Consistency)?;
        }
        if n > 5 && !d.nil() {
            r.max_staleness_ms = d.uint()?;
        }
        d.leave(6, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 6);
        put_str(out, self.namespace);
        put_str(out, self.key);
        put_uint(out, self.offset);
        put_uint(out, self.length);
        put_uint(out, self.consistency.0);
        put_uint(out, self.max_staleness_ms);
    }
}

/// A blob's content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobReadReply<'a> {
    /// What is known of it.
    pub info: BlobInfo<'a>,
    /// The content asked for, when it is short.
    pub body: &'a [u8],
    /// Stream to read it from, or 0.
    pub body_stream: u64,
}

impl<'a> BlobReadReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.info = BlobInfo::read(d)?;
        }
        if n > 1 && !d.nil() {
            r.body = d.bin()?;
        }
        if n > 2 && !d.nil() {
            r.body_stream = d.uint()?;
        }
        d.leave(3, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 3);
        self.info.encode(out);
        put_bin(out, self.body);
        put_uint(out, self.body_stream);
    }
}

/// Asks for a blob's information; not_found when there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobStatRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key of the blob, at most 1,024 bytes.
    pub key: &'a str,
    /// How fresh the answer has to be.
    pub consistency: Consistency,
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    pub max_staleness_ms: u64,
}

impl<'a> BlobStatRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.consistency = d.uint().map(Consistency)?;
        }
        if n > 3 && !d.nil() {
            r.max_staleness_ms = d.uint()?;
        }
        d.leave(4, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 4);
        put_str(out, self.namespace);
        put_str(out, self.key);
        put_uint(out, self.consistency.0);
        put_uint(out, self.max_staleness_ms);
    }
}

/// Deletes a blob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobDeleteRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Key of the blob, at most 1,024 bytes.
    pub key: &'a str,
    /// Condition; conflict when it does not hold.
    pub guard: KvGuard,
    /// With guard version: the key's version; 0: it is absent.
    pub version: u64,
}

impl<'a> BlobDeleteRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.key = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.guard = d.uint().map(KvGuard)?;
        }
        if n > 3 && !d.nil() {
            r.version = d.uint()?;
        }
        d.leave(4, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 4);
        put_str(out, self.namespace);
        put_str(out, self.key);
        put_uint(out, self.guard.0);
        put_uint(out, self.version);
    }
}

/// Outcome of a deletion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobDeleteReply {
    /// Whether there was one.
    pub existed: bool,
}

impl BlobDeleteReply {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.existed = d.bool()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_bool(out, self.existed);
    }
}

/// Reads a page of blobs in order of their keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobListRequest<'a> {
    /// Namespace of the app, one that the manifest grants.
    pub namespace: &'a str,
    /// Only keys that begin so.
    pub prefix: &'a str,
    /// next of the page before; empty for the first.
    pub after: &'a str,
    /// Most blobs, up to 1,000; 0 means 100.
    pub limit: u64,
    /// How fresh the answer has to be.
    pub consistency: Consistency,
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    pub max_staleness_ms: u64,
}

impl<'a> BlobListRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.namespace = d.str()?;
        }
        if n > 1 && !d.nil() {
            r.prefix = d.str()?;
        }
        if n > 2 && !d.nil() {
            r.after = d.str()?;
        }
        if n > 3 && !d.nil() {
            r.limit = d.uint()?;
        }
        if n > 4 && !d.nil() {
            r.consistency = d.uint().map(Consistency)?;
        }
        if n > 5 && !d.nil() {
            r.max_staleness_ms = d.uint()?;
        }
        d.leave(6, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 6);
        put_str(out, self.namespace);
        put_str(out, self.prefix);
        put_str(out, self.after);
        put_uint(out, self.limit);
        put_uint(out, self.consistency.0);
        put_uint(out, self.max_staleness_ms);
    }
}

/// A page of blobs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlobListReply<'a> {
    /// Blobs in order.
    pub blobs: Vec<BlobInfo<'a>>,
    /// What to give as after for the next page; empty at the end.
    pub next: &'a str,
}

impl<'a> BlobListReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.blobs = d.list(BlobInfo::read)?;
        }
        if n > 1 && !d.nil() {
            r.next = d.str()?;
        }
        d.leave(2, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 2);
        put_array(out, self.blobs.len());
        self.blobs.iter().for_each(|v| v.encode(out));
        put_str(out, self.next);
    }
}

/// Asks for a secret of the cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretGetRequest<'a> {
    /// Name, one that the manifest grants.
    pub name: &'a str,
}

impl<'a> SecretGetRequest<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.name = d.str()?;
        }
        d.leave(1, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 1);
        put_str(out, self.name);
    }
}

/// A secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretGetReply<'a> {
    /// Value.
    pub value: &'a [u8],
    /// Rises with each change.
    pub version: u64,
}

impl<'a> SecretGetReply<'a> {
    /// Reads the record, which has to be all of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Decoded<Self> {
        let mut d = Decoder::new(bytes)?;
        let record = Self::read(&mut d)?;
        d.end()?;
        Ok(record)
    }

    /// Reads the record as part of another.
    pub fn read(d: &mut Decoder<'a>) -> Decoded<Self> {
        let mut r = Self::default();
        let n = d.enter_array()?;
        if n > 0 && !d.nil() {
            r.value = d.bin()?;
        }
        if n > 1 && !d.nil() {
            r.version = d.uint()?;
        }
        d.leave(2, n)?;
        Ok(r)
    }

    /// Appends the encoded record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_array(out, 2);
        put_bin(out, self.value);
        put_uint(out, self.version);
    }
}

/// Decodes a record given by name and encodes it again; `None` for an unknown name. For tests of encodings.
#[cfg(not(target_arch = "wasm32"))]
pub fn recode(record: &str, bytes: &[u8]) -> Option<Decoded<Vec<u8>>> {
    let mut out = Vec::new();
    let done = match record {
        "BootRequest" => BootRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "HttpRequest" => HttpRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "HttpResponse" => HttpResponse::decode(bytes).map(|r| r.encode(&mut out)),
        "MiddlewareResult" => MiddlewareResult::decode(bytes).map(|r| r.encode(&mut out)),
        "JobRequest" => JobRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "JobResult" => JobResult::decode(bytes).map(|r| r.encode(&mut out)),
        "CommandRequest" => CommandRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "CommandResult" => CommandResult::decode(bytes).map(|r| r.encode(&mut out)),
        "StreamReply" => StreamReply::decode(bytes).map(|r| r.encode(&mut out)),
        "LogRecord" => LogRecord::decode(bytes).map(|r| r.encode(&mut out)),
        "ConfigRequest" => ConfigRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "ConfigReply" => ConfigReply::decode(bytes).map(|r| r.encode(&mut out)),
        "SecretRequest" => SecretRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "SecretReply" => SecretReply::decode(bytes).map(|r| r.encode(&mut out)),
        "SupportsRequest" => SupportsRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "SupportsReply" => SupportsReply::decode(bytes).map(|r| r.encode(&mut out)),
        "BatchRequest" => BatchRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "BatchCall" => BatchCall::decode(bytes).map(|r| r.encode(&mut out)),
        "BatchReply" => BatchReply::decode(bytes).map(|r| r.encode(&mut out)),
        "BatchResult" => BatchResult::decode(bytes).map(|r| r.encode(&mut out)),
        "FetchRequest" => FetchRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "FetchResponse" => FetchResponse::decode(bytes).map(|r| r.encode(&mut out)),
        "KvGetRequest" => KvGetRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "KvGetReply" => KvGetReply::decode(bytes).map(|r| r.encode(&mut out)),
        "KvSetRequest" => KvSetRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "KvSetReply" => KvSetReply::decode(bytes).map(|r| r.encode(&mut out)),
        "KvDeleteRequest" => KvDeleteRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "KvDeleteReply" => KvDeleteReply::decode(bytes).map(|r| r.encode(&mut out)),
        "KvIncrementRequest" => KvIncrementRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "KvIncrementReply" => KvIncrementReply::decode(bytes).map(|r| r.encode(&mut out)),
        "KvScanRequest" => KvScanRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "KvEntry" => KvEntry::decode(bytes).map(|r| r.encode(&mut out)),
        "KvScanReply" => KvScanReply::decode(bytes).map(|r| r.encode(&mut out)),
        "KvCheck" => KvCheck::decode(bytes).map(|r| r.encode(&mut out)),
        "KvRange" => KvRange::decode(bytes).map(|r| r.encode(&mut out)),
        "KvWrite" => KvWrite::decode(bytes).map(|r| r.encode(&mut out)),
        "KvTransactRequest" => KvTransactRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "KvResult" => KvResult::decode(bytes).map(|r| r.encode(&mut out)),
        "KvTransactReply" => KvTransactReply::decode(bytes).map(|r| r.encode(&mut out)),
        "CacheGetRequest" => CacheGetRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "CacheGetReply" => CacheGetReply::decode(bytes).map(|r| r.encode(&mut out)),
        "CacheFillRequest" => CacheFillRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "CacheFillReply" => CacheFillReply::decode(bytes).map(|r| r.encode(&mut out)),
        "CachePutRequest" => CachePutRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "CachePutReply" => CachePutReply::decode(bytes).map(|r| r.encode(&mut out)),
        "CacheInvalidateRequest" => CacheInvalidateRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "CacheDeleteRequest" => CacheDeleteRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "CacheDeleteReply" => CacheDeleteReply::decode(bytes).map(|r| r.encode(&mut out)),
        "CacheClearRequest" => CacheClearRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "LockAcquireRequest" => LockAcquireRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "LockAcquireReply" => LockAcquireReply::decode(bytes).map(|r| r.encode(&mut out)),
        "LockRenewRequest" => LockRenewRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "LockRenewReply" => LockRenewReply::decode(bytes).map(|r| r.encode(&mut out)),
        "LockReleaseRequest" => LockReleaseRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "LockReleaseReply" => LockReleaseReply::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobInfo" => BlobInfo::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobWriteRequest" => BlobWriteRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobCommitRequest" => BlobCommitRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobPutRequest" => BlobPutRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobReadRequest" => BlobReadRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobReadReply" => BlobReadReply::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobStatRequest" => BlobStatRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobDeleteRequest" => BlobDeleteRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobDeleteReply" => BlobDeleteReply::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobListRequest" => BlobListRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "BlobListReply" => BlobListReply::decode(bytes).map(|r| r.encode(&mut out)),
        "SecretGetRequest" => SecretGetRequest::decode(bytes).map(|r| r.encode(&mut out)),
        "SecretGetReply" => SecretGetReply::decode(bytes).map(|r| r.encode(&mut out)),
        _ => return None,
    };
    Some(done.map(|()| out))
}
