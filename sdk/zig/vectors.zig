//! The golden vectors, as sdk/c/tests/vectors.go prints them. check.sh copies this file next to them.
const std = @import("std");
const abi = @import("abi.zig");
const msgpack = @import("src/msgpack.zig");

fn unhex(allocator: std.mem.Allocator, text: []const u8) ![]u8 {
    return std.fmt.hexToBytes(try allocator.alloc(u8, text.len / 2), text);
}

fn recode(allocator: std.mem.Allocator, name: []const u8, bytes: []const u8) ![]const u8 {
    inline for (@typeInfo(abi).@"struct".decls) |d| {
        const T = @field(abi, d.name);
        if (@TypeOf(T) == type and @typeInfo(T) == .@"struct" and @hasDecl(T, "kinds")) {
            if (std.mem.eql(u8, name, d.name)) {
                var e = msgpack.Encoder{ .allocator = allocator };
                try e.record(try msgpack.decode(T, allocator, bytes));
                return e.out.items;
            }
        }
    }
    return error.UnknownRecord;
}

fn code(e: anyerror) []const u8 {
    return if (e == error.Invalid) "invalid" else if (e == error.Limit) "limit" else @errorName(e);
}

test "golden vectors" {
    @setEvalBranchQuota(10000);
    var cases: usize = 0;
    var lines = std.mem.tokenizeScalar(u8, @embedFile("vectors.tsv"), '\n');
    while (lines.next()) |line| : (cases += 1) {
        var arena = std.heap.ArenaAllocator.init(std.testing.allocator);
        defer arena.deinit();
        const a = arena.allocator();
        var part: [6][]const u8 = undefined;
        var parts = std.mem.splitScalar(u8, line, '\t');
        for (&part) |*p| p.* = parts.next().?;
        const bytes = try unhex(a, part[1]);
        if (recode(a, part[0], bytes)) |got| {
            try std.testing.expectEqualStrings(part[2], "-");
            if (!std.mem.eql(u8, part[4], "-")) try std.testing.expectEqualSlices(u8, try unhex(a, part[4]), got);
        } else |e| if (!std.mem.eql(u8, code(e), part[3])) try std.testing.expectEqualStrings(part[2], code(e));
        if (!std.mem.eql(u8, part[5], "-")) {
            for (0..bytes.len) |n| try std.testing.expectError(error.Invalid, recode(a, part[0], bytes[0..n]));
        }
    }
    try std.testing.expect(cases > 100);
}
