//! Runs handlers natively, in `zig test`, against a host made of a few tables. What `send` returns lives until the next one.

const std = @import("std");
const abi = @import("../abi.zig");
const memory = @import("memory.zig");
const msgpack = @import("msgpack.zig");
const sh = @import("../stackhost.zig");
const Value = msgpack.Value;
const Field = msgpack.Field;
const Entries = std.ArrayList(Value.Entry);

var configs: Entries = .empty;
var secrets: Entries = .empty;
var answers: std.ArrayList(struct { url: []const u8, status: u16, body: []const u8 }) = .empty;
var messages: std.ArrayList([]const u8) = .empty;
const lasting = std.heap.page_allocator;
var arena = std.heap.ArenaAllocator.init(lasting);

var last_error: []const u8 = "";
var kept: []const u8 = "";
var body_left: []const u8 = "";
var output: std.ArrayList(u8) = .empty;
var head: ?abi.HttpResponse = null;
var open = false;
var flushes: usize = 0;
var sent: u64 = 0;

/// Forgets configuration, secrets, fetch answers and the log.
pub fn reset() void {
    configs.clearRetainingCapacity();
    secrets.clearRetainingCapacity();
    answers.clearRetainingCapacity();
    messages.clearRetainingCapacity();
}

/// Sets a value that `sh.config` finds under this very key; neither is copied.
pub fn config(key: []const u8, value: Value) void {
    configs.append(lasting, .{ .key = key, .value = value }) catch @panic("no memory");
}

/// Sets what `sh.secret` finds.
pub fn secret(name: []const u8, value: []const u8) void {
    secrets.append(lasting, .{ .key = name, .value = .{ .bin = value } }) catch @panic("no memory");
}

/// Answers `sh.fetch` of this URL; a URL without an answer is denied. The body comes through a stream when it is longer than a
/// record holds inline.
pub fn fetch(url: []const u8, status: u16, body: []const u8) void {
    answers.append(lasting, .{ .url = url, .status = status, .body = body }) catch @panic("no memory");
}

/// Messages of the log since `reset`.
pub fn logs() []const []const u8 {
    return messages.items;
}

/// A request to try a handler with.
pub const Send = struct {
    method: []const u8 = "GET",
    path: []const u8 = "/",
    query: []const u8 = "",
    /// Names in lower case.
    headers: []const Field = &.{},
    /// Wildcards of the manifest's route.
    params: []const Field = &.{},
    body: []const u8 = "",
    /// Sends the body through a stream, in pieces of 7 bytes.
    streamed: bool = false,
};

pub const Reply = struct {
    status: u16,
    headers: []const Field,
    body: []const u8,
    /// Whether the response was started, and how often it was flushed.
    streamed: bool,
    flushes: usize,

    /// First value of a header, in whatever case the name is given.
    pub fn header(r: *const Reply, name: []const u8) ?[]const u8 {
        for (r.headers) |h| if (std.ascii.eqlIgnoreCase(h.name, name)) return h.value;
        return null;
    }
};

/// Sends a request to a handler; gives its error when it fails.
pub fn send(handler: sh.Handler, request: Send) anyerror!Reply {
    _ = arena.reset(.retain_capacity);
    output = .empty;
    head = null;
    flushes = 0;
    sent += 1;
    var seed: [16]u8 = @splat(1);
    std.mem.writeInt(u64, seed[0..8], sent, .little);
    body_left = request.body;
    var e = msgpack.Encoder{ .allocator = arena.allocator() };
    try e.record(abi.HttpRequest{
        .method = request.method,
        .path = request.path,
        .query = request.query,
        .scheme = "http",
        .host = "test.example",
        .headers = request.headers,
        .params = request.params,
        .body = if (request.streamed) "" else request.body,
        .body_stream = @intFromBool(request.streamed),
        .body_length = @intCast(request.body.len),
        .remote = "192.0.2.1",
        .id = "test",
        .route = request.path,
        .timeout_ms = 30000,
        .time_us = 1000000 + sent,
        .random = &seed,
    });
    memory.begin();
    const bytes = try sh.runHttp(e.out.items, handler);
    const response = if (bytes) |b| try msgpack.decode(abi.HttpResponse, arena.allocator(), b) else head orelse return error.Closed;
    return .{
        .status = if (response.status == 0) 200 else @intCast(response.status),
        .headers = response.headers,
        .body = if (bytes == null) output.items else response.body,
        .streamed = bytes == null,
        .flushes = flushes,
    };
}

fn refuse(code: i64, text: []const u8) i64 {
    last_error = text;
    return code;
}

fn read(comptime T: type, bytes: []const u8) ?T {
    return msgpack.decode(T, arena.allocator(), arena.allocator().dupe(u8, bytes) catch return null) catch null;
}

/// Puts a reply into the out area, or keeps it for take.
fn give(record: anytype, out: []u8) i64 {
    var e = msgpack.Encoder{ .allocator = arena.allocator() };
    e.record(record) catch @panic("no memory");
    const bytes = e.out.items;
    if (bytes.len > out.len) kept = bytes else @memcpy(out[0..bytes.len], bytes);
    return @intCast(bytes.len);
}

fn find(entries: Entries, key: []const u8) ?Value {
    return (Value{ .map = entries.items }).get(key);
}

fn malformed() i64 {
    return refuse(abi.codes.invalid, "the record is malformed");
}

