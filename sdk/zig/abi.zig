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
    /// The most calls in one batch, and the most records in any other list that is not a page.
    pub const batch_calls = 64;
    /// The most entries in a page: in the list of a record that also has next.
    pub const page_entries = 1000;
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
    /// The app's quota of bytes, keys or operations is used up.
    pub const quota: i64 = -13;
    /// The cluster's disk is full: writes are refused, reads go on.
    pub const storage_full: i64 = -14;
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
    Quota,
    StorageFull,
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
        -13 => error.Quota,
        -14 => error.StorageFull,
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
        error.Quota => -13,
        error.StorageFull => -14,
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

/// How fresh a read has to be: linearizable sees every write acknowledged anywhere before it began; lease relies on clocks; stale is what this node has.
pub const Consistency = enum(u64) {
    linearizable = 0,
    lease = 1,
    stale = 2,
    _,
};

/// Condition on the key that is written.
pub const KvGuard = enum(u64) {
    any = 0,
    absent = 1,
    version = 2,
    _,
};

/// Kind of a write in a transaction. increment adds to a decimal number kept as text.
pub const KvWriteKind = enum(u64) {
    set = 0,
    delete = 1,
    increment = 2,
    _,
};

/// What a cache has of a key.
pub const CacheState = enum(u64) {
    miss = 0,
    fresh = 1,
    stale = 2,
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

/// A console command that somebody runs.
pub const CommandRequest = struct {
    /// Name of the command, as the manifest declares it.
    name: []const u8 = "",
    /// What was written after the name.
    args: []const []const u8 = &.{},
    /// Stream to read the input from; its end is the end of the input.
    stdin: u64 = 0,
    /// Stream to write the output to. What is written arrives at once.
    stdout: u64 = 0,
    /// Stream to write messages to.
    stderr: u64 = 0,
    /// Width of the terminal that shows standard error, where progress is drawn; 0 when it is none.
    columns: u64 = 0,
    /// Id of this run, also in the host's records.
    id: []const u8 = "",
    /// Milliseconds left for this run.
    timeout_ms: u64 = 0,
    /// As in HttpRequest.
    time_us: u64 = 0,
    /// As in HttpRequest.
    random: []const u8 = "",

    pub const kinds = [_]Kind{ .str, .list_str, .uint, .uint, .uint, .uint, .str, .uint, .uint, .bin };
};

/// Outcome of a console command.
pub const CommandResult = struct {
    /// Exit code, 0 to 255; 0 is success.
    exit: u64 = 0,

    pub const kinds = [_]Kind{.uint};
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

/// Reads a key.
pub const KvGetRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key, 1 to 1,024 bytes.
    key: []const u8 = "",
    /// How fresh the answer has to be.
    consistency: Consistency = @enumFromInt(0),
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    max_staleness_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .bin, .@"enum", .uint };
};

/// A key's value. An absent key is no error.
pub const KvGetReply = struct {
    /// Whether the key is there.
    found: bool = false,
    /// Value.
    value: []const u8 = "",
    /// Rises with each write of the key; for guards.
    version: u64 = 0,
    /// When the key goes, in ms since the Unix epoch; 0: never.
    expires_ms: u64 = 0,

    pub const kinds = [_]Kind{ .bool, .bin, .uint, .uint };
};

/// Writes a key.
pub const KvSetRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key, 1 to 1,024 bytes.
    key: []const u8 = "",
    /// Value, at most 256 KiB.
    value: []const u8 = "",
    /// How long the key lives; 0: for ever.
    ttl_ms: u64 = 0,
    /// Condition; conflict when it does not hold.
    guard: KvGuard = @enumFromInt(0),
    /// With guard version: the key's version; 0: it is absent.
    version: u64 = 0,

    pub const kinds = [_]Kind{ .str, .bin, .bin, .uint, .@"enum", .uint };
};

/// Outcome of a write.
pub const KvSetReply = struct {
    /// The key's version now.
    version: u64 = 0,

    pub const kinds = [_]Kind{.uint};
};

/// Deletes a key.
pub const KvDeleteRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key, 1 to 1,024 bytes.
    key: []const u8 = "",
    /// Condition; conflict when it does not hold.
    guard: KvGuard = @enumFromInt(0),
    /// With guard version: the key's version; 0: it is absent.
    version: u64 = 0,

    pub const kinds = [_]Kind{ .str, .bin, .@"enum", .uint };
};

