//! Calls into the host.

const std = @import("std");
const abi = @import("../abi.zig");
const memory = @import("memory.zig");
const msgpack = @import("msgpack.zig");
const Body = @import("http.zig").Body;
const Value = msgpack.Value;
const imports = abi.imports;

var last_code: i64 = 0;
var last_text: []const u8 = "";

pub fn clear() void {
    last_code = 0;
    last_text = "";
}

/// The last code that the host or `fail` gave, and the text that belongs to it.
pub fn lastCode() i64 {
    return last_code;
}
pub fn lastText() []const u8 {
    return last_text;
}

/// Keeps a code and a text for the log and gives the error to return from a handler.
pub fn fail(code: i64, text: []const u8) abi.Error {
    last_code = if (code < 0) code else abi.codes.internal;
    last_text = memory.current().dupe(u8, text) catch "";
    return abi.errorOf(last_code);
}

pub fn check(result: i64) abi.Error!usize {
    if (result >= 0) return @intCast(result);
    var text: [abi.limits.error_text_bytes]u8 = undefined;
    const n = imports.core_error(&text, text.len);
    return fail(result, text[0..@intCast(std.math.clamp(n, 0, text.len))]);
}

fn malformed(e: anyerror) abi.Error {
    return fail(if (e == error.Limit) abi.codes.limit else abi.codes.invalid, "the host's reply is malformed");
}

fn encoded(request: anytype) []const u8 {
    var e = msgpack.Encoder{ .allocator = memory.current() };
    e.record(request) catch @trap();
    return e.out.items;
}

const Function = fn ([*]const u8, usize, [*]u8, usize) i64;

pub fn call(comptime function: Function, request: anytype, comptime Reply: type) abi.Error!Reply {
    const bytes = encoded(request);
    var reply = memory.current().alloc(u8, 512) catch @trap();
    const n = try check(function(bytes.ptr, bytes.len, reply.ptr, reply.len));
    if (n > reply.len) {
        reply = memory.current().alloc(u8, n) catch @trap();
        _ = try check(imports.core_take(reply.ptr, n));
    }
    return msgpack.decode(Reply, memory.current(), reply[0..n]) catch |e| malformed(e);
}

/// Writes a log record: `log(.info, "saved", &.{.{ .key = "id", .value = .{ .int = 7 } }})`.
pub fn log(level: abi.LogLevel, message: []const u8, fields: []const Value.Entry) void {
    const bytes = encoded(abi.LogRecord{ .level = level, .message = message, .fields = if (fields.len == 0) .nil else .{ .map = fields } });
    var none: [1]u8 = undefined;
    _ = imports.core_log(bytes.ptr, bytes.len, &none, 0);
}

/// A value of the module's config table: key with dots for nested tables, empty for all of it.
pub fn config(key: []const u8) abi.Error!Value {
    return (try call(imports.core_config, abi.ConfigRequest{ .key = key }, abi.ConfigReply)).value;
}

pub fn secret(name: []const u8) abi.Error![]const u8 {
    return (try call(imports.core_secret, abi.SecretRequest{ .name = name }, abi.SecretReply)).value;
}

pub fn supports(capability: []const u8) abi.Error!abi.SupportsReply {
    return call(imports.core_supports, abi.SupportsRequest{ .capability = capability }, abi.SupportsReply);
}

/// The response to an outbound request.
pub const Fetched = struct {
    status: u16,
    headers: []const msgpack.Field,
    body: Body,
    /// URL of the last hop.
    url: []const u8,

    fn init(r: abi.FetchResponse) Fetched {
        const length: i64 = if (r.body_stream == 0) @intCast(r.body.len) else -1;
        return .{ .status = @truncate(r.status), .headers = r.headers, .url = r.url, .body = .{ .rest = r.body, .stream = @truncate(r.body_stream), .length = length } };
    }
};

fn whole(request: abi.FetchRequest) abi.FetchRequest {
    var r = request;
    if (r.method.len == 0) r.method = "GET";
    return r;
}

/// Makes a call that has no reply.
pub fn send(comptime function: Function, request: anytype) abi.Error!void {
    const bytes = encoded(request);
    var none: [1]u8 = undefined;
    _ = try check(function(bytes.ptr, bytes.len, &none, 0));
}

/// Sends a request. HTTP error statuses are responses, not errors.
pub fn fetch(request: abi.FetchRequest) abi.Error!Fetched {
    return .init(try call(imports.fetch_send, whole(request), abi.FetchResponse));
}

/// Several calls at once: add, run, then read the results by index.
pub const Batch = struct {
    calls: std.ArrayList(abi.BatchCall) = .empty,
    results: []const abi.BatchResult = &.{},

    fn add(b: *Batch, capability: []const u8, function: []const u8, request: anytype) usize {
        b.calls.append(memory.current(), .{ .capability = capability, .function = function, .request = encoded(request) }) catch @trap();
        return b.calls.items.len - 1;
    }
    pub fn config(b: *Batch, key: []const u8) usize {
        return b.add("core", "config", abi.ConfigRequest{ .key = key });
    }
    pub fn secret(b: *Batch, name: []const u8) usize {
        return b.add("core", "secret", abi.SecretRequest{ .name = name });
    }
    pub fn supports(b: *Batch, capability: []const u8) usize {
        return b.add("core", "supports", abi.SupportsRequest{ .capability = capability });
    }
    pub fn fetch(b: *Batch, request: abi.FetchRequest) usize {
        return b.add("fetch", "send", whole(request));
    }

    pub fn run(b: *Batch) abi.Error!void {
        b.results = (try call(imports.core_batch, abi.BatchRequest{ .calls = b.calls.items }, abi.BatchReply)).results;
    }

    fn result(b: *const Batch, index: usize, comptime Reply: type) abi.Error!Reply {
        if (index >= b.results.len) return fail(abi.codes.not_found, "the batch has no such call");
        const r = b.results[index];
        if (r.code < 0) return fail(r.code, r.@"error");
        return msgpack.decode(Reply, memory.current(), r.reply) catch |e| malformed(e);
    }
    pub fn getConfig(b: *const Batch, index: usize) abi.Error!Value {
        return (try b.result(index, abi.ConfigReply)).value;
    }
    pub fn getSecret(b: *const Batch, index: usize) abi.Error![]const u8 {
        return (try b.result(index, abi.SecretReply)).value;
    }
    pub fn getSupports(b: *const Batch, index: usize) abi.Error!abi.SupportsReply {
        return b.result(index, abi.SupportsReply);
    }
    pub fn getFetch(b: *const Batch, index: usize) abi.Error!Fetched {
        return .init(try b.result(index, abi.FetchResponse));
    }
};
