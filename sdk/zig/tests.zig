//! Runs the tests of every part, and handlers against the native host.
const std = @import("std");
const sh = @import("stackhost.zig");
const expect = std.testing.expect;
const eql = std.testing.expectEqualStrings;
const expectError = std.testing.expectError;

test {
    _ = @import("src/urlencoded.zig");
    _ = @import("src/random.zig");
    _ = @import("src/json.zig");
    _ = @import("src/http.zig");
}

const routed = sh.router(&.{
    .get("/hello/{name}", hello),
    .post("/form", form),
    .post("/echo", echo),
    .get("/stream", stream),
    .get("/settings", settings),
    .get("/fetch", fetched),
    .get("/batch", batched),
    .get("/random", random),
    .get("/fail", failing),
});

fn hello(r: *sh.Request) !sh.Response {
    return sh.Response.text(sh.print("Hello, {s}!", .{r.param("name")})).header("x-agent", r.header("User-Agent") orelse "none");
}

fn form(r: *sh.Request) !sh.Response {
    return .text(sh.urlencoded.get(try r.form(), "a") orelse "absent");
}

fn echo(r: *sh.Request) !sh.Response {
    return (sh.Response{}).sendBody(&r.body);
}

fn stream(_: *sh.Request) !sh.Response {
    const out = try sh.Response.text("first ").withStatus(201).start();
    for (0..3) |i| {
        try out.write(sh.print("{d} ", .{i}));
        try out.flush();
    }
    try expectError(error.Closed, sh.Response.text("again").start());
    return out.finish();
}

fn settings(_: *sh.Request) !sh.Response {
    const greeting = try sh.config("greeting");
    const key = try sh.secret("key");
    sh.log(.warn, "settings", &.{.{ .key = "bytes", .value = .{ .int = @intCast(key.len) } }});
    return .text(greeting.str);
}

fn fetched(r: *sh.Request) !sh.Response {
    var answer = try sh.fetch(.{ .url = r.query("url") orelse "" });
    return sh.Response.text(try answer.body.bytes(1 << 20)).withStatus(answer.status);
}

fn batched(_: *sh.Request) !sh.Response {
    var b = sh.Batch{};
    const all = b.config("");
    const none = b.secret("absent");
    const core = b.supports("core");
    try b.run();
    try expectError(error.NotFound, b.getSecret(none));
    try eql("there is no such secret", sh.lastText());
    try expectError(error.NotFound, b.getSecret(99));
    try expect((try b.getSupports(core)).granted);
    var w = sh.json.Writer{};
    w.value(try b.getConfig(all));
    return .json(w.text());
}

fn random(_: *sh.Request) !sh.Response {
    return .text(sh.random.hex(16));
}

fn failing(_: *sh.Request) !sh.Response {
    return sh.fail(-1001, "asked to fail");
}

test "routes, parameters, headers" {
    const reply = try sh.testing.send(routed, .{ .path = "/hello/Ada%20L", .headers = &.{.{ .name = "user-agent", .value = "t" }} });
    try eql("Hello, Ada L!", reply.body);
    try eql("t", reply.header("X-Agent").?);
    try expect((try sh.testing.send(routed, .{ .method = "HEAD", .path = "/hello/x" })).status == 200);
    try expect((try sh.testing.send(routed, .{ .path = "/absent" })).status == 404);
    const wrong = try sh.testing.send(routed, .{ .method = "PUT", .path = "/form" });
    try expect(wrong.status == 405);
    try eql("POST", wrong.header("allow").?);
}

test "bodies, whole and streamed" {
    for ([_]bool{ false, true }) |streamed| {
        try eql("1 2", (try sh.testing.send(routed, .{ .method = "POST", .path = "/form", .body = "b=x&a=1+2&c=yyyyy", .streamed = streamed })).body);
        const reply = try sh.testing.send(routed, .{ .method = "POST", .path = "/echo", .body = "0123456789" ** 9, .streamed = streamed });
        try eql("0123456789" ** 9, reply.body);
        try expect(reply.streamed == streamed);
    }
    const long = "a=" ++ "x" ** sh.form_limit;
    try expectError(error.Limit, sh.testing.send(routed, .{ .method = "POST", .path = "/form", .body = long, .streamed = true }));
}

test "streaming" {
    const reply = try sh.testing.send(routed, .{ .path = "/stream" });
    try eql("first 0 1 2 ", reply.body);
    try expect(reply.status == 201 and reply.flushes == 3);
}

test "configuration, secrets, log" {
    sh.testing.reset();
    try expectError(error.NotFound, sh.testing.send(routed, .{ .path = "/settings" }));
    sh.testing.config("greeting", .{ .str = "Good day" });
    sh.testing.secret("key", "s3");
    try eql("Good day", (try sh.testing.send(routed, .{ .path = "/settings" })).body);
    try eql("settings", sh.testing.logs()[0]);
    try eql("{\"greeting\":\"Good day\"}", (try sh.testing.send(routed, .{ .path = "/batch" })).body);
}

test "fetch" {
    sh.testing.reset();
    try expectError(error.Denied, sh.testing.send(routed, .{ .path = "/fetch", .query = "url=x" }));
    sh.testing.fetch("http://a/", 418, "short");
    sh.testing.fetch("http://b/", 200, "long " ** 20000);
    const short = try sh.testing.send(routed, .{ .path = "/fetch", .query = "url=http%3A%2F%2Fa%2F" });
    try expect(short.status == 418);
    try eql("short", short.body);
    // longer than the out area, so the reply has to be taken; and longer than a body inline, so it is streamed
    try expect((try sh.testing.send(routed, .{ .path = "/fetch", .query = "url=http://b/" })).body.len == 100000);
}

test "a reply that does not fit its out area is taken" {
    sh.testing.reset();
    sh.testing.config("greeting", .{ .str = "y" ** 5000 });
    sh.testing.secret("key", "");
    try expect((try sh.testing.send(routed, .{ .path = "/settings" })).body.len == 5000);
}

test "randomness is new in each request" {
    const first = try std.testing.allocator.dupe(u8, (try sh.testing.send(routed, .{ .path = "/random" })).body);
    defer std.testing.allocator.free(first);
    try expect(!std.mem.eql(u8, first, (try sh.testing.send(routed, .{ .path = "/random" })).body));
}

test "a code of the guest's own" {
    try expectError(error.Failed, sh.testing.send(routed, .{ .path = "/fail" }));
    try expect(sh.lastCode() == -1001);
    try eql("asked to fail", sh.lastText());
}
