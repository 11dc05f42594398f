//! The welcome endpoints in Zig. The host's routes send everything under /zig/ here.
const std = @import("std");
const sh = @import("stackhost");
const get = sh.Route.get;
const post = sh.Route.post;

comptime {
    sh.exports(.{ .http = sh.routerOr(&.{
        get("/zig/", page),
        get("/zig/hello", hello),
        get("/zig/json", describe),
        get("/zig/stream", stream),
        post("/zig/form", form),
        post("/zig/echo", echo),
    }, nothingHere) });
}

fn page(_: *sh.Request) !sh.Response {
    return .html(@embedFile("page.html"));
}

fn hello(_: *sh.Request) !sh.Response {
    return .text("Hello from Zig");
}

fn describe(request: *sh.Request) !sh.Response {
    const query = sh.urlencoded.parse(request.record.query);
    var w = sh.json.Writer{};
    w.object();
    w.member("language", "Zig");
    w.member("message", "Hello, world");
    w.member("path", request.record.path);
    w.member("method", request.record.method);
    w.key("query");
    w.object();
    for (query, 0..) |f, i| {
        if (sh.urlencoded.get(query[0..i], f.name) == null) w.member(f.name, f.value);
    }
    w.endObject();
    w.member("random", sh.random.hex(8));
    w.endObject();
    return .json(w.text());
}

fn form(request: *sh.Request) !sh.Response {
    const fields = try request.form();
    for ([_][]const u8{ "name", "message" }) |field| {
        const value: []const u8 = sh.urlencoded.get(fields, field) orelse "";
        if (value.len == 0) return .problem(422, sh.print("{s} is required", .{field}));
    }
    const message = sh.urlencoded.get(fields, "message").?;
    var w = sh.json.Writer{};
    w.object();
    w.member("language", "Zig");
    w.member("name", sh.urlencoded.get(fields, "name").?);
    w.member("message", message);
    w.member("length", message.len);
    w.endObject();
    return .json(w.text());
}

/// 0 for what is no number; std.fmt.parseInt alone would take 1_000 for one.
fn number(text: []const u8) u32 {
    if (std.mem.indexOfNone(u8, text, "0123456789") != null) return 0;
    return std.fmt.parseInt(u32, text, 10) catch 0;
}

fn stream(request: *sh.Request) !sh.Response {
    const n = if (request.query("n")) |text| number(text) else 5;
    if (n < 1 or n > 1000) return .problem(400, "n is a number from 1 to 1000");
    const out = try sh.Response.text("").start();
    for (1..n + 1) |i| {
        try out.write(sh.print("line {d} of {d} from Zig\n", .{ i, n }));
        try out.flush();
    }
    return out.finish();
}

fn echo(request: *sh.Request) !sh.Response {
    const response = (sh.Response{}).header("content-type", request.header("content-type") orelse "application/octet-stream");
    return response.sendBody(&request.body);
}

fn nothingHere(request: *sh.Request) !sh.Response {
    return .problem(404, sh.print("there is nothing at {s}", .{request.record.path}));
}
