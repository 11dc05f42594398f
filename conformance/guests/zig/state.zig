//! The Zig guest of the suite's state cases: keys, caches, locks, blobs and secrets.
const std = @import("std");
const sh = @import("stackhost");
const Request = sh.Request;
const Response = sh.Response;
const get = sh.Route.get;
const post = sh.Route.post;

const space = "conformance";
const most = 1 << 20;

const routes = [_]sh.Route{
    get("/t/state", state),
    get("/t/state/kv/get", answer(kvGet)),
    post("/t/state/kv/set", answer(kvSet)),
    post("/t/state/kv/delete", answer(kvDelete)),
    post("/t/state/kv/increment", answer(kvIncrement)),
    get("/t/state/kv/scan", answer(kvScan)),
    post("/t/state/kv/transact", answer(kvTransact)),
    post("/t/state/kv/range", answer(kvRange)),
    get("/t/state/cache/get", answer(cacheGet)),
    post("/t/state/cache/put", answer(cachePut)),
    post("/t/state/cache/fill", answer(cacheFill)),
    post("/t/state/cache/invalidate", answer(cacheInvalidate)),
    post("/t/state/lock", answer(lock)),
    post("/t/state/lock/renew", answer(lockRenew)),
    post("/t/state/lock/wait", answer(lockWait)),
    post("/t/state/blob/put", answer(blobPut)),
    post("/t/state/blob/create", answer(blobCreate)),
    post("/t/state/blob/delete", answer(blobDelete)),
    get("/t/state/blob/list", answer(blobList)),
    get("/t/state/blob/stat", answer(blobStat)),
    get("/t/state/blob/read", answer(blobRead)),
    get("/t/state/blob/sum", answer(blobSum)),
    get("/t/state/secret", answer(secret)),
};

comptime {
    sh.exports(.{ .http = sh.router(&routes) });
}

/// A handler whose errors of host calls are answers.
fn answer(comptime f: fn (*Request) sh.Error!Response) sh.Handler {
    return struct {
        fn handle(r: *Request) anyerror!Response {
            return f(r) catch object(.{ .code = sh.lastCode(), .@"error" = sh.lastText() });
        }
    }.handle;
}

/// The code of a host call's failure, 0 of none.
fn codeOf(result: anytype) i64 {
    _ = result catch return sh.lastCode();
    return 0;
}

fn object(members: anytype) Response {
    var w = sh.json.Writer{};
    w.object();
    inline for (@typeInfo(@TypeOf(members)).@"struct".fields) |f| w.member(f.name, @field(members, f.name));
    w.endObject();
    return .json(w.text());
}

fn argument(r: *const Request, name: []const u8) []const u8 {
    return r.query(name) orelse "";
}

fn number(r: *const Request, name: []const u8) u64 {
    return std.fmt.parseInt(u64, argument(r, name), 10) catch 0;
}

fn namespace(r: *const Request) []const u8 {
    return r.query("namespace") orelse space;
}

fn state(_: *Request) !Response {
    return .text("state");
}

fn kvGet(r: *Request) sh.Error!Response {
    const reply = try sh.kv.get(.{ .namespace = namespace(r), .key = argument(r, "key") });
    return object(.{ .found = reply.found, .value = reply.value });
}

fn kvSet(r: *Request) sh.Error!Response {
    const reply = try sh.kv.set(.{
        .namespace = namespace(r),
        .key = argument(r, "key"),
        .value = try r.body.bytes(most),
        .ttl_ms = number(r, "ttl"),
        .guard = if (std.mem.eql(u8, argument(r, "if"), "absent")) .absent else .any,
    });
    return object(.{ .version = reply.version });
}

fn kvDelete(r: *Request) sh.Error!Response {
    const reply = try sh.kv.delete(.{ .namespace = namespace(r), .key = argument(r, "key") });
    return object(.{ .existed = reply.existed });
}

fn kvIncrement(r: *Request) sh.Error!Response {
    const delta = std.fmt.parseInt(i64, argument(r, "delta"), 10) catch 0;
    const reply = try sh.kv.increment(.{ .namespace = namespace(r), .key = argument(r, "key"), .delta = delta });
    return object(.{ .value = reply.value });
}

