//! Requests, bodies, responses, routes.

const std = @import("std");
const abi = @import("../abi.zig");
const host = @import("host.zig");
const json = @import("json.zig");
const memory = @import("memory.zig");
const urlencoded = @import("urlencoded.zig");
const Field = @import("msgpack.zig").Field;
const imports = abi.imports;

/// The most bytes that `Request.form` reads.
pub const form_limit = 1 << 20;

/// Answers a request. A known error becomes the HTTP status of its code; the guest's own codes (`fail`) and other errors 500.
pub const Handler = *const fn (*Request) anyerror!Response;

/// A body, read from front to back; held whole, or behind a stream of the host.
pub const Body = struct {
    rest: []const u8 = "",
    /// 0 when the body came whole.
    stream: u32 = 0,
    /// Length of the whole body, or -1 when it is not known in advance.
    length: i64 = -1,

    /// Fills the front of `buffer` and gives how much; 0 is the end. Blocks until there is a byte.
    pub fn read(b: *Body, buffer: []u8) abi.Error!usize {
        if (b.stream != 0) return host.check(imports.core_read(b.stream, buffer.ptr, buffer.len));
        const n = @min(buffer.len, b.rest.len);
        @memcpy(buffer[0..n], b.rest[0..n]);
        b.rest = b.rest[n..];
        return n;
    }

    /// The rest of the body when it is no longer than `limit` bytes, otherwise `error.Limit`.
    pub fn bytes(b: *Body, limit: usize) abi.Error![]const u8 {
        if (b.stream == 0) {
            defer b.rest = "";
            return if (b.rest.len <= limit) b.rest else host.fail(abi.codes.limit, "the body is too long");
        }
        var all: std.ArrayList(u8) = .empty;
        while (true) {
            all.ensureUnusedCapacity(memory.current(), 16 << 10) catch @trap();
            const n = try b.read(all.unusedCapacitySlice());
            if (n == 0) return all.items;
            all.items.len += n;
            if (all.items.len > limit) return host.fail(abi.codes.limit, "the body is too long");
        }
    }
};

pub const Request = struct {
    /// The request as the host sent it; its body is in `body`.
    record: abi.HttpRequest,
    /// What the wildcards of the module's own route matched, decoded.
    params: std.ArrayList(Field) = .empty,
    body: Body,

    pub fn init(record: abi.HttpRequest) Request {
        return .{ .record = record, .body = .{ .rest = record.body, .stream = @truncate(record.body_stream), .length = record.body_length } };
    }

    /// Value of a wildcard of the module's own route, else of the host's; empty when neither has the name.
    pub fn param(r: *const Request, name: []const u8) []const u8 {
        return urlencoded.get(r.params.items, name) orelse urlencoded.get(r.record.params, name) orelse "";
    }

    /// First value of a query parameter, decoded.
    pub fn query(r: *const Request, name: []const u8) ?[]const u8 {
        return urlencoded.get(urlencoded.parse(r.record.query), name);
    }

    /// First value of a header, in whatever case the name is given.
    pub fn header(r: *const Request, name: []const u8) ?[]const u8 {
        for (r.record.headers) |h| if (std.ascii.eqlIgnoreCase(h.name, name)) return h.value;
        return null;
    }

    /// Fields of an urlencoded body of at most `form_limit` bytes; read them with `urlencoded.get`.
    pub fn form(r: *Request) abi.Error![]const Field {
        return urlencoded.parse(try r.body.bytes(form_limit));
    }
};

