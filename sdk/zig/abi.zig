// Generated from abi/v1.json by abi/internal/gen. Do not edit.

//! Constants, codes, records and imports of ABI v1.

const on_wasm = @import("builtin").cpu.arch.isWasm();
const native = @import("src/testing.zig").imports;
const msgpack = @import("src/msgpack.zig");
const Kind = msgpack.Kind;
const Field = msgpack.Field;
const Value = msgpack.Value;

pub const limits = struct {
    /// A body up to this many bytes travels inside its record; a longer one travels through a stream.
    pub const inline_body_bytes = 65536;
    /// The longest encoded record that either side accepts.
    pub const record_bytes = 1048576;
    /// The deepest nesting of arrays and maps that a decoder accepts.
    pub const depth = 32;
    /// The most header fields in one record.
    pub const headers = 256;
    /// The most streams that one call may have open.
    pub const streams = 64;
    /// The most calls in one batch.
    pub const batch_calls = 64;
    /// The longest text that core error returns.
    pub const error_text_bytes = 1024;
    /// How many unpredictable bytes each request record brings.
    pub const random_bytes = 16;
};

pub const codes = struct {
    /// The host failed; details are in its records under the request's id.
    pub const internal: i64 = -1;
    /// The request record or an argument is malformed.
    pub const invalid: i64 = -2;
    /// This host does not know the function or the option.
    pub const unsupported: i64 = -3;
    /// The manifest or a policy does not allow it.
    pub const denied: i64 = -4;
    /// What was asked for does not exist.
    pub const not_found: i64 = -5;
    /// The state is not what the call expected.
    pub const conflict: i64 = -6;
    /// A size or count limit was reached.
    pub const limit: i64 = -7;
    /// The time allowed ran out.
    pub const deadline: i64 = -8;
    /// The caller went away.
    pub const cancelled: i64 = -9;
    /// The stream or response is already closed.
    pub const closed: i64 = -10;
    /// The service cannot answer now.
    pub const unavailable: i64 = -11;
    /// Nothing was done; the same call may succeed at once.
    pub const again: i64 = -12;
    /// The highest code that a guest may give a meaning of its own.
    pub const guest_from: i64 = -1000;
};

/// The codes as errors. `Failed` is any other code; see `lastCode`.
pub const Error = error{
    Internal,
    Invalid,
    Unsupported,
    Denied,
    NotFound,
    Conflict,
    Limit,
    Deadline,
    Cancelled,
    Closed,
    Unavailable,
    Again,
    Failed,
};

/// The error of a code.
pub fn errorOf(code: i64) Error {
    return switch (code) {
        -1 => error.Internal,
        -2 => error.Invalid,
        -3 => error.Unsupported,
        -4 => error.Denied,
        -5 => error.NotFound,
        -6 => error.Conflict,
        -7 => error.Limit,
        -8 => error.Deadline,
        -9 => error.Cancelled,
        -10 => error.Closed,
        -11 => error.Unavailable,
        -12 => error.Again,
        else => error.Failed,
    };
}

/// The code of an error; 0 for one that stands for none.
pub fn codeOf(e: anyerror) i64 {
    return switch (e) {
        error.Internal => -1,
        error.Invalid => -2,
        error.Unsupported => -3,
        error.Denied => -4,
        error.NotFound => -5,
        error.Conflict => -6,
        error.Limit => -7,
        error.Deadline => -8,
        error.Cancelled => -9,
        error.Closed => -10,
        error.Unavailable => -11,
        error.Again => -12,
        else => 0,
    };
}

/// Severity of a log record.
pub const LogLevel = enum(u64) {
    trace = 0,
    debug = 1,
    info = 2,
    warn = 3,
    @"error" = 4,
    _,
};

/// What a middleware decided.
pub const MiddlewareAction = enum(u64) {
    pass = 0,
    answer = 1,
    _,
};

/// What fetch does with a redirect.
pub const Redirect = enum(u64) {
    follow = 0,
    manual = 1,
    @"error" = 2,
    _,
};

