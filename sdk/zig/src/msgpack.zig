//! The MessagePack subset that records travel in (https://github.com/msgpack/msgpack/blob/master/spec.md). Writers choose the
//! shortest form; readers accept every form, with bounds on all they believe.

const std = @import("std");
const limits = @import("../abi.zig").limits;
const Allocator = std.mem.Allocator;

/// How a field of a record is encoded.
pub const Kind = enum { uint, int, bool, float, str, bin, any, headers, pairs, record, @"enum", list_str, list_record };

/// A name with its value.
pub const Field = struct { name: []const u8, value: []const u8 };

/// A free-form value. `uint` is only for numbers that `int` cannot hold.
pub const Value = union(enum) {
    nil,
    bool: bool,
    int: i64,
    uint: u64,
    float: f64,
    str: []const u8,
    bin: []const u8,
    array: []const Value,
    map: []const Entry,

    /// An entry of a map.
    pub const Entry = struct { key: []const u8, value: Value };

    /// Value of a key of a map.
    pub fn get(self: Value, key: []const u8) ?Value {
        if (self != .map) return null;
        for (self.map) |e| if (std.mem.eql(u8, e.key, key)) return e.value;
        return null;
    }
};

pub const DecodeError = error{ Invalid, Limit, OutOfMemory };

/// Reads a record, which has to be all of `bytes`; text in it points into `bytes`.
pub fn decode(comptime T: type, allocator: Allocator, bytes: []const u8) DecodeError!T {
    if (bytes.len > limits.record_bytes) return error.Limit;
    var d = Decoder{ .rest = bytes, .allocator = allocator };
    const record = try d.record(T);
    return if (d.rest.len == 0) record else error.Invalid;
}

