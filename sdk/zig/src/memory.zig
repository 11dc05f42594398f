//! Memory of calls: an arena that begins anew with each.

const std = @import("std");
const builtin = @import("builtin");

const lasting = if (builtin.cpu.arch.isWasm()) std.heap.wasm_allocator else std.heap.page_allocator;
var arena = std.heap.ArenaAllocator.init(lasting);
var at_boot = false;

pub fn begin() void {
    _ = arena.reset(.retain_capacity);
}

/// Sets room aside before the snapshot, so that ordinary calls use the same few pages and do not grow memory.
pub fn reserve() void {
    _ = arena.allocator().alloc(u8, 16 << 10) catch @trap();
    begin();
}

pub fn booting(on: bool) void {
    at_boot = on;
}

pub fn current() std.mem.Allocator {
    return if (at_boot) lasting else arena.allocator();
}
