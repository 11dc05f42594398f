//! Console commands: what somebody runs with `stackhost run APP NAME`.

const std = @import("std");
const abi = @import("../abi.zig");
const host = @import("host.zig");
const memory = @import("memory.zig");
const Body = @import("http.zig").Body;
const imports = abi.imports;

/// Standard output or standard error. What is written arrives at once.
pub const Output = struct {
    stream: u32,

    pub fn write(o: Output, bytes: []const u8) abi.Error!void {
        if (bytes.len > 0) _ = try host.check(imports.core_write(o.stream, bytes.ptr, bytes.len));
    }

    pub fn print(o: Output, comptime format: []const u8, args: anytype) abi.Error!void {
        const text = std.fmt.allocPrint(memory.current(), format, args) catch @trap();
        return o.write(text);
    }

    /// Writes rows in columns with two spaces between them; the first row is the header.
    pub fn table(o: Output, rows: []const []const []const u8) abi.Error!void {
        var widths: [64]usize = @splat(0);
        for (rows) |row| for (row, 0..) |cell, i| {
            widths[i] = @max(widths[i], points(cell));
        };
        var text: std.ArrayList(u8) = .empty;
        for (rows) |row| {
            for (row, 0..) |cell, i| {
                text.appendSlice(memory.current(), cell) catch @trap();
                if (i + 1 < row.len) text.appendNTimes(memory.current(), ' ', widths[i] + 2 - points(cell)) catch @trap();
            }
            text.append(memory.current(), '\n') catch @trap();
        }
        return o.write(text.items);
    }
};

fn points(s: []const u8) usize {
    return std.unicode.utf8CountCodepoints(s) catch s.len;
}

/// One run of a command.
pub const Command = struct {
    name: []const u8,
    /// What was written after the name.
    args: []const []const u8,
    stdin: Body,
    stdout: Output,
    stderr: Output,
    /// Width of the terminal that shows standard error; 0 when it is none.
    columns: u64,
    /// Id of the run, also in the host's records.
    id: []const u8,
    /// Milliseconds that were left when the run began.
    timeout_ms: u64,

    pub fn init(r: abi.CommandRequest) Command {
        return .{
            .name = r.name,
            .args = r.args,
            .stdin = .{ .stream = @truncate(r.stdin) },
            .stdout = .{ .stream = @truncate(r.stdout) },
            .stderr = .{ .stream = @truncate(r.stderr) },
            .columns = r.columns,
            .id = r.id,
            .timeout_ms = r.timeout_ms,
        };
    }

    /// Begins to tell on standard error how far the command is; with a total of 0 it only counts.
    pub fn progress(c: *const Command, label: []const u8, total: u64) Progress {
        return .{ .command = c, .label = label, .total = total };
    }

    /// Runs the handler of that name and gives the exit code.
    pub fn run(c: *Command, commands: []const Row) u8 {
        for (commands) |row| {
            if (!std.mem.eql(u8, row.name, c.name)) continue;
            return row.run(c) catch |e| {
                const text = if (host.lastText().len > 0) host.lastText() else @errorName(e);
                c.stderr.print("{s}: {s}\n", .{ c.name, text }) catch {};
                return 1;
            };
        }
        c.stderr.print("{s}: this module has no such command\n", .{c.name}) catch {};
        return 127;
    }
};

/// A command of a module: its handler gives the exit code; an error writes "NAME: text" to standard error and makes it 1.
pub const Row = struct {
    name: []const u8,
    run: *const fn (*Command) anyerror!u8,
};

/// How far a command is, on standard error: drawn at each hundredth on a terminal, elsewhere one line at the end.
pub const Progress = struct {
    command: *const Command,
    label: []const u8,
    total: u64,
    done: u64 = 0,
    drawn: u64 = std.math.maxInt(u64),
    width: usize = 0,

    const widest = 40;
    const shortest = 10;

    /// Counts n more.
    pub fn add(p: *Progress, n: u64) abi.Error!void {
        p.done += n;
        if (p.command.columns > 0 and p.total > 0 and p.share() != p.drawn) try p.draw();
    }

    /// Ends the line.
    pub fn finish(p: *Progress) abi.Error!void {
        if (p.command.columns == 0) return p.command.stderr.print("{s}: {d} done\n", .{ p.label, p.done });
        try p.draw();
        try p.command.stderr.write("\n");
    }

    fn share(p: *const Progress) u64 {
        return if (p.total == 0) 0 else @min(p.done, p.total) * 100 / p.total;
    }

    fn draw(p: *Progress) abi.Error!void {
        const a = memory.current();
        var line: std.ArrayList(u8) = .empty;
        line.appendSlice(a, p.label) catch @trap();
        if (p.total == 0) {
            line.print(a, ": {d}", .{p.done}) catch @trap();
        } else {
            const counts = std.fmt.allocPrint(a, " {d} % {d}/{d}", .{ p.share(), p.done, p.total }) catch @trap();
            const taken = points(p.label) + counts.len + 4;
            const left = if (p.command.columns > taken) p.command.columns - taken else 0;
            const room: usize = @intCast(@min(widest, left));
            if (room >= shortest) {
                const full: usize = @intCast(room * p.share() / 100);
                line.appendSlice(a, " [") catch @trap();
                line.appendNTimes(a, '=', full) catch @trap();
                line.appendNTimes(a, ' ', room - full) catch @trap();
                line.append(a, ']') catch @trap();
            }
            line.appendSlice(a, counts) catch @trap();
        }
        const width = points(line.items);
        if (p.width > width) line.appendNTimes(a, ' ', p.width - width) catch @trap();
        p.width = width;
        p.drawn = p.share();
        try p.command.stderr.print("\r{s}", .{line.items});
    }
};