const Decoder = struct {
    rest: []const u8,
    allocator: Allocator,
    depth: usize = 0,

    fn take(d: *Decoder, n: usize) DecodeError![]const u8 {
        if (n > d.rest.len) return error.Invalid;
        defer d.rest = d.rest[n..];
        return d.rest[0..n];
    }

    fn peek(d: *Decoder) DecodeError!u8 {
        return if (d.rest.len == 0) error.Invalid else d.rest[0];
    }

    fn number(d: *Decoder, comptime T: type) DecodeError!T {
        return std.mem.readInt(T, (try d.take(@sizeOf(T)))[0..@sizeOf(T)], .big);
    }

    fn enter(d: *Decoder, fix: u8, wide: u8) DecodeError!usize {
        const b = try d.number(u8);
        const n: usize = if (b & 0xf0 == fix) b & 15 else if (b == wide) try d.number(u16) else if (b == wide + 1) try d.number(u32) else return error.Invalid;
        // Each element has at least one byte: a larger count is a lie.
        if (n > d.rest.len) return error.Invalid;
        if (d.depth == limits.depth) return error.Limit;
        d.depth += 1;
        return n;
    }

    fn array(d: *Decoder) DecodeError!usize {
        return d.enter(0x90, 0xdc);
    }

    fn bin(d: *Decoder) DecodeError![]const u8 {
        return d.take(switch (try d.number(u8)) {
            0xa0...0xbf => |b| b & 31,
            0xc4, 0xd9 => try d.number(u8),
            0xc5, 0xda => try d.number(u16),
            0xc6, 0xdb => try d.number(u32),
            else => return error.Invalid,
        });
    }

    fn integer(d: *Decoder) DecodeError!i128 {
        return switch (try d.number(u8)) {
            0x00...0x7f => |b| b,
            0xe0...0xff => |b| @as(i8, @bitCast(b)),
            0xcc => try d.number(u8),
            0xcd => try d.number(u16),
            0xce => try d.number(u32),
            0xcf => try d.number(u64),
            0xd0 => try d.number(i8),
            0xd1 => try d.number(i16),
            0xd2 => try d.number(i32),
            0xd3 => try d.number(i64),
            else => error.Invalid,
        };
    }

    fn boolean(d: *Decoder) DecodeError!bool {
        return switch (try d.number(u8)) {
            0xc2 => false,
            0xc3 => true,
            else => error.Invalid,
        };
    }

    fn float(d: *Decoder) DecodeError!f64 {
        switch (try d.peek()) {
            0xca, 0xcb => |b| {
                _ = try d.take(1);
                return if (b == 0xca) @as(f32, @bitCast(try d.number(u32))) else @bitCast(try d.number(u64));
            },
            else => return @floatFromInt(try d.integer()),
        }
    }

    fn fields(d: *Decoder) DecodeError![]const Field {
        const n = try d.array();
        if (n % 2 != 0) return error.Invalid;
        if (n / 2 > limits.headers) return error.Limit;
        const list = try d.allocator.alloc(Field, n / 2);
        for (list) |*f| f.* = .{ .name = try d.bin(), .value = try d.bin() };
        d.depth -= 1;
        return list;
    }

    fn value(d: *Decoder) DecodeError!Value {
        switch (try d.peek()) {
            0xc0 => {
                _ = try d.take(1);
                return .nil;
            },
            0xc2, 0xc3 => return .{ .bool = try d.boolean() },
            0xca, 0xcb => return .{ .float = try d.float() },
            0xa0...0xbf, 0xd9...0xdb => {
                const s = try d.bin();
                return if (std.unicode.utf8ValidateSlice(s)) .{ .str = s } else error.Invalid;
            },
            0xc4...0xc6 => return .{ .bin = try d.bin() },
            0x00...0x7f, 0xcc...0xd3, 0xe0...0xff => {
                const v = try d.integer();
                return if (v > std.math.maxInt(i64)) .{ .uint = @intCast(v) } else .{ .int = @intCast(v) };
            },
            0x90...0x9f, 0xdc, 0xdd => {
                const list = try d.allocator.alloc(Value, try d.array());
                for (list) |*v| v.* = try d.value();
                d.depth -= 1;
                return .{ .array = list };
            },
            0x80...0x8f, 0xde, 0xdf => {
                const n = try d.enter(0x80, 0xde);
                const entries = try d.allocator.alloc(Value.Entry, n);
                var count: usize = 0;
                for (0..n) |_| {
                    const key = try d.bin();
                    if (!std.unicode.utf8ValidateSlice(key)) return error.Invalid;
                    const entry = Value.Entry{ .key = key, .value = try d.value() };
                    const at = for (entries[0..count], 0..) |e, i| {
                        if (std.mem.eql(u8, e.key, key)) break i;
                    } else count;
                    entries[at] = entry;
                    if (at == count) count += 1;
                }
                d.depth -= 1;
                return .{ .map = entries[0..count] };
            },
            else => return error.Invalid,
        }
    }

    fn skip(d: *Decoder) DecodeError!void {
        switch (try d.peek()) {
            0x00...0x7f, 0xe0...0xff, 0xc0, 0xc2, 0xc3 => _ = try d.take(1),
            0xcc...0xcf => |b| _ = try d.take(1 + (@as(usize, 1) << @intCast(b - 0xcc))),
            0xd0...0xd3 => |b| _ = try d.take(1 + (@as(usize, 1) << @intCast(b - 0xd0))),
            0xca => _ = try d.take(5),
            0xcb => _ = try d.take(9),
            0xd4...0xd8 => |b| _ = try d.take(2 + (@as(usize, 1) << @intCast(b - 0xd4))),
            0xc7...0xc9 => |b| {
                _ = try d.take(1);
                const n: usize = if (b == 0xc7) try d.number(u8) else if (b == 0xc8) try d.number(u16) else try d.number(u32);
                _ = try d.take(1);
                _ = try d.take(n);
            },
            0xa0...0xbf, 0xc4...0xc6, 0xd9...0xdb => _ = try d.bin(),
            0x90...0x9f, 0xdc, 0xdd => {
                for (0..try d.array()) |_| try d.skip();
                d.depth -= 1;
            },
            0x80...0x8f, 0xde, 0xdf => {
                for (0..2 * try d.enter(0x80, 0xde)) |_| try d.skip();
                d.depth -= 1;
            },
            0xc1 => return error.Invalid,
        }
    }

    fn many(d: *Decoder, comptime T: type) DecodeError![]const T {
        const n = try d.array();
        var items: std.ArrayList(T) = .empty; // grown as elements come: one may be much larger than its bytes
        for (0..n) |_| try items.append(d.allocator, if (T == []const u8) try d.bin() else try d.record(T));
        d.depth -= 1;
        return items.items;
    }

    fn record(d: *Decoder, comptime T: type) DecodeError!T {
        var r: T = .{};
        const n = try d.array();
        inline for (@typeInfo(T).@"struct".fields, 0..) |f, i| {
            if (i < n) {
                if (try d.peek() == 0xc0) {
                    _ = try d.take(1);
                } else @field(r, f.name) = switch (comptime T.kinds[i]) {
                    .uint => std.math.cast(u64, try d.integer()) orelse return error.Invalid,
                    .int => std.math.cast(i64, try d.integer()) orelse return error.Invalid,
                    .bool => try d.boolean(),
                    .float => try d.float(),
                    .str, .bin => try d.bin(),
                    .any => try d.value(),
                    .headers, .pairs => try d.fields(),
                    .record => try d.record(f.type),
                    .@"enum" => @enumFromInt(std.math.cast(u64, try d.integer()) orelse return error.Invalid),
                    .list_str => try d.many([]const u8),
                    .list_record => try d.many(@typeInfo(f.type).pointer.child),
                };
            }
        }
        for (T.kinds.len..@max(n, T.kinds.len)) |_| try d.skip();
        d.depth -= 1;
        return r;
    }
};

