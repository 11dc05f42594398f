//! Write stackhost handlers, middleware, jobs and console commands in Zig.
//!
//! A module is an executable for wasm32-freestanding without an entry. It names what it has to offer with `exports`. Memory from
//! `allocator()`, and everything that these functions return, lives until the call ends; nothing has to be freed. One call runs at a
//! time, there are no threads.

const std = @import("std");
const builtin = @import("builtin");
pub const abi = @import("abi.zig");
pub const msgpack = @import("src/msgpack.zig");
pub const json = @import("src/json.zig");
pub const random = @import("src/random.zig");
pub const urlencoded = @import("src/urlencoded.zig");
/// Runs handlers in `zig test`.
pub const testing = @import("src/testing.zig");
const command = @import("src/command.zig");
const host = @import("src/host.zig");
const http = @import("src/http.zig");
const memory = @import("src/memory.zig");
const state = @import("src/state.zig");

pub const Value = msgpack.Value;
pub const Field = msgpack.Field;
pub const Error = abi.Error;
pub const LogLevel = abi.LogLevel;
pub const JobRequest = abi.JobRequest;
pub const Command = command.Command;
pub const CommandRow = command.Row;
pub const Progress = command.Progress;
pub const BootRequest = abi.BootRequest;

pub const Request = http.Request;
pub const Response = http.Response;
pub const Stream = http.Stream;
pub const Body = http.Body;
pub const Verdict = http.Verdict;
pub const Handler = http.Handler;
pub const Route = http.Route;
pub const router = http.router;
pub const routerOr = http.routerOr;
pub const form_limit = http.form_limit;

pub const log = host.log;
pub const config = host.config;
pub const secret = host.secret;
pub const supports = host.supports;
pub const fetch = host.fetch;
pub const Fetched = host.Fetched;
pub const Batch = host.Batch;
pub const kv = state.kv;
pub const cache = state.cache;
pub const lock = state.lock;
pub const blob = state.blob;
pub const clusterSecret = state.clusterSecret;
pub const fail = host.fail;
pub const lastCode = host.lastCode;
pub const lastText = host.lastText;

/// Memory of the current call; at boot, memory that lives as long as the module.
pub fn allocator() std.mem.Allocator {
    return memory.current();
}

/// Formats text that lives until the call ends.
pub fn print(comptime format: []const u8, args: anytype) []const u8 {
    return std.fmt.allocPrint(allocator(), format, args) catch @trap();
}

/// Microseconds since 1970-01-01 UTC when the host handed over the call.
pub fn timeUs() u64 {
    return now_us;
}

/// Logs why and traps: for what must not happen.
pub fn die(why: []const u8) noreturn {
    log(.@"error", why, &.{});
    @trap();
}

var now_us: u64 = 0;

/// What a module offers; leave out what it does not.
pub const Exports = struct {
    http: ?Handler = null,
    middleware: ?*const fn (*Request) anyerror!Verdict = null,
    /// Does a job and gives what it produces.
    job: ?*const fn (*const JobRequest) anyerror![]const u8 = null,
    /// Console commands.
    commands: []const CommandRow = &.{},
    /// Runs once, before the state that every call starts from is taken.
    boot: ?*const fn (*const BootRequest) anyerror!void = null,
};

/// Exports the functions that the host calls: `comptime { sh.exports(.{ .http = handler }); }`.
pub fn exports(comptime e: Exports) void {
    if (!builtin.cpu.arch.isWasm()) return;
    const Entry = struct {
        fn marker() callconv(.c) void {}
        fn initialize() callconv(.c) void {
            memory.reserve();
        }
        fn alloc(len: usize) callconv(.c) ?[*]u8 {
            memory.begin();
            host.clear();
            return (memory.current().alignedAlloc(u8, .@"8", @max(len, 1)) catch return null).ptr;
        }
        fn onHttp(ptr: [*]const u8, len: usize) callconv(.c) i64 {
            return pack(runHttp(ptr[0..len], e.http.?));
        }
        fn onMiddleware(ptr: [*]const u8, len: usize) callconv(.c) i64 {
            return pack(runMiddleware(ptr[0..len], e.middleware.?));
        }
        fn onJob(ptr: [*]const u8, len: usize) callconv(.c) i64 {
            return pack(runJob(ptr[0..len], e.job.?));
        }
        fn onCommand(ptr: [*]const u8, len: usize) callconv(.c) i64 {
            return pack(runCommand(ptr[0..len], e.commands));
        }
        fn onBoot(ptr: [*]const u8, len: usize) callconv(.c) i64 {
            return pack(runBoot(ptr[0..len], e.boot.?));
        }
    };
    @export(&Entry.marker, .{ .name = "stackhost_abi_1" });
    @export(&Entry.initialize, .{ .name = "_initialize" });
    @export(&Entry.alloc, .{ .name = "stackhost_alloc" });
    if (e.http != null) @export(&Entry.onHttp, .{ .name = "stackhost_http" });
    if (e.middleware != null) @export(&Entry.onMiddleware, .{ .name = "stackhost_middleware" });
    if (e.job != null) @export(&Entry.onJob, .{ .name = "stackhost_job" });
    if (e.commands.len > 0) @export(&Entry.onCommand, .{ .name = "stackhost_command" });
    if (e.boot != null) @export(&Entry.onBoot, .{ .name = "stackhost_boot" });
}

