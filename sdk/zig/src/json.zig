//! A small JSON writer (RFC 8259).

const std = @import("std");
const memory = @import("memory.zig");
const Value = @import("msgpack.zig").Value;

/// Writes one document; commas come by themselves. Text that is not UTF-8 gets U+FFFD.
pub const Writer = struct {
    out: std.ArrayList(u8) = .empty,

    /// What was written.
    pub fn text(w: *const Writer) []const u8 {
        return w.out.items;
    }

    fn put(w: *Writer, s: []const u8) void {
        w.out.appendSlice(memory.current(), s) catch @trap();
    }

    fn comma(w: *Writer) void {
        if (w.out.getLastOrNull()) |last| if (last != '[' and last != '{' and last != ':') w.put(",");
    }

    pub fn object(w: *Writer) void {
        w.raw("{");
    }
    pub fn endObject(w: *Writer) void {
        w.put("}");
    }
    pub fn array(w: *Writer) void {
        w.raw("[");
    }
    pub fn endArray(w: *Writer) void {
        w.put("]");
    }

    /// The name of a member; its value comes next.
    pub fn key(w: *Writer, name: []const u8) void {
        w.str(name);
        w.put(":");
    }

    /// JSON that is already written.
    pub fn raw(w: *Writer, s: []const u8) void {
        w.comma();
        w.put(s);
    }

    pub fn int(w: *Writer, n: anytype) void {
        var buffer: [24]u8 = undefined;
        w.raw(std.fmt.bufPrint(&buffer, "{d}", .{n}) catch unreachable);
    }

    pub fn boolean(w: *Writer, b: bool) void {
        w.raw(if (b) "true" else "false");
    }

    /// A number; one that JSON cannot express becomes null.
    pub fn float(w: *Writer, n: f64) void {
        w.raw(if (std.math.isFinite(n)) std.fmt.allocPrint(memory.current(), "{d}", .{n}) catch @trap() else "null");
    }

    pub fn str(w: *Writer, s: []const u8) void {
        w.raw("\"");
        var i: usize = 0;
        while (i < s.len) {
            const n = sequence(s[i..]);
            switch (s[i]) {
                '"', '\\' => w.put(&.{ '\\', s[i] }),
                '\n' => w.put("\\n"),
                '\r' => w.put("\\r"),
                '\t' => w.put("\\t"),
                0...8, 11, 12, 14...31 => |c| w.put(&.{ '\\', 'u', '0', '0', "01"[c >> 4], "0123456789abcdef"[c & 15] }),
                else => w.put(if (n == 0) "\u{fffd}" else s[i..][0..n]),
            }
            i += @max(n, 1);
        }
        w.put("\"");
    }

    /// A free-form value; bytes become base64.
    pub fn value(w: *Writer, v: Value) void {
        switch (v) {
            .nil => w.raw("null"),
            .bool => |b| w.boolean(b),
            .int => |n| w.int(n),
            .uint => |n| w.int(n),
            .float => |n| w.float(n),
            .str => |s| w.str(s),
            .bin => |s| w.str(base64(s)),
            .array => |list| {
                w.array();
                for (list) |item| w.value(item);
                w.endArray();
            },
            .map => |entries| {
                w.object();
                for (entries) |e| {
                    w.key(e.key);
                    w.value(e.value);
                }
                w.endObject();
            },
        }
    }

    /// A member of an object: text, a number, a truth value or a `Value`.
    pub fn member(w: *Writer, name: []const u8, v: anytype) void {
        w.key(name);
        switch (@typeInfo(@TypeOf(v))) {
            .int, .comptime_int => w.int(v),
            .bool => w.boolean(v),
            .float, .comptime_float => w.float(v),
            .@"union" => w.value(v),
            else => w.str(v),
        }
    }
};

/// Length of the UTF-8 sequence at the front, 0 when it is ill-formed.
fn sequence(s: []const u8) usize {
    const n = std.unicode.utf8ByteSequenceLength(s[0]) catch return 0;
    return if (n <= s.len and std.unicode.utf8ValidateSlice(s[0..n])) n else 0;
}

/// Bytes in base64 with padding (RFC 4648, section 4).
pub fn base64(s: []const u8) []const u8 {
    const encoder = std.base64.standard.Encoder;
    const out = memory.current().alloc(u8, encoder.calcSize(s.len)) catch @trap();
    return encoder.encode(out, s);
}

test "writer" {
    var w = Writer{};
    w.object();
    w.member("s", "a\"b\\c\n\x01\xc3\xa9\xff");
    w.member("i", @as(i64, -5));
    w.member("f", 1.5);
    w.key("o");
    w.object();
    w.endObject();
    w.member("b", true);
    w.member("v", Value{ .bin = "\xff\xfe" });
    w.endObject();
    try std.testing.expectEqualStrings("{\"s\":\"a\\\"b\\\\c\\n\\u0001\u{e9}\u{fffd}\",\"i\":-5,\"f\":1.5,\"o\":{},\"b\":true,\"v\":\"//4=\"}", w.text());
}