/// Outcome of a deletion.
pub const KvDeleteReply = struct {
    /// Whether the key was there.
    existed: bool = false,

    pub const kinds = [_]Kind{.bool};
};

/// Adds to a counter; an absent key counts as 0.
pub const KvIncrementRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key, 1 to 1,024 bytes.
    key: []const u8 = "",
    /// What to add.
    delta: i64 = 0,

    pub const kinds = [_]Kind{ .str, .bin, .int };
};

/// A counter.
pub const KvIncrementReply = struct {
    /// Its value now.
    value: i64 = 0,
    /// The key's version now.
    version: u64 = 0,

    pub const kinds = [_]Kind{ .int, .uint };
};

/// Reads a page of keys in order.
pub const KvScanRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Only keys that begin so.
    prefix: []const u8 = "",
    /// next of the page before; empty for the first.
    after: []const u8 = "",
    /// Most entries, up to 1,000; 0 means 100.
    limit: u64 = 0,
    /// Leave out values.
    keys_only: bool = false,
    /// In descending order.
    reverse: bool = false,
    /// How fresh the answer has to be.
    consistency: Consistency = @enumFromInt(0),
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    max_staleness_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .bin, .bin, .uint, .bool, .bool, .@"enum", .uint };
};

/// A key in a page.
pub const KvEntry = struct {
    /// Key.
    key: []const u8 = "",
    /// Value; empty with keys_only.
    value: []const u8 = "",
    /// Version.
    version: u64 = 0,
    /// When the key goes; 0: never.
    expires_ms: u64 = 0,

    pub const kinds = [_]Kind{ .bin, .bin, .uint, .uint };
};

/// A page of keys.
pub const KvScanReply = struct {
    /// Entries in order.
    entries: []const KvEntry = &.{},
    /// What to give as after for the next page; empty at the end.
    next: []const u8 = "",
    /// Index of the log that the page is of; for ranges of a transaction.
    index: u64 = 0,

    pub const kinds = [_]Kind{ .list_record, .bin, .uint };
};

/// Condition on a key in a transaction.
pub const KvCheck = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key.
    key: []const u8 = "",
    /// The key's version; 0: the key is absent.
    version: u64 = 0,

    pub const kinds = [_]Kind{ .str, .bin, .uint };
};

/// Condition on all keys with a prefix: none changed since an index.
pub const KvRange = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Prefix.
    prefix: []const u8 = "",
    /// Index of a scan.
    index: u64 = 0,

    pub const kinds = [_]Kind{ .str, .bin, .uint };
};

/// One write of a transaction.
pub const KvWrite = struct {
    /// Kind.
    kind: KvWriteKind = @enumFromInt(0),
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key.
    key: []const u8 = "",
    /// Value, for set.
    value: []const u8 = "",
    /// How long the key lives, for set; 0: for ever.
    ttl_ms: u64 = 0,
    /// What to add, for increment.
    delta: i64 = 0,

    pub const kinds = [_]Kind{ .@"enum", .str, .bin, .bin, .uint, .int };
};

/// When all conditions hold, all writes are done; else none, with conflict. At most 64 together.
pub const KvTransactRequest = struct {
    /// Conditions on keys.
    checks: []const KvCheck = &.{},
    /// Conditions on prefixes.
    ranges: []const KvRange = &.{},
    /// Writes.
    writes: []const KvWrite = &.{},

    pub const kinds = [_]Kind{ .list_record, .list_record, .list_record };
};

/// Outcome of one write of a transaction.
pub const KvResult = struct {
    /// The key's version now; 0 after a deletion.
    version: u64 = 0,
    /// Whether the key was there before.
    existed: bool = false,
    /// Of an increment: the sum.
    value: i64 = 0,

    pub const kinds = [_]Kind{ .uint, .bool, .int };
};

/// Outcome of a transaction.
pub const KvTransactReply = struct {
    /// One for each write.
    results: []const KvResult = &.{},

    pub const kinds = [_]Kind{.list_record};
};

/// Reads a key of a cache.
pub const CacheGetRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key, at most 1,024 bytes.
    key: []const u8 = "",

    pub const kinds = [_]Kind{ .str, .str };
};

/// What the cache has.
pub const CacheGetReply = struct {
    /// Miss, fresh or stale.
    state: CacheState = @enumFromInt(0),
    /// Value, unless it is a miss.
    value: []const u8 = "",

    pub const kinds = [_]Kind{ .@"enum", .bin };
};