/// A response; the functions that add to it give a new one.
pub const Response = struct {
    status: u16 = 200,
    headers: []const Field = &.{},
    body: []const u8 = "",
    started: bool = false,

    fn of(kind: []const u8, body: []const u8) Response {
        return (Response{ .body = body }).header("content-type", kind);
    }
    pub fn text(body: []const u8) Response {
        return of("text/plain; charset=utf-8", body);
    }
    pub fn html(body: []const u8) Response {
        return of("text/html; charset=utf-8", body);
    }
    pub fn json(body: []const u8) Response {
        return of("application/json", body);
    }
    /// 303 to another place.
    pub fn redirect(location: []const u8) Response {
        return (Response{ .status = 303 }).header("location", location);
    }
    /// A problem document (RFC 9457).
    pub fn problem(status: u16, detail: []const u8) Response {
        var w = @import("json.zig").Writer{};
        w.object();
        w.member("type", "about:blank");
        w.member("title", title(status));
        w.member("status", status);
        w.member("detail", detail);
        w.endObject();
        return of("application/problem+json", w.text()).withStatus(status);
    }

    pub fn withStatus(r: Response, status: u16) Response {
        var copy = r;
        copy.status = status;
        return copy;
    }

    /// Adds a header; a name may be added several times.
    pub fn header(r: Response, name: []const u8, value: []const u8) Response {
        var copy = r;
        const list = memory.current().alloc(Field, r.headers.len + 1) catch @trap();
        @memcpy(list[0..r.headers.len], r.headers);
        list[r.headers.len] = .{ .name = name, .value = value };
        copy.headers = list;
        return copy;
    }

    pub fn record(r: Response) abi.HttpResponse {
        return .{ .status = r.status, .headers = r.headers, .body = r.body };
    }

    /// Sends status, headers and what there is of the body now. Once in a call; the handler ends with `Stream.finish`.
    pub fn start(r: Response) abi.Error!Stream {
        const reply = try host.call(imports.http_respond, r.record(), abi.StreamReply);
        return .{ .handle = @truncate(reply.stream) };
    }

    /// Sends the rest of a request's body as the response's, whole or in pieces as it came.
    pub fn sendBody(r: Response, body: *Body) abi.Error!Response {
        var copy = r;
        if (body.stream == 0) {
            copy.body = try body.bytes(std.math.maxInt(usize));
            return copy;
        }
        const buffer = memory.current().alloc(u8, 16 << 10) catch @trap();
        const out = try r.start();
        while (true) {
            const n = try body.read(buffer);
            if (n == 0) return out.finish();
            try out.write(buffer[0..n]);
        }
    }
};

/// The stream of a response that was started.
pub const Stream = struct {
    handle: u32,

    /// Blocks while the client is slow.
    pub fn write(s: Stream, bytes: []const u8) abi.Error!void {
        _ = try host.check(imports.core_write(s.handle, bytes.ptr, bytes.len));
    }
    /// Makes what was written leave now.
    pub fn flush(s: Stream) abi.Error!void {
        _ = try host.check(imports.http_flush(s.handle));
    }
    /// Ends the response.
    pub fn finish(s: Stream) abi.Error!Response {
        _ = try host.check(imports.core_close(s.handle));
        return .{ .started = true };
    }
};

/// What a middleware decided; `.{}` passes the request on unchanged.
pub const Verdict = struct {
    answer: ?Response = null,
    /// Request headers to set and names to remove before passing on.
    set: []const Field = &.{},
    remove: []const []const u8 = &.{},
    /// New path for the handler, or empty.
    path: []const u8 = "",
    /// Headers to set on the response that the handler will give.
    response_headers: []const Field = &.{},
};

/// The registered name of a status (RFC 9110, section 15), or a name for its class.
fn title(status: u16) []const u8 {
    if (std.enums.fromInt(std.http.Status, status)) |s| {
        if (status == 413) return "Content Too Large";
        if (status == 422) return "Unprocessable Content";
        if (s.phrase()) |phrase| return phrase;
    }
    return if (status >= 400 and status < 500) "Client Error" else "Error";
}

/// A row of a routing table: {name} matches one segment, {name...} at the end the rest. GET answers HEAD too.
pub const Route = struct {
    method: []const u8,
    pattern: []const u8,
    handler: Handler,

    pub fn get(pattern: []const u8, handler: Handler) Route {
        return .{ .method = "GET", .pattern = pattern, .handler = handler };
    }
    pub fn post(pattern: []const u8, handler: Handler) Route {
        return .{ .method = "POST", .pattern = pattern, .handler = handler };
    }
};

