//! What the host offers, with failures shown as the suite wants to see them.
const std = @import("std");
const sh = @import("stackhost");
const Writer = sh.json.Writer;

fn putFailure(w: *Writer) void {
    w.object();
    w.member("code", sh.lastCode());
    w.member("error", sh.lastText());
    w.endObject();
}

fn putSupports(w: *Writer, reply: sh.abi.SupportsReply) void {
    w.object();
    w.member("version", reply.version);
    w.member("granted", reply.granted);
    w.endObject();
}

pub fn log(request: *sh.Request) !sh.Response {
    const level = std.meta.stringToEnum(enum { trace, debug, info, warn, @"error" }, request.query("level") orelse "") orelse .info;
    sh.log(@enumFromInt(@intFromEnum(level)), "conformance", &.{
        .{ .key = "text", .value = .{ .str = "value" } },
        .{ .key = "number", .value = .{ .int = 7 } },
        .{ .key = "flag", .value = .{ .bool = true } },
        .{ .key = "list", .value = .{ .array = &.{ .{ .int = 1 }, .{ .str = "two" } } } },
    });
    return .text("logged");
}

pub fn config(request: *sh.Request) !sh.Response {
    var w = Writer{};
    if (sh.config(request.query("key") orelse "")) |v| w.value(v) else |_| putFailure(&w);
    return .json(w.text());
}

pub fn secret(request: *sh.Request) !sh.Response {
    var w = Writer{};
    if (sh.secret(request.query("name") orelse "")) |v| w.str(v) else |_| putFailure(&w);
    return .json(w.text());
}

pub fn supports(request: *sh.Request) !sh.Response {
    var w = Writer{};
    if (sh.supports(request.query("name") orelse "")) |v| putSupports(&w, v) else |_| putFailure(&w);
    return .json(w.text());
}

fn fetched(w: *Writer, url: []const u8) !void {
    var answer = try sh.fetch(.{ .url = url });
    const body = try answer.body.bytes(1 << 20);
    w.object();
    w.member("status", answer.status);
    w.member("body", body);
    w.endObject();
}

pub fn fetch(request: *sh.Request) !sh.Response {
    var w = Writer{};
    fetched(&w, request.query("url") orelse "") catch putFailure(&w);
    return .json(w.text());
}

pub fn batch(_: *sh.Request) !sh.Response {
    var w = Writer{};
    var b = sh.Batch{};
    const all = b.config("");
    const core = b.supports("core");
    b.run() catch {
        putFailure(&w);
        return .json(w.text());
    };
    w.object();
    w.key("config");
    if (b.getConfig(all)) |v| w.value(v) else |_| putFailure(&w);
    w.key("supports");
    if (b.getSupports(core)) |v| putSupports(&w, v) else |_| putFailure(&w);
    w.endObject();
    return .json(w.text());
}