fn kvScan(r: *Request) sh.Error!Response {
    const page = try sh.kv.scan(.{ .namespace = namespace(r), .limit = number(r, "limit") });
    var w = sh.json.Writer{};
    w.object();
    w.key("keys");
    w.array();
    for (page.entries) |e| w.str(e.key);
    w.endArray();
    w.member("more", page.next.len > 0);
    w.endObject();
    return .json(w.text());
}

fn kvTransact(r: *Request) sh.Error!Response {
    const key = argument(r, "key");
    const reply = try sh.kv.transact(.{
        .checks = &.{.{ .namespace = space, .key = key, .version = number(r, "version") }},
        .writes = &.{
            .{ .kind = .set, .namespace = space, .key = key, .value = try r.body.bytes(most) },
            .{ .kind = .increment, .namespace = space, .key = "b", .delta = 1 },
        },
    });
    const results = reply.results;
    return object(.{ .results = results.len, .count = if (results.len > 0) results[results.len - 1].value else 0 });
}

/// Reads the keys with a prefix, writes a key, and adds to a counter if nothing with the prefix has changed.
fn kvRange(r: *Request) sh.Error!Response {
    const prefix = argument(r, "prefix");
    const page = try sh.kv.scan(.{ .namespace = space, .prefix = prefix });
    _ = try sh.kv.set(.{ .namespace = space, .key = argument(r, "between"), .value = "between" });
    const reply = try sh.kv.transact(.{
        .ranges = &.{.{ .namespace = space, .prefix = prefix, .index = page.index }},
        .writes = &.{.{ .kind = .increment, .namespace = space, .key = sh.print("{s}count", .{prefix}), .delta = 1 }},
    });
    return object(.{ .count = if (reply.results.len > 0) reply.results[0].value else 0 });
}

fn cacheGet(r: *Request) sh.Error!Response {
    const reply = try sh.cache.get(.{ .namespace = space, .key = argument(r, "key") });
    return object(.{ .found = reply.state != .miss, .value = reply.value });
}

/// Stores the body with a token, 0 for none, and gives it.
fn store(r: *Request, token: u64) sh.Error![]const u8 {
    const value = try r.body.bytes(most);
    _ = try sh.cache.put(.{
        .namespace = space,
        .key = argument(r, "key"),
        .value = value,
        .ttl_ms = number(r, "ttl"),
        .tags = &.{argument(r, "tag")},
        .token = token,
    });
    return value;
}

fn cachePut(r: *Request) sh.Error!Response {
    _ = try store(r, 0);
    return object(.{ .ok = true });
}

fn cacheFill(r: *Request) sh.Error!Response {
    const reply = try sh.cache.fill(.{ .namespace = space, .key = argument(r, "key") });
    const filled = reply.token != 0;
    return object(.{ .value = if (filled) try store(r, reply.token) else reply.value, .filled = filled });
}

fn cacheInvalidate(r: *Request) sh.Error!Response {
    try sh.cache.invalidate(.{ .namespace = space, .tags = &.{argument(r, "tag")} });
    return object(.{ .ok = true });
}

fn release(name: []const u8, lease: sh.abi.LockAcquireReply) sh.Error!bool {
    return (try sh.lock.release(.{ .namespace = space, .name = name, .owner = lease.owner, .fence = lease.fence })).held;
}

/// Takes a lock, tries to take it a second time, gives it back and takes it again.
fn lock(r: *Request) sh.Error!Response {
    const acquire = sh.abi.LockAcquireRequest{ .namespace = space, .name = argument(r, "name"), .ttl_ms = 10_000 };
    const first = try sh.lock.acquire(acquire);
    const second = codeOf(sh.lock.acquire(acquire));
    const held = try release(acquire.name, first);
    const again = try sh.lock.acquire(acquire);
    return object(.{ .second = second, .held = held, .again = try release(acquire.name, again), .rises = again.fence > first.fence });
}