/// Input of stackhost_boot.
pub const BootRequest = struct {
    /// Name of the app.
    app: []const u8 = "",
    /// Name of the module in the manifest.
    module: []const u8 = "",
    /// For interpreter engines: the app's bundled source text. Empty otherwise.
    source: []const u8 = "",
    /// File name to show in error texts for source.
    source_name: []const u8 = "",

    pub const kinds = [_]Kind{ .str, .str, .bin, .str };
};

/// An HTTP request as received.
pub const HttpRequest = struct {
    /// Method, as sent: GET, POST …
    method: []const u8 = "",
    /// Path of the request target, as sent (still percent-encoded), beginning with /.
    path: []const u8 = "",
    /// Query of the request target, as sent, without the question mark.
    query: []const u8 = "",
    /// http or https.
    scheme: []const u8 = "",
    /// Host header, with the port when one was sent.
    host: []const u8 = "",
    /// Header fields in the order received, repeats kept, names in lower case.
    headers: []const Field = &.{},
    /// Values of the route pattern's wildcards, percent-decoded.
    params: []const Field = &.{},
    /// The whole body when it is no longer than inline_body_bytes and body_stream is 0; empty otherwise.
    body: []const u8 = "",
    /// Stream to read the body from, or 0 when body holds all of it.
    body_stream: u64 = 0,
    /// Length of the body in bytes, or -1 when it is not known in advance.
    body_length: i64 = 0,
    /// IP address of the client.
    remote: []const u8 = "",
    /// Request id, also in the host's records and the X-Request-Id response header.
    id: []const u8 = "",
    /// W3C traceparent to pass on to other services, or empty.
    traceparent: []const u8 = "",
    /// The route pattern that matched.
    route: []const u8 = "",
    /// Milliseconds left for this request.
    timeout_ms: u64 = 0,
    /// Microseconds since 1970-01-01 UTC when the host handed over the request.
    time_us: u64 = 0,
    /// random_bytes unpredictable bytes, never given twice: the seed for this request's random numbers.
    random: []const u8 = "",

    pub const kinds = [_]Kind{ .str, .str, .str, .str, .str, .headers, .pairs, .bin, .uint, .int, .str, .str, .str, .str, .uint, .uint, .bin };
};

/// An HTTP response.
pub const HttpResponse = struct {
    /// Status code, 200 to 599. 0 means 200.
    status: u64 = 200,
    /// Header fields, repeats kept. Connection-level fields (connection, content-length, transfer-encoding, …) are the host's and are ignored.
    headers: []const Field = &.{},
    /// The body, or its first bytes with respond.
    body: []const u8 = "",

    pub const kinds = [_]Kind{ .uint, .headers, .bin };
};

/// What a middleware decided about a request.
pub const MiddlewareResult = struct {
    /// pass or answer.
    action: MiddlewareAction = @enumFromInt(0),
    /// The answer, with action answer.
    response: HttpResponse = .{},
    /// Request headers to set before passing on; each replaces all fields of its name.
    set_headers: []const Field = &.{},
    /// Request headers to remove before passing on.
    remove_headers: []const []const u8 = &.{},
    /// New path for the handler, or empty. The route stays the one that matched.
    path: []const u8 = "",
    /// Headers to set on the response that the handler will give.
    response_headers: []const Field = &.{},

    pub const kinds = [_]Kind{ .@"enum", .record, .headers, .list_str, .str, .headers };
};

/// A piece of background work.
pub const JobRequest = struct {
    /// Job id, the same in every attempt.
    id: []const u8 = "",
    /// What kind of work it is.
    name: []const u8 = "",
    /// The work's input.
    payload: []const u8 = "",
    /// 1 for the first attempt.
    attempt: u64 = 0,
    /// Milliseconds left for this attempt.
    timeout_ms: u64 = 0,
    /// As in HttpRequest.
    time_us: u64 = 0,
    /// As in HttpRequest.
    random: []const u8 = "",

    pub const kinds = [_]Kind{ .str, .str, .bin, .uint, .uint, .uint, .bin };
};

/// Outcome of a job that was done.
pub const JobResult = struct {
    /// What the job produced.
    result: []const u8 = "",

    pub const kinds = [_]Kind{.bin};
};

