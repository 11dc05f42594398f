//! Percent-encoding and application/x-www-form-urlencoded (WHATWG URL Standard, sections 1.3 and 5.1).

const std = @import("std");
const memory = @import("memory.zig");
const Field = @import("msgpack.zig").Field;

/// Decodes %41, and + as a space when `plus` is set; malformed escapes stay as they are.
pub fn decode(s: []const u8, plus: bool) []const u8 {
    if (std.mem.indexOfScalar(u8, s, '%') == null and !(plus and std.mem.indexOfScalar(u8, s, '+') != null)) return s;
    const out = memory.current().alloc(u8, s.len) catch @trap();
    var n: usize = 0;
    var i: usize = 0;
    while (i < s.len) : (i += 1) {
        out[n] = s[i];
        if (s[i] == '+' and plus) out[n] = ' ';
        if (s[i] == '%' and s.len - i > 2) {
            const high: ?u8 = std.fmt.charToDigit(s[i + 1], 16) catch null;
            const low: ?u8 = std.fmt.charToDigit(s[i + 2], 16) catch null;
            if (high != null and low != null) {
                out[n] = high.? << 4 | low.?;
                i += 2;
            }
        }
        n += 1;
    }
    return out[0..n];
}

/// Encodes everything but letters, digits and -._~
pub fn encode(s: []const u8) []const u8 {
    var out: std.ArrayList(u8) = .empty;
    for (s) |c| {
        if (std.ascii.isAlphanumeric(c) or std.mem.indexOfScalar(u8, "-._~", c) != null) {
            out.append(memory.current(), c) catch @trap();
        } else {
            out.appendSlice(memory.current(), &.{ '%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15] }) catch @trap();
        }
    }
    return out.items;
}

/// Names and values of a query or of a form body in their order, decoded.
pub fn parse(s: []const u8) []const Field {
    var out: std.ArrayList(Field) = .empty;
    var parts = std.mem.splitScalar(u8, s, '&');
    while (parts.next()) |part| {
        if (part.len == 0) continue;
        const cut = std.mem.indexOfScalar(u8, part, '=') orelse part.len;
        const value = if (cut < part.len) part[cut + 1 ..] else "";
        out.append(memory.current(), .{ .name = decode(part[0..cut], true), .value = decode(value, true) }) catch @trap();
    }
    return out.items;
}

/// First value of a name.
pub fn get(fields: []const Field, name: []const u8) ?[]const u8 {
    for (fields) |f| if (std.mem.eql(u8, f.name, name)) return f.value;
    return null;
}

test "decode, encode, parse" {
    const eql = std.testing.expectEqualStrings;
    try eql("a bAj%zz%4", decode("a+b%41%6a%zz%4", true));
    try eql("a b/ü?&=+%", decode(encode("a b/ü?&=+%"), false));
    const form = parse("name=A+B&&x&name=C&y=%3D");
    try std.testing.expectEqual(4, form.len);
    try eql("A B", get(form, "name").?);
    try eql("=", get(form, "y").?);
}