/// Reads a key, or gets the right to make it.
pub const CacheFillRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key, at most 1,024 bytes.
    key: []const u8 = "",
    /// How long to wait while somebody else makes it; 0 means 5,000.
    wait_ms: u64 = 0,
    /// How long the right is good; 0 means 30,000.
    lease_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .uint, .uint };
};

/// A value, or the right to make it. Of all callers in the cluster one gets the token.
pub const CacheFillReply = struct {
    /// Miss, fresh or stale.
    state: CacheState = @enumFromInt(0),
    /// Value, unless it is a miss.
    value: []const u8 = "",
    /// If not 0: make the value and put it with this token, before the call ends: then another caller gets the right.
    token: u64 = 0,

    pub const kinds = [_]Kind{ .@"enum", .bin, .uint };
};

/// Stores a value.
pub const CachePutRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key, at most 1,024 bytes.
    key: []const u8 = "",
    /// Value, at most 512 KiB.
    value: []const u8 = "",
    /// How long it is fresh; 0: until it is evicted or invalidated.
    ttl_ms: u64 = 0,
    /// How long it is usable after that while somebody makes a new one.
    stale_ms: u64 = 0,
    /// Tags that invalidate it.
    tags: []const []const u8 = &.{},
    /// Token of fill; 0 without.
    token: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .bin, .uint, .uint, .list_str, .uint };
};

/// Outcome of a put.
pub const CachePutReply = struct {
    /// False: the token was no longer good, because the key or a tag was invalidated since; the value is right for this caller only.
    stored: bool = false,

    pub const kinds = [_]Kind{.bool};
};

/// Invalidates every entry that has one of the tags, at once, however many there are.
pub const CacheInvalidateRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// 1 to 32 tags.
    tags: []const []const u8 = &.{},

    pub const kinds = [_]Kind{ .str, .list_str };
};

/// Deletes a key of a cache.
pub const CacheDeleteRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key, at most 1,024 bytes.
    key: []const u8 = "",

    pub const kinds = [_]Kind{ .str, .str };
};

/// Outcome of a deletion.
pub const CacheDeleteReply = struct {
    /// Whether there was an entry.
    existed: bool = false,

    pub const kinds = [_]Kind{.bool};
};

/// Empties a namespace of the cache, at once.
pub const CacheClearRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",

    pub const kinds = [_]Kind{.str};
};

/// Takes a lock, or waits for it in line.
pub const LockAcquireRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Name of the lock.
    name: []const u8 = "",
    /// Id of the owner; empty: the host makes one. The same owner gets the same lease again.
    owner: []const u8 = "",
    /// How long the lease lasts; 0 means 30,000.
    ttl_ms: u64 = 0,
    /// How long to wait; 0: not at all. conflict when it was not to be had.
    wait_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .str, .uint, .uint };
};

/// A lease.
pub const LockAcquireReply = struct {
    /// Who holds it.
    owner: []const u8 = "",
    /// Fencing token, above those of all earlier leases: let what the lock protects refuse lower ones.
    fence: u64 = 0,
    /// When the lease ends, in ms of the log's time.
    expires_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .uint, .uint };
};

/// Makes a lease end later; conflict when it has ended.
pub const LockRenewRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Name of the lock.
    name: []const u8 = "",
    /// Who holds it.
    owner: []const u8 = "",
    /// Its fencing token.
    fence: u64 = 0,
    /// How long from now; 0 means 30,000.
    ttl_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .str, .uint, .uint };
};

/// A renewed lease.
pub const LockRenewReply = struct {
    /// When the lease ends, in ms of the log's time.
    expires_ms: u64 = 0,

    pub const kinds = [_]Kind{.uint};
};

/// Ends a lease.
pub const LockReleaseRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Name of the lock.
    name: []const u8 = "",
    /// Who holds it.
    owner: []const u8 = "",
    /// Its fencing token.
    fence: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .str, .uint };
};

/// Outcome of a release.
pub const LockReleaseReply = struct {
    /// False: the lease had ended already.
    held: bool = false,

    pub const kinds = [_]Kind{.bool};
};

/// What is known of a blob.
pub const BlobInfo = struct {
    /// Key of the blob, at most 1,024 bytes.
    key: []const u8 = "",
    /// Bytes.
    size: u64 = 0,
    /// SHA-256 of the content, 32 bytes.
    sha256: []const u8 = "",
    /// Content type.
    content_type: []const u8 = "",
    /// Metadata of the app.
    meta: []const Field = &.{},
    /// Rises with each replacement; for guards.
    version: u64 = 0,
    /// When it was stored, in ms since the Unix epoch.
    created_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .uint, .bin, .str, .pairs, .uint, .uint };
};

