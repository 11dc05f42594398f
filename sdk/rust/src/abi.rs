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
/// The most calls in one batch.
pub const BATCH_CALLS: usize = 64;
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
            _ => "guest",
        }
    }

    /// Whether trying the same again can help.
    pub fn retry(self) -> bool {
        matches!(self.0, -8 | -11 | -12)
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
        _ => return None,
    };
    Some(done.map(|()| out))
}