/// Appends encoded values to a buffer.
pub const Encoder = struct {
    out: std.ArrayList(u8) = .empty,
    allocator: Allocator,

    fn byte(e: *Encoder, b: u8) Allocator.Error!void {
        try e.out.append(e.allocator, b);
    }

    fn wide(e: *Encoder, head: u8, comptime T: type, v: T) Allocator.Error!void {
        var bytes: [1 + @sizeOf(T)]u8 = undefined;
        bytes[0] = head;
        std.mem.writeInt(T, bytes[1..], v, .big);
        try e.out.appendSlice(e.allocator, &bytes);
    }

    fn length(e: *Encoder, n: usize, fix: u8, fix_end: usize, one: u8, two: u8) Allocator.Error!void {
        if (n < fix_end) return e.byte(fix | @as(u8, @intCast(n)));
        if (one != 0 and n <= 0xff) return e.wide(one, u8, @intCast(n));
        if (n <= 0xffff) return e.wide(two, u16, @intCast(n));
        return e.wide(two + 1, u32, @intCast(n));
    }

    fn array(e: *Encoder, n: usize) Allocator.Error!void {
        try e.length(n, 0x90, 16, 0, 0xdc);
    }

    fn str(e: *Encoder, s: []const u8) Allocator.Error!void {
        try e.length(s.len, 0xa0, 32, 0xd9, 0xda);
        try e.out.appendSlice(e.allocator, s);
    }

    fn bin(e: *Encoder, s: []const u8) Allocator.Error!void {
        try e.length(s.len, 0, 0, 0xc4, 0xc5);
        try e.out.appendSlice(e.allocator, s);
    }

    fn uint(e: *Encoder, v: u64) Allocator.Error!void {
        if (v < 0x80) return e.byte(@intCast(v));
        if (v <= 0xff) return e.wide(0xcc, u8, @intCast(v));
        if (v <= 0xffff) return e.wide(0xcd, u16, @intCast(v));
        if (v <= 0xffffffff) return e.wide(0xce, u32, @intCast(v));
        return e.wide(0xcf, u64, v);
    }

    fn int(e: *Encoder, v: i64) Allocator.Error!void {
        if (v >= 0) return e.uint(@intCast(v));
        if (v >= -32) return e.byte(@bitCast(@as(i8, @intCast(v))));
        if (v >= std.math.minInt(i8)) return e.wide(0xd0, i8, @intCast(v));
        if (v >= std.math.minInt(i16)) return e.wide(0xd1, i16, @intCast(v));
        if (v >= std.math.minInt(i32)) return e.wide(0xd2, i32, @intCast(v));
        return e.wide(0xd3, i64, v);
    }

    fn value(e: *Encoder, v: Value) Allocator.Error!void {
        switch (v) {
            .nil => try e.byte(0xc0),
            .bool => |b| try e.byte(0xc2 | @as(u8, @intFromBool(b))),
            .int => |n| try e.int(n),
            .uint => |n| try e.uint(n),
            .float => |n| try e.wide(0xcb, u64, @bitCast(n)),
            .str => |s| try e.str(s),
            .bin => |s| try e.bin(s),
            .array => |list| {
                try e.array(list.len);
                for (list) |item| try e.value(item);
            },
            .map => |entries| {
                try e.length(entries.len, 0x80, 16, 0, 0xde);
                for (entries) |entry| {
                    try e.str(entry.key);
                    try e.value(entry.value);
                }
            },
        }
    }

    /// Appends a record.
    pub fn record(e: *Encoder, r: anytype) Allocator.Error!void {
        const T = @TypeOf(r);
        try e.array(T.kinds.len);
        inline for (@typeInfo(T).@"struct".fields, 0..) |f, i| {
            const v = @field(r, f.name);
            switch (comptime T.kinds[i]) {
                .uint => try e.uint(v),
                .int => try e.int(v),
                .bool => try e.byte(0xc2 | @as(u8, @intFromBool(v))),
                .float => try e.wide(0xcb, u64, @bitCast(v)),
                .str => try e.str(v),
                .bin => try e.bin(v),
                .any => try e.value(v),
                .headers, .pairs => {
                    try e.array(v.len * 2);
                    for (v) |field| {
                        try e.str(field.name);
                        try if (comptime T.kinds[i] == .headers) e.bin(field.value) else e.str(field.value);
                    }
                },
                .record => try e.record(v),
                .@"enum" => try e.uint(@intFromEnum(v)),
                .list_str => {
                    try e.array(v.len);
                    for (v) |item| try e.str(item);
                },
                .list_record => {
                    try e.array(v.len);
                    for (v) |item| try e.record(item);
                },
            }
        }
    }
};