/// How an entry ends: a record, nothing more to say, or an error.
fn pack(result: anyerror!?[]const u8) i64 {
    const record = result catch |e| return failed(e);
    const bytes = record orelse return 0;
    if (bytes.len > abi.limits.record_bytes) {
        return failed(fail(abi.codes.internal, "the answer is longer than a record may be; send it with Response.start"));
    }
    return @bitCast(@as(u64, @intFromPtr(bytes.ptr)) << 32 | bytes.len);
}

fn failed(e: anyerror) i64 {
    var code = abi.codeOf(e);
    if (code == 0 and e == error.Failed) code = lastCode();
    if (code == lastCode() and lastText().len > 0) {
        log(.@"error", lastText(), &.{.{ .key = "code", .value = .{ .int = code } }});
    } else if (code == 0) {
        log(.@"error", @errorName(e), &.{});
    }
    return if (code < 0) code else abi.codes.internal;
}

fn encode(record: anytype) !?[]const u8 {
    var e = msgpack.Encoder{ .allocator = allocator() };
    try e.out.ensureTotalCapacity(allocator(), 512);
    try e.record(record);
    return e.out.items;
}

fn begin(bytes: []const u8) !Request {
    const record = try msgpack.decode(abi.HttpRequest, allocator(), bytes);
    random.seed(record.random);
    now_us = record.time_us;
    return Request.init(record);
}

/// Runs an HTTP handler on an encoded request and gives the encoded response, or null when it was streamed.
pub fn runHttp(bytes: []const u8, handler: Handler) anyerror!?[]const u8 {
    var request = try begin(bytes);
    const response = try handler(&request);
    return if (response.started) null else encode(response.record());
}

fn runMiddleware(bytes: []const u8, decide: *const fn (*Request) anyerror!Verdict) anyerror!?[]const u8 {
    var request = try begin(bytes);
    const v = try decide(&request);
    if (v.answer == null and v.set.len + v.remove.len + v.path.len + v.response_headers.len == 0) return null;
    return encode(abi.MiddlewareResult{
        .action = if (v.answer == null) .pass else .answer,
        .response = if (v.answer) |a| a.record() else .{},
        .set_headers = v.set,
        .remove_headers = v.remove,
        .path = v.path,
        .response_headers = v.response_headers,
    });
}

fn runJob(bytes: []const u8, work: *const fn (*const JobRequest) anyerror![]const u8) anyerror!?[]const u8 {
    const request = try msgpack.decode(abi.JobRequest, allocator(), bytes);
    random.seed(request.random);
    now_us = request.time_us;
    const result = try work(&request);
    return if (result.len == 0) null else encode(abi.JobResult{ .result = result });
}

fn runCommand(bytes: []const u8, commands: []const CommandRow) anyerror!?[]const u8 {
    const request = try msgpack.decode(abi.CommandRequest, allocator(), bytes);
    random.seed(request.random);
    now_us = request.time_us;
    var c = Command.init(request);
    const exit = c.run(commands);
    return if (exit == 0) null else encode(abi.CommandResult{ .exit = exit });
}

fn runBoot(bytes: []const u8, prepare: *const fn (*const BootRequest) anyerror!void) anyerror!?[]const u8 {
    const request = try msgpack.decode(abi.BootRequest, allocator(), bytes);
    memory.booting(true);
    defer memory.booting(false);
    try prepare(&request);
    return null;
}