/// Begins a blob. It is visible only after commit.
pub const BlobWriteRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key of the blob, at most 1,024 bytes.
    key: []const u8 = "",
    /// Content type.
    content_type: []const u8 = "",
    /// Metadata.
    meta: []const Field = &.{},
    /// Condition; conflict when it does not hold.
    guard: KvGuard = @enumFromInt(0),
    /// With guard version: the key's version; 0: it is absent.
    version: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .str, .pairs, .@"enum", .uint };
};

/// Makes a blob visible, in the place of the one before.
pub const BlobCommitRequest = struct {
    /// Stream of write. It is closed by this, whatever the outcome.
    stream: u64 = 0,

    pub const kinds = [_]Kind{.uint};
};

/// Stores a short blob in one call.
pub const BlobPutRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key of the blob, at most 1,024 bytes.
    key: []const u8 = "",
    /// Content.
    body: []const u8 = "",
    /// Content type.
    content_type: []const u8 = "",
    /// Metadata.
    meta: []const Field = &.{},
    /// Condition; conflict when it does not hold.
    guard: KvGuard = @enumFromInt(0),
    /// With guard version: the key's version; 0: it is absent.
    version: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .bin, .str, .pairs, .@"enum", .uint };
};

/// Reads a blob or a part of it; not_found when there is none.
pub const BlobReadRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key of the blob, at most 1,024 bytes.
    key: []const u8 = "",
    /// First byte.
    offset: u64 = 0,
    /// Most bytes; 0: to the end.
    length: u64 = 0,
    /// How fresh the answer has to be.
    consistency: Consistency = @enumFromInt(0),
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    max_staleness_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .uint, .uint, .@"enum", .uint };
};

/// A blob's content.
pub const BlobReadReply = struct {
    /// What is known of it.
    info: BlobInfo = .{},
    /// The content asked for, when it is short.
    body: []const u8 = "",
    /// Stream to read it from, or 0.
    body_stream: u64 = 0,

    pub const kinds = [_]Kind{ .record, .bin, .uint };
};

/// Asks for a blob's information; not_found when there is none.
pub const BlobStatRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key of the blob, at most 1,024 bytes.
    key: []const u8 = "",
    /// How fresh the answer has to be.
    consistency: Consistency = @enumFromInt(0),
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    max_staleness_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .@"enum", .uint };
};

/// Deletes a blob.
pub const BlobDeleteRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Key of the blob, at most 1,024 bytes.
    key: []const u8 = "",
    /// Condition; conflict when it does not hold.
    guard: KvGuard = @enumFromInt(0),
    /// With guard version: the key's version; 0: it is absent.
    version: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .@"enum", .uint };
};

/// Outcome of a deletion.
pub const BlobDeleteReply = struct {
    /// Whether there was one.
    existed: bool = false,

    pub const kinds = [_]Kind{.bool};
};

/// Reads a page of blobs in order of their keys.
pub const BlobListRequest = struct {
    /// Namespace of the app, one that the manifest grants.
    namespace: []const u8 = "",
    /// Only keys that begin so.
    prefix: []const u8 = "",
    /// next of the page before; empty for the first.
    after: []const u8 = "",
    /// Most blobs, up to 1,000; 0 means 100.
    limit: u64 = 0,
    /// How fresh the answer has to be.
    consistency: Consistency = @enumFromInt(0),
    /// With stale: how long ago this node last heard from the leader, at most; 0 means any.
    max_staleness_ms: u64 = 0,

    pub const kinds = [_]Kind{ .str, .str, .str, .uint, .@"enum", .uint };
};

/// A page of blobs.
pub const BlobListReply = struct {
    /// Blobs in order.
    blobs: []const BlobInfo = &.{},
    /// What to give as after for the next page; empty at the end.
    next: []const u8 = "",

    pub const kinds = [_]Kind{ .list_record, .str };
};

/// Asks for a secret of the cluster.
pub const SecretGetRequest = struct {
    /// Name, one that the manifest grants.
    name: []const u8 = "",

    pub const kinds = [_]Kind{.str};
};

