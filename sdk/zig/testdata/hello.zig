//! Answers every path with one line.
const sh = @import("stackhost");

fn hello(_: *sh.Request) !sh.Response {
    return .text("Hello from Zig");
}

comptime {
    sh.exports(.{ .http = hello });
}