/// Takes a lock, renews it, gives it back and tries to renew it again.
fn lockRenew(r: *Request) sh.Error!Response {
    const name = argument(r, "name");
    const lease = try sh.lock.acquire(.{ .namespace = space, .name = name, .ttl_ms = 1000 });
    const renew = sh.abi.LockRenewRequest{ .namespace = space, .name = name, .owner = lease.owner, .fence = lease.fence, .ttl_ms = 10_000 };
    const renewed = try sh.lock.renew(renew);
    _ = try release(name, lease);
    return object(.{ .later = renewed.expires_ms > lease.expires_ms, .ended = codeOf(sh.lock.renew(renew)) });
}

/// Takes a lock, and waits for it as another owner.
fn lockWait(r: *Request) sh.Error!Response {
    const name = argument(r, "name");
    const first = try sh.lock.acquire(.{ .namespace = space, .name = name, .ttl_ms = number(r, "ttl") });
    const second = try sh.lock.acquire(.{ .namespace = space, .name = name, .ttl_ms = 10_000, .wait_ms = number(r, "wait") });
    return object(.{ .held = try release(name, second), .rises = second.fence > first.fence });
}

fn blobPut(r: *Request) sh.Error!Response {
    const body = try r.body.bytes(most);
    const info = try sh.blob.put(.{ .namespace = space, .key = argument(r, "key"), .body = body, .content_type = "text/plain" });
    return object(.{ .size = info.size });
}

/// Writes a blob in two pieces, and commits it or gives it up.
fn blobCreate(r: *Request) sh.Error!Response {
    const body = try r.body.bytes(most);
    const begun = try sh.blob.write(.{ .namespace = space, .key = argument(r, "key"), .content_type = "text/plain" });
    const out = sh.Stream{ .handle = @truncate(begun.stream) };
    try out.write(body[0 .. body.len / 2]);
    try out.write(body[body.len / 2 ..]);
    if (std.mem.eql(u8, argument(r, "end"), "abandon")) {
        _ = try out.finish();
        return object(.{ .ok = true });
    }
    return object(.{ .size = (try sh.blob.commit(.{ .stream = begun.stream })).size });
}

fn blobDelete(r: *Request) sh.Error!Response {
    const reply = try sh.blob.delete(.{ .namespace = space, .key = argument(r, "key") });
    return object(.{ .existed = reply.existed });
}

fn blobList(r: *Request) sh.Error!Response {
    const page = try sh.blob.list(.{ .namespace = space, .prefix = argument(r, "prefix") });
    var w = sh.json.Writer{};
    w.object();
    w.key("keys");
    w.array();
    for (page.blobs) |b| w.str(b.key);
    w.endArray();
    w.endObject();
    return .json(w.text());
}

fn blobStat(r: *Request) sh.Error!Response {
    const info = try sh.blob.stat(.{ .namespace = space, .key = argument(r, "key") });
    return object(.{ .size = info.size, .type = info.content_type });
}

/// What is asked for is short, so it comes without a stream.
fn blobRead(r: *Request) sh.Error!Response {
    const reply = try sh.blob.read(.{ .namespace = space, .key = argument(r, "key"), .offset = number(r, "offset"), .length = number(r, "length") });
    return .text(reply.body);
}

/// Reads a blob, or a part of it, in pieces, and adds up its bytes.
fn blobSum(r: *Request) sh.Error!Response {
    const reply = try sh.blob.read(.{ .namespace = space, .key = argument(r, "key"), .offset = number(r, "offset"), .length = number(r, "length") });
    var body = sh.Body{ .rest = reply.body, .stream = @truncate(reply.body_stream) };
    var buffer: [8192]u8 = undefined;
    var bytes: u64 = 0;
    var total: u32 = 0;
    while (true) {
        const n = try body.read(&buffer);
        if (n == 0) return object(.{ .bytes = bytes, .sum = total });
        bytes += n;
        for (buffer[0..n]) |b| total +%= b;
    }
}

fn secret(r: *Request) sh.Error!Response {
    return object(.{ .value = try sh.clusterSecret(argument(r, "name")) });
}