/// A secret.
pub const SecretGetReply = struct {
    /// Value.
    value: []const u8 = "",
    /// Rises with each change.
    version: u64 = 0,

    pub const kinds = [_]Kind{ .bin, .uint };
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
    /// Reads a key.
    pub fn kv_get(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.kv_get(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "get", .library_name = "stackhost:kv@1" })(request, request_len, out, out_cap);
    }
    /// Writes a key. conflict: the guard does not hold; quota; storage_full.
    pub fn kv_set(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.kv_set(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "set", .library_name = "stackhost:kv@1" })(request, request_len, out, out_cap);
    }
    /// Deletes a key.
    pub fn kv_delete(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.kv_delete(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "delete", .library_name = "stackhost:kv@1" })(request, request_len, out, out_cap);
    }
    /// Adds to a counter. conflict: the value is not a number.
    pub fn kv_increment(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.kv_increment(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "increment", .library_name = "stackhost:kv@1" })(request, request_len, out, out_cap);
    }
    /// Reads keys in order, a page at a time.
    pub fn kv_scan(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.kv_scan(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "scan", .library_name = "stackhost:kv@1" })(request, request_len, out, out_cap);
    }
    /// Does several writes under conditions, together or not at all.
    pub fn kv_transact(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.kv_transact(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "transact", .library_name = "stackhost:kv@1" })(request, request_len, out, out_cap);
    }
    /// Reads a key, without asking other nodes.
    pub fn cache_get(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.cache_get(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "get", .library_name = "stackhost:cache@1" })(request, request_len, out, out_cap);
    }
    /// Reads a key or, for one caller in the cluster, gives the right to make it.
    pub fn cache_fill(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.cache_fill(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "fill", .library_name = "stackhost:cache@1" })(request, request_len, out, out_cap);
    }
    /// Stores a value.
    pub fn cache_put(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.cache_put(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "put", .library_name = "stackhost:cache@1" })(request, request_len, out, out_cap);
    }
    /// Invalidates all entries with a tag.
    pub fn cache_invalidate(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.cache_invalidate(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "invalidate", .library_name = "stackhost:cache@1" })(request, request_len, out, out_cap);
    }
    /// Deletes a key.
    pub fn cache_delete(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.cache_delete(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "delete", .library_name = "stackhost:cache@1" })(request, request_len, out, out_cap);
    }
    /// Empties a namespace.
    pub fn cache_clear(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.cache_clear(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "clear", .library_name = "stackhost:cache@1" })(request, request_len, out, out_cap);
    }
    /// Takes a lock. conflict: somebody else holds it.
    pub fn lock_acquire(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.lock_acquire(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "acquire", .library_name = "stackhost:lock@1" })(request, request_len, out, out_cap);
    }
    /// Makes a lease last longer. conflict: it has ended.
    pub fn lock_renew(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.lock_renew(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "renew", .library_name = "stackhost:lock@1" })(request, request_len, out, out_cap);
    }
    /// Ends a lease.
    pub fn lock_release(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.lock_release(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "release", .library_name = "stackhost:lock@1" })(request, request_len, out, out_cap);
    }
    /// Stores a short blob in one call.
    pub fn blob_put(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.blob_put(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "put", .library_name = "stackhost:blob@1" })(request, request_len, out, out_cap);
    }
    /// Begins a blob: write its content to the stream, then commit. Closing the stream gives it up.
    pub fn blob_write(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.blob_write(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "write", .library_name = "stackhost:blob@1" })(request, request_len, out, out_cap);
    }
    /// Makes a written blob visible. conflict: the guard does not hold.
    pub fn blob_commit(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.blob_commit(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "commit", .library_name = "stackhost:blob@1" })(request, request_len, out, out_cap);
    }
    /// Reads a blob or a part of it.
    pub fn blob_read(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.blob_read(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "read", .library_name = "stackhost:blob@1" })(request, request_len, out, out_cap);
    }
    /// Tells what is known of a blob.
    pub fn blob_stat(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.blob_stat(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "stat", .library_name = "stackhost:blob@1" })(request, request_len, out, out_cap);
    }
    /// Deletes a blob.
    pub fn blob_delete(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.blob_delete(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "delete", .library_name = "stackhost:blob@1" })(request, request_len, out, out_cap);
    }
    /// Lists blobs in order of their keys.
    pub fn blob_list(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.blob_list(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "list", .library_name = "stackhost:blob@1" })(request, request_len, out, out_cap);
    }
    /// Reads a secret. not_found: it is not set.
    pub fn secret_get(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (!on_wasm) return native.secret_get(request, request_len, out, out_cap);
        return @extern(*const fn (request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) callconv(.c) i64, .{ .name = "get", .library_name = "stackhost:secret@1" })(request, request_len, out, out_cap);
    }
};