/// Answers one call of a batch, or a call by itself.
fn answer(function: []const u8, request: []const u8, out: []u8) i64 {
    const Function = enum { config, secret, supports, send };
    switch (std.meta.stringToEnum(Function, function) orelse return refuse(abi.codes.unsupported, "no such function")) {
        .config => {
            const r = read(abi.ConfigRequest, request) orelse return malformed();
            const value = if (r.key.len == 0) Value{ .map = configs.items } else find(configs, r.key);
            return give(abi.ConfigReply{ .value = value orelse return refuse(abi.codes.not_found, "there is no such config value") }, out);
        },
        .secret => {
            const r = read(abi.SecretRequest, request) orelse return malformed();
            const value = find(secrets, r.name) orelse return refuse(abi.codes.not_found, "there is no such secret");
            return give(abi.SecretReply{ .value = value.bin }, out);
        },
        .supports => {
            const r = read(abi.SupportsRequest, request) orelse return malformed();
            const known = std.meta.stringToEnum(enum { core, http, fetch }, r.capability) != null;
            return give(abi.SupportsReply{ .version = @intFromBool(known), .granted = known }, out);
        },
        .send => {
            const r = read(abi.FetchRequest, request) orelse return malformed();
            for (answers.items) |a| {
                if (!std.mem.eql(u8, a.url, r.url)) continue;
                const short = a.body.len <= abi.limits.inline_body_bytes;
                if (!short) body_left = a.body;
                return give(abi.FetchResponse{ .status = a.status, .body = if (short) a.body else "", .body_stream = @intFromBool(!short), .url = r.url }, out);
            }
            return refuse(abi.codes.denied, "the host is not granted");
        },
    }
}

/// The host's functions, under the names in `abi.imports`.
pub const imports = struct {
    pub fn core_take(ptr: [*]u8, cap: usize) i64 {
        if (kept.len == 0) return refuse(abi.codes.not_found, "no reply is kept");
        if (kept.len <= cap) @memcpy(ptr[0..kept.len], kept);
        defer if (kept.len <= cap) {
            kept = "";
        };
        return @intCast(kept.len);
    }
    pub fn core_error(ptr: [*]u8, cap: usize) i64 {
        const n = @min(cap, last_error.len);
        @memcpy(ptr[0..n], last_error[0..n]);
        return @intCast(last_error.len);
    }
    pub fn core_batch(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        const r = read(abi.BatchRequest, request[0..request_len]) orelse return malformed();
        if (r.calls.len > abi.limits.batch_calls) return refuse(abi.codes.limit, "too many calls in a batch");
        var results: [abi.limits.batch_calls]abi.BatchResult = undefined;
        for (r.calls, 0..) |c, i| {
            const reply = arena.allocator().alloc(u8, abi.limits.record_bytes) catch @panic("no memory");
            const n = answer(c.function, c.request, reply);
            results[i] = if (n < 0) .{ .code = n, .@"error" = last_error } else .{ .reply = reply[0..@intCast(n)] };
        }
        return give(abi.BatchReply{ .results = results[0..r.calls.len] }, out[0..out_cap]);
    }
    pub fn core_read(stream: u32, ptr: [*]u8, cap: usize) i64 {
        if (stream != 1) return refuse(abi.codes.closed, "no such stream");
        const n = @min(7, cap, body_left.len);
        @memcpy(ptr[0..n], body_left[0..n]);
        body_left = body_left[n..];
        return @intCast(n);
    }
    pub fn core_write(stream: u32, ptr: [*]const u8, len: usize) i64 {
        if (stream != 2 or !open) return refuse(abi.codes.closed, "no such stream");
        output.appendSlice(arena.allocator(), ptr[0..len]) catch return refuse(abi.codes.limit, "the answer is too long");
        return @intCast(len);
    }
    pub fn core_close(stream: u32) i64 {
        if (stream == 1) return 0;
        if (stream != 2 or !open) return refuse(abi.codes.closed, "no such stream");
        open = false;
        return 0;
    }
    pub fn core_log(request: [*]const u8, request_len: usize, _: [*]u8, _: usize) i64 {
        const r = msgpack.decode(abi.LogRecord, lasting, lasting.dupe(u8, request[0..request_len]) catch return malformed()) catch return malformed();
        messages.append(lasting, r.message) catch @panic("no memory");
        return 0;
    }
    pub fn core_config(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        return answer("config", request[0..request_len], out[0..out_cap]);
    }
    pub fn core_secret(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        return answer("secret", request[0..request_len], out[0..out_cap]);
    }
    pub fn core_supports(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        return answer("supports", request[0..request_len], out[0..out_cap]);
    }
    pub fn fetch_send(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        return answer("send", request[0..request_len], out[0..out_cap]);
    }
    pub fn http_respond(request: [*]const u8, request_len: usize, out: [*]u8, out_cap: usize) i64 {
        if (head != null) return refuse(abi.codes.closed, "the response was started before");
        head = read(abi.HttpResponse, request[0..request_len]) orelse return malformed();
        open = true;
        _ = core_write(2, head.?.body.ptr, head.?.body.len);
        return give(abi.StreamReply{ .stream = 2 }, out[0..out_cap]);
    }
    pub fn http_flush(stream: u32) i64 {
        if (stream != 2 or !open) return refuse(abi.codes.closed, "no such stream");
        flushes += 1;
        return 0;
    }
};
