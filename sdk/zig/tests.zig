//! Runs the tests of every part.
test {
    _ = @import("src/urlencoded.zig");
    _ = @import("src/random.zig");
    _ = @import("src/json.zig");
    _ = @import("src/http.zig");
}