/// A stream to use with core read, write and close.
pub const StreamReply = struct {
    /// Stream handle, never 0. Valid until it is closed or the entry export returns.
    stream: u64 = 0,

    pub const kinds = [_]Kind{.uint};
};

/// A log record.
pub const LogRecord = struct {
    /// Severity.
    level: LogLevel = @enumFromInt(0),
    /// What happened.
    message: []const u8 = "",
    /// A map of further fields, or nil.
    fields: Value = .nil,

    pub const kinds = [_]Kind{ .@"enum", .str, .any };
};

/// Which config value.
pub const ConfigRequest = struct {
    /// Key, dots for nested tables; empty for the whole table.
    key: []const u8 = "",

    pub const kinds = [_]Kind{.str};
};

/// A config value.
pub const ConfigReply = struct {
    /// The value as written in the manifest.
    value: Value = .nil,

    pub const kinds = [_]Kind{.any};
};

/// Which secret.
pub const SecretRequest = struct {
    /// Name of the secret in the module's manifest table.
    name: []const u8 = "",

    pub const kinds = [_]Kind{.str};
};

/// A secret.
pub const SecretReply = struct {
    /// The secret's bytes.
    value: []const u8 = "",

    pub const kinds = [_]Kind{.bin};
};

/// Which capability.
pub const SupportsRequest = struct {
    /// Name of a capability.
    capability: []const u8 = "",

    pub const kinds = [_]Kind{.str};
};

/// What this host offers.
pub const SupportsReply = struct {
    /// Major version, 0 when the host does not have the capability.
    version: u64 = 0,
    /// Whether this module may use it.
    granted: bool = false,
    /// Names of the functions this host knows.
    functions: []const []const u8 = &.{},

    pub const kinds = [_]Kind{ .uint, .bool, .list_str };
};

/// Several calls.
pub const BatchRequest = struct {
    /// The calls, at most batch_calls.
    calls: []const BatchCall = &.{},

    pub const kinds = [_]Kind{.list_record};
};

/// One call of a batch.
pub const BatchCall = struct {
    /// Name of the capability.
    capability: []const u8 = "",
    /// Name of a function of shape call.
    function: []const u8 = "",
    /// Its encoded request record.
    request: []const u8 = "",

    pub const kinds = [_]Kind{ .str, .str, .bin };
};

/// Replies of a batch.
pub const BatchReply = struct {
    /// One for each call, in order.
    results: []const BatchResult = &.{},

    pub const kinds = [_]Kind{.list_record};
};

/// Reply to one call of a batch.
pub const BatchResult = struct {
    /// 0, or a negative code.
    code: i64 = 0,
    /// The encoded reply record.
    reply: []const u8 = "",
    /// The text that belongs to code.
    @"error": []const u8 = "",

    pub const kinds = [_]Kind{ .int, .bin, .str };
};

/// An outbound HTTP request.
pub const FetchRequest = struct {
    /// Method; empty means GET.
    method: []const u8 = "",
    /// Absolute http or https URL.
    url: []const u8 = "",
    /// Header fields.
    headers: []const Field = &.{},
    /// The body, when body_stream is 0.
    body: []const u8 = "",
    /// An open readable stream to send as the body, or 0.
    body_stream: u64 = 0,
    /// Milliseconds for the whole exchange; 0 for the grant's default. Never beyond this call's own deadline.
    timeout_ms: u64 = 0,
    /// What to do with redirects.
    redirect: Redirect = @enumFromInt(0),
    /// Most response body bytes to accept; 0 for the grant's limit.
    max_bytes: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .headers, .bin, .uint, .uint, .@"enum", .uint };
};

/// Response to an outbound HTTP request.
pub const FetchResponse = struct {
    /// Status code.
    status: u64 = 0,
    /// Header fields, names in lower case.
    headers: []const Field = &.{},
    /// The whole body when body_stream is 0.
    body: []const u8 = "",
    /// Stream to read the body from, or 0.
    body_stream: u64 = 0,
    /// URL of the last hop.
    url: []const u8 = "",

    pub const kinds = [_]Kind{ .uint, .headers, .bin, .uint, .str };
};

