//! A guest that does all it can to tell one client what another one sent: it looks for traces of earlier requests and then leaves its
//! own everywhere.
const std = @import("std");
const sh = @import("stackhost");
const number = @import("main.zig").number;

const area = 64 << 10;
const page = 64 << 10;
const grown_pages = 16;

var buffer: [area]u8 = @splat(0);
var heap: []u8 = &.{};
var global: u64 = 0;
var kept: [256]u8 = @splat(0);
var pages_at_boot: usize = 0;

pub fn prepare() !void {
    heap = try sh.allocator().alloc(u8, area);
    @memset(heap, 0);
    pages_at_boot = @wasmMemorySize(0);
}

fn more(pages: usize) ?[]u8 {
    const before = @wasmMemoryGrow(0, pages);
    if (before < 0) return null;
    const start: [*]u8 = @ptrFromInt(@as(usize, @intCast(before)) * page);
    return start[0 .. pages * page];
}

fn look(found: *?[]const u8, name: []const u8, bytes: []const u8) void {
    if (found.* != null) return;
    const at = std.mem.indexOfNone(u8, bytes, "\x00") orelse return;
    found.* = sh.print("{s} at {d}: {s}", .{ name, at, bytes[at..@min(bytes.len, at + 32)] });
}

fn fill(bytes: []u8, marker: []const u8) void {
    var done = @min(marker.len, bytes.len);
    if (done == 0) return;
    @memcpy(bytes[0..done], marker[0..done]);
    while (done < bytes.len) {
        const n = @min(done, bytes.len - done);
        @memcpy(bytes[done..][0..n], bytes[0..n]);
        done += n;
    }
}

pub fn leak(request: *sh.Request) !sh.Response {
    const marker = request.header("X-Marker") orelse "unmarked";
    const foreign = @wasmMemorySize(0) != pages_at_boot;
    var found: ?[]const u8 = null;
    look(&found, "static buffer", &buffer);
    look(&found, "heap", heap);
    look(&found, "global", std.mem.asBytes(&global));
    look(&found, "string", &kept);
    const grown: []u8 = more(grown_pages) orelse &.{};
    look(&found, "grown memory", grown);
    if (foreign and found == null) found = "memory is larger than it was at boot";

    fill(&buffer, marker);
    fill(heap, marker);
    fill(grown, marker);
    fill(&kept, marker);
    global = 1;
    for (marker) |b| global = global *% 31 +% b;
    return .text(if (found) |f| sh.print("leak: {s}", .{f}) else "clean");
}

pub fn grow(request: *sh.Request) !sh.Response {
    return .json(sh.print("{{\"ok\":{}}}", .{more(number(request, "mb", 1) * 16) != null}));
}
