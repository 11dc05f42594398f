//! The Zig guest of the conformance suite: one route for each thing that the suite looks at.
const std = @import("std");
const sh = @import("stackhost");
const calls = @import("calls.zig");
const leak = @import("leak.zig");
const get = sh.Route.get;
const post = sh.Route.post;

const routes = [_]sh.Route{
    get("/t/echo-request", echoRequest),
    post("/t/echo", echo),
    post("/t/sum", sum),
    get("/t/status/{code}", status),
    get("/t/headers", headers),
    get("/t/stream", stream),
    get("/t/empty", empty),
    get("/t/counter", count),
    get("/t/random", numbers),
    get("/t/log", calls.log),
    get("/t/config", calls.config),
    get("/t/secret", calls.secret),
    get("/t/supports", calls.supports),
    get("/t/fetch", calls.fetch),
    get("/t/batch", calls.batch),
    get("/t/trap", trap),
    get("/t/loop", endless),
    get("/t/recurse", recursion),
    get("/t/grow", leak.grow),
    get("/t/error", failure),
    get("/t/leak", leak.leak),
    get("/t/time", now),
    get("/t/boot", booted),
};

comptime {
    sh.exports(.{ .http = sh.router(&routes), .middleware = around, .job = work, .boot = boot });
}

var counter: u32 = 0;
var on_heap: *u32 = undefined;
var boots: u32 = 0;

fn boot(_: *const sh.BootRequest) !void {
    boots += 1;
    on_heap = try sh.allocator().create(u32);
    on_heap.* = 0;
    try leak.prepare();
}

pub fn number(request: *const sh.Request, name: []const u8, otherwise: u32) u32 {
    return std.fmt.parseInt(u32, request.query(name) orelse return otherwise, 10) catch otherwise;
}

fn echoRequest(request: *sh.Request) !sh.Response {
    const r = request.record;
    var w = sh.json.Writer{};
    w.object();
    inline for (.{ "method", "path", "query", "scheme", "host" }) |name| w.member(name, @field(r, name));
    w.key("headers");
    w.array();
    for (r.headers) |f| {
        w.array();
        w.str(f.name);
        w.str(sh.json.base64(f.value));
        w.endArray();
    }
    w.endArray();
    w.key("params");
    w.array();
    for (r.params) |f| {
        w.array();
        w.str(f.name);
        w.str(f.value);
        w.endArray();
    }
    w.endArray();
    w.member("body_length", r.body_length);
    w.member("route", r.route);
    w.member("has_id", r.id.len > 0);
    w.member("has_traceparent", r.traceparent.len > 0);
    w.member("timeout_positive", r.timeout_ms > 0);
    w.endObject();
    return .json(w.text());
}

fn echo(request: *sh.Request) !sh.Response {
    const response = (sh.Response{}).header("content-type", request.header("content-type") orelse "application/octet-stream");
    return response.sendBody(&request.body);
}

fn sum(request: *sh.Request) !sh.Response {
    const buffer = try sh.allocator().alloc(u8, 8192);
    var bytes: u64 = 0;
    var total: u32 = 0;
    while (true) {
        const n = try request.body.read(buffer);
        if (n == 0) break;
        bytes += n;
        for (buffer[0..n]) |b| total +%= b;
    }
    return .json(sh.print("{{\"bytes\":{d},\"sum\":{d}}}", .{ bytes, total }));
}

fn status(request: *sh.Request) !sh.Response {
    const code = std.fmt.parseInt(u16, request.param("code"), 10) catch return .problem(400, "code must be a number");
    return .{ .status = code };
}

fn headers(_: *sh.Request) !sh.Response {
    return sh.Response.text("headers").header("x-a", "1").header("x-a", "2").header("x-bin", "\xff\xfe").header("connection", "close").header("content-length", "3");
}

fn stream(request: *sh.Request) !sh.Response {
    const chunk = try sh.allocator().alloc(u8, number(request, "size", 1));
    @memset(chunk, 'x');
    const out = try sh.Response.text("").start();
    for (0..number(request, "n", 1)) |_| {
        try out.write(chunk);
        try out.flush();
    }
    return out.finish();
}

fn empty(_: *sh.Request) !sh.Response {
    return .{ .status = 204 };
}

fn count(_: *sh.Request) !sh.Response {
    counter += 1;
    on_heap.* += 1;
    return .text(sh.print("{d}", .{@max(counter, on_heap.*)}));
}

/// Zig has no generator that seeds itself here, so `language` is empty.
fn numbers(_: *sh.Request) !sh.Response {
    return .json(sh.print("{{\"request\":\"{s}\",\"language\":\"\"}}", .{sh.random.hex(8)}));
}

fn trap(_: *sh.Request) !sh.Response {
    sh.die("asked to trap");
}

fn endless(_: *sh.Request) !sh.Response {
    const c: *volatile u32 = &counter;
    while (true) c.* +%= 1;
}

/// Never ends, and does something after each call so that it cannot become a loop.
noinline fn recurse(n: *volatile u32) u32 {
    var more: u32 = n.* +% 1;
    const p: *volatile u32 = &more;
    if (p.* == 0) return 0;
    return recurse(p) +% p.*;
}

fn recursion(_: *sh.Request) !sh.Response {
    var n: u32 = 1;
    return .text(sh.print("{d}", .{recurse(&n)}));
}

fn failure(request: *sh.Request) !sh.Response {
    const code = std.fmt.parseInt(i64, request.query("code") orelse "", 10) catch 0;
    return if (code < 0) sh.fail(code, "") else .problem(400, "code must be a negative number");
}

fn now(_: *sh.Request) !sh.Response {
    return .json(sh.print("{{\"us\":{d}}}", .{sh.timeUs()}));
}

fn booted(_: *sh.Request) !sh.Response {
    return .text(sh.print("booted once: {d}", .{boots}));
}

fn around(request: *sh.Request) !sh.Verdict {
    const mode = request.header("X-Mw") orelse "";
    if (std.mem.eql(u8, mode, "block")) return .{ .answer = sh.Response.text("blocked").withStatus(403) };
    if (std.mem.eql(u8, mode, "set")) return .{ .set = &.{.{ .name = "x-added", .value = "1" }}, .response_headers = &.{.{ .name = "x-mw", .value = "seen" }} };
    return .{};
}

fn work(job: *const sh.JobRequest) ![]const u8 {
    if (std.mem.eql(u8, job.name, "fail")) return sh.fail(-1001, "asked to fail");
    if (std.mem.eql(u8, job.name, "trap")) sh.die("asked to trap");
    const reversed = try sh.allocator().dupe(u8, job.payload);
    std.mem.reverse(u8, reversed);
    return reversed;
}