/// The host's functions, named capability_function. In native tests src/testing.zig has them.
pub const imports = struct {
    /// Copies the kept reply of the last call whose reply did not fit its out area, without running that call again. Returns its length; not_found when none is kept. The reply is dropped once it has been copied whole; with too small a cap nothing is copied.
    pub fn core_take(ptr: [*]u8, cap: usize) i64 {
        if (!on_wasm) return native.core_take(ptr, cap);
        return @extern(*const fn (ptr: [*]u8, cap: usize) callconv(.c) i64, .{ .name = "take", .library_name = "stackhost:core@1" })(ptr, cap);
    }
    /// Copies up to cap bytes of the text that belongs to the last negative code. Returns the text's length.
    pub fn core_error(ptr: [*]u8, cap: usize) i64 {
        if (!on_wasm) return native.core_error(ptr, cap);
        return @extern(*const fn (ptr: [*]u8, cap: usize) callconv(.c) i64, .{ .name = "error", .library_name = "stackhost:core@1" })(ptr, cap);
    }
    /// Runs several structured calls concurrently and answers in their order. take, error, streams and batch itself cannot be batched.
    pub fn core_batch(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.core_batch(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "batch", .library_name = "stackhost:core@1" })(request, request_len, out, out_cap);
    }
    /// Reads up to cap bytes from a stream. Blocks until there is at least one byte. 0 is the end of the stream (or cap was 0).
    pub fn core_read(stream: u32, ptr: [*]u8, cap: usize) i64 {
        if (!on_wasm) return native.core_read(stream, ptr, cap);
        return @extern(*const fn (stream: u32, ptr: [*]u8, cap: usize) callconv(.c) i64, .{ .name = "read", .library_name = "stackhost:core@1" })(stream, ptr, cap);
    }
    /// Writes len bytes to a stream, all or none but a code. Blocks while the receiver is slow.
    pub fn core_write(stream: u32, ptr: [*]const u8, len: usize) i64 {
        if (!on_wasm) return native.core_write(stream, ptr, len);
        return @extern(*const fn (stream: u32, ptr: [*]const u8, len: usize) callconv(.c) i64, .{ .name = "write", .library_name = "stackhost:core@1" })(stream, ptr, len);
    }
    /// Closes a stream. Closing twice answers closed.
    pub fn core_close(stream: u32) i64 {
        if (!on_wasm) return native.core_close(stream);
        return @extern(*const fn (stream: u32) callconv(.c) i64, .{ .name = "close", .library_name = "stackhost:core@1" })(stream);
    }
    /// Writes a log record with a level and fields.
    pub fn core_log(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.core_log(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "log", .library_name = "stackhost:core@1" })(request, request_len, out, out_cap);
    }
    /// Reads a value of the module's config table in the manifest. An empty key reads the whole table.
    pub fn core_config(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.core_config(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "config", .library_name = "stackhost:core@1" })(request, request_len, out, out_cap);
    }
    /// Reads a secret that the manifest grants to this module by reference.
    pub fn core_secret(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.core_secret(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "secret", .library_name = "stackhost:core@1" })(request, request_len, out, out_cap);
    }
    /// Tells which version of a capability this host has and whether this module may use it.
    pub fn core_supports(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.core_supports(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "supports", .library_name = "stackhost:core@1" })(request, request_len, out, out_cap);
    }
    /// Sends the status and headers (and the body field as the first bytes of the body) now and returns a stream for the rest of the body. Once per request; again answers closed. The response ends when the stream is closed or the entry export returns 0.
    pub fn http_respond(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.http_respond(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "respond", .library_name = "stackhost:http@1" })(request, request_len, out, out_cap);
    }
    /// Makes what was written so far leave the host now. Otherwise it leaves when the host's buffer is full or the answer ends.
    pub fn http_flush(stream: u32) i64 {
        if (!on_wasm) return native.http_flush(stream);
        return @extern(*const fn (stream: u32) callconv(.c) i64, .{ .name = "flush", .library_name = "stackhost:http@1" })(stream);
    }
    /// Sends a request and waits for its response. HTTP error statuses are responses, not codes. denied: a host, a redirect hop or a resolved address is not granted.
    pub fn fetch_send(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.fetch_send(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "send", .library_name = "stackhost:fetch@1" })(request, request_len, out, out_cap);
    }
};
