//! The Zig guest for tests of console commands.
const std = @import("std");
const sh = @import("stackhost");
const Command = sh.Command;

const commands = [_]sh.CommandRow{
    .{ .name = "echo", .run = echo },
    .{ .name = "cat", .run = cat },
    .{ .name = "fail", .run = fail },
    .{ .name = "wrong", .run = wrong },
    .{ .name = "count", .run = count },
};

comptime {
    sh.exports(.{ .commands = &commands });
}

fn echo(c: *Command) anyerror!u8 {
    for (c.args, 0..) |arg, i| try c.stdout.print("{s}{s}", .{ if (i > 0) " " else "", arg });
    try c.stdout.write("\n");
    return 0;
}

fn cat(c: *Command) anyerror!u8 {
    var piece: [4096]u8 = undefined;
    while (true) {
        const n = try c.stdin.read(&piece);
        if (n == 0) return 0;
        try c.stdout.write(piece[0..n]);
    }
}

fn fail(c: *Command) anyerror!u8 {
    try c.stderr.write("it failed\n");
    return 3;
}

fn wrong(_: *Command) anyerror!u8 {
    return error.SomethingIsWrong;
}

fn count(c: *Command) anyerror!u8 {
    if (c.args.len != 1) return error.CountTakesANumber;
    const total = try std.fmt.parseInt(u64, c.args[0], 10);
    var bar = c.progress("numbers", total);
    for (0..@intCast(total)) |_| try bar.add(1);
    try bar.finish();
    var rows: [4][]const []const u8 = undefined;
    rows[0] = &.{ "n", "square" };
    const shown: usize = @intCast(@min(total, 3));
    var cells: [3][2][]const u8 = undefined;
    for (1..shown + 1) |n| {
        cells[n - 1] = .{ sh.print("{d}", .{n}), sh.print("{d}", .{n * n}) };
        rows[n] = &cells[n - 1];
    }
    try c.stdout.table(rows[0 .. shown + 1]);
    return 0;
}
