//! Random numbers of the current call: ChaCha20 (20 rounds, the 128-bit form "expand 16-byte k", 64-bit counter, nonce 0) keyed with
//! the 16 bytes that the call brought and that the host never gives twice. At boot there is no key, and drawing numbers traps.

const std = @import("std");
const memory = @import("memory.zig");

var key: ?[4]u32 = null;
var counter: u64 = 0;
var block: [64]u8 = undefined;
var used: usize = 64;

pub fn seed(bytes: []const u8) void {
    counter = 0;
    used = block.len;
    key = null;
    if (bytes.len < 16) return;
    var words: [4]u32 = undefined;
    for (&words, 0..) |*w, i| w.* = std.mem.readInt(u32, bytes[i * 4 ..][0..4], .little);
    key = words;
}

fn next() void {
    const k = key orelse @trap();
    var start = [16]u32{ 0x61707865, 0x3120646e, 0x79622d36, 0x6b206574, k[0], k[1], k[2], k[3], k[0], k[1], k[2], k[3], @truncate(counter), @truncate(counter >> 32), 0, 0 };
    var s = start;
    for (0..20) |round| {
        const d = round & 1; // odd rounds work on the diagonals
        for (0..4) |i| {
            const a, const b, const c, const e = .{ i, 4 + (i + d) % 4, 8 + (i + 2 * d) % 4, 12 + (i + 3 * d) % 4 };
            inline for (.{ .{ 16, 12 }, .{ 8, 7 } }) |turn| {
                s[a] +%= s[b];
                s[e] = std.math.rotl(u32, s[e] ^ s[a], turn[0]);
                s[c] +%= s[e];
                s[b] = std.math.rotl(u32, s[b] ^ s[c], turn[1]);
            }
        }
    }
    for (&start, 0..) |w, i| std.mem.writeInt(u32, block[i * 4 ..][0..4], s[i] +% w, .little);
    counter += 1;
    used = 0;
}

/// Fills a slice.
pub fn fill(out: []u8) void {
    for (out) |*b| {
        if (used == block.len) next();
        b.* = block[used];
        used += 1;
    }
}

/// A number of 64 bits.
pub fn int() u64 {
    var b: [8]u8 = undefined;
    fill(&b);
    return std.mem.readInt(u64, &b, .little);
}

/// A number from 0 up to, not including, `end`, each equally likely; 0 when `end` is 0.
pub fn below(end: u64) u64 {
    if (end == 0) return 0;
    const threshold = (0 -% end) % end;
    while (true) {
        const v = int();
        if (v >= threshold) return v % end;
    }
}

/// `n` bytes as lower-case hex digits.
pub fn hex(n: usize) []const u8 {
    const out = memory.current().alloc(u8, n * 2) catch @trap();
    for (0..n) |i| {
        var b: [1]u8 = undefined;
        fill(&b);
        out[2 * i] = "0123456789abcdef"[b[0] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[b[0] & 15];
    }
    return out;
}

test "ChaCha20 test vector" {
    // draft-strombergson-chacha-test-vectors-01, TC1, 20 rounds, 128-bit key.
    seed(&@as([16]u8, @splat(0)));
    try std.testing.expectEqualStrings("89670952608364fd00b2f90936f031c8e756e15dba04b8493d00429259b20f46", hex(32));
    for (0..100) |_| try std.testing.expect(below(10) < 10);
}