/// A handler that answers by the first route that matches, otherwise 405 with Allow, or 404.
pub fn router(comptime routes: []const Route) Handler {
    return routerOr(routes, struct {
        fn none(request: *Request) anyerror!Response {
            var allow: std.ArrayList(u8) = .empty;
            for (routes) |r| {
                if (!match(r.pattern, request.record.path, null)) continue;
                if (allow.items.len > 0) try allow.appendSlice(memory.current(), ", ");
                try allow.appendSlice(memory.current(), r.method);
            }
            if (allow.items.len == 0) return .problem(404, "no route matches the path");
            return Response.problem(405, "the path has no route for this method").header("allow", allow.items);
        }
    }.none);
}

/// A router that gives what no route matches to another handler.
pub fn routerOr(comptime routes: []const Route, comptime otherwise: Handler) Handler {
    return struct {
        fn handle(request: *Request) anyerror!Response {
            const method = request.record.method;
            for (routes) |r| {
                const fits = std.mem.eql(u8, r.method, method) or (std.mem.eql(u8, r.method, "GET") and std.mem.eql(u8, method, "HEAD"));
                if (!fits) continue;
                request.params.clearRetainingCapacity();
                if (match(r.pattern, request.record.path, &request.params)) return r.handler(request);
            }
            request.params.clearRetainingCapacity();
            return otherwise(request);
        }
    }.handle;
}

fn cut(s: *?[]const u8) []const u8 {
    const all = s.*.?;
    const at = std.mem.indexOfScalar(u8, all, '/') orelse {
        s.* = null;
        return all;
    };
    s.* = all[at + 1 ..];
    return all[0..at];
}

fn match(pattern: []const u8, path: []const u8, found: ?*std.ArrayList(Field)) bool {
    var rest: ?[]const u8 = pattern;
    var left: ?[]const u8 = path;
    while (true) {
        const segment = cut(&rest);
        const wild = segment.len > 2 and segment[0] == '{' and segment[segment.len - 1] == '}';
        const name = if (wild) segment[1 .. segment.len - 1] else segment;
        if (wild and std.mem.endsWith(u8, name, "...")) {
            if (found) |f| f.append(memory.current(), .{ .name = name[0 .. name.len - 3], .value = urlencoded.decode(left.?, false) }) catch @trap();
            return true;
        }
        const piece = cut(&left);
        if (wild) {
            if (piece.len == 0) return false;
            if (found) |f| f.append(memory.current(), .{ .name = name, .value = urlencoded.decode(piece, false) }) catch @trap();
        } else if (!std.mem.eql(u8, piece, segment) and !std.mem.eql(u8, urlencoded.decode(piece, false), segment)) return false;
        if (rest == null or left == null) return rest == null and left == null;
    }
}

test "patterns" {
    const cases = .{ .{ "/", "/", "" }, .{ "/a", "/a", "" }, .{ "/a/{x}", "/a/b", "x=b;" }, .{ "/a/{x}/c", "/a/b%2Fb/c", "x=b/b;" }, .{ "/a/{x}/{y...}", "/a/1/2/3", "x=1;y=2/3;" }, .{ "/a/{y...}", "/a/", "y=;" } };
    inline for (cases) |c| {
        var found: std.ArrayList(Field) = .empty;
        try std.testing.expect(match(c[0], c[1], &found));
        var text: std.ArrayList(u8) = .empty;
        for (found.items) |f| try text.print(memory.current(), "{s}={s};", .{ f.name, f.value });
        try std.testing.expectEqualStrings(c[2], text.items);
    }
    inline for (.{ .{ "/", "/a" }, .{ "/a", "/a/" }, .{ "/a/", "/a" }, .{ "/a/{x}", "/a/" }, .{ "/a/{y...}", "/a" } }) |c| {
        try std.testing.expect(!match(c[0], c[1], null));
    }
}
