// Generated from abi/v1.json by abi/internal/gen. Do not edit.

import { Headers, Pairs } from "./fields";
import { Reader, Writer } from "./msgpack";
import { Value } from "./value";

/** A body up to this many bytes travels inside its record; a longer one travels through a stream. */
export const INLINE_BODY_BYTES: i32 = 65536;
/** The longest encoded record that either side accepts. */
export const RECORD_BYTES: i32 = 1048576;
/** The deepest nesting of arrays and maps that a decoder accepts. */
export const DEPTH: i32 = 32;
/** The most header fields in one record. */
export const HEADERS: i32 = 256;
/** The most streams that one call may have open. */
export const STREAMS: i32 = 64;
/** The most calls in one batch, and the most records in any other list that is not a page. */
export const BATCH_CALLS: i32 = 64;
/** The most entries in a page: in the list of a record that also has next. */
export const PAGE_ENTRIES: i32 = 1000;
/** The longest text that core error returns. */
export const ERROR_TEXT_BYTES: i32 = 1024;
/** How many unpredictable bytes each request record brings. */
export const RANDOM_BYTES: i32 = 16;

/** Stable codes: what went wrong. Codes from GUEST_FROM down belong to the guest. */
export namespace Code {
  /** The host failed; details are in its records under the request's id. */
  export const INTERNAL: i64 = -1;
  /** The request record or an argument is malformed. */
  export const INVALID: i64 = -2;
  /** This host does not know the function or the option. */
  export const UNSUPPORTED: i64 = -3;
  /** The manifest or a policy does not allow it. */
  export const DENIED: i64 = -4;
  /** What was asked for does not exist. */
  export const NOT_FOUND: i64 = -5;
  /** The state is not what the call expected. */
  export const CONFLICT: i64 = -6;
  /** A size or count limit was reached. */
  export const LIMIT: i64 = -7;
  /** The time allowed ran out. */
  export const DEADLINE: i64 = -8;
  /** The caller went away. */
  export const CANCELLED: i64 = -9;
  /** The stream or response is already closed. */
  export const CLOSED: i64 = -10;
  /** The service cannot answer now. */
  export const UNAVAILABLE: i64 = -11;
  /** Nothing was done; the same call may succeed at once. */
  export const AGAIN: i64 = -12;
  /** The app's quota of bytes, keys or operations is used up. */
  export const QUOTA: i64 = -13;
  /** The cluster's disk is full: writes are refused, reads go on. */
  export const STORAGE_FULL: i64 = -14;
  /** The highest code that a guest may give a meaning of its own. */
  export const GUEST_FROM: i64 = -1000;
}

/** Severity of a log record. */
export enum LogLevel {
  TRACE = 0,
  DEBUG = 1,
  INFO = 2,
  WARN = 3,
  ERROR = 4,
}

/** What a middleware decided. */
export enum MiddlewareAction {
  PASS = 0,
  ANSWER = 1,
}

/** What fetch does with a redirect. */
export enum Redirect {
  FOLLOW = 0,
  MANUAL = 1,
  ERROR = 2,
}

/** How fresh a read has to be: linearizable sees every write acknowledged anywhere before it began; lease relies on clocks; stale is what this node has. */
export enum Consistency {
  LINEARIZABLE = 0,
  LEASE = 1,
  STALE = 2,
}

/** Condition on the key that is written. */
export enum KvGuard {
  ANY = 0,
  ABSENT = 1,
  VERSION = 2,
}

/** Kind of a write in a transaction. increment adds to a decimal number kept as text. */
export enum KvWriteKind {
  SET = 0,
  DELETE = 1,
  INCREMENT = 2,
}

/** What a cache has of a key. */
export enum CacheState {
  MISS = 0,
  FRESH = 1,
  STALE = 2,
}

/** Copies the kept reply of the last call whose reply did not fit its out area, without running that call again. Returns its length; not_found when none is kept. The reply is dropped once it has been copied whole; with too small a cap nothing is copied. */
// @ts-ignore: decorator
@external("stackhost:core@1", "take")
export declare function core_take(ptr: usize, cap: i32): i64;

/** Copies up to cap bytes of the text that belongs to the last negative code. Returns the text's length. */
// @ts-ignore: decorator
@external("stackhost:core@1", "error")
export declare function core_error(ptr: usize, cap: i32): i64;

/** Runs several structured calls concurrently and answers in their order. take, error, streams and batch itself cannot be batched. */
// @ts-ignore: decorator
@external("stackhost:core@1", "batch")
export declare function core_batch(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Reads up to cap bytes from a stream. Blocks until there is at least one byte. 0 is the end of the stream (or cap was 0). */
// @ts-ignore: decorator
@external("stackhost:core@1", "read")
export declare function core_read(stream: u32, ptr: usize, cap: i32): i64;

/** Writes len bytes to a stream, all or none but a code. Blocks while the receiver is slow. */
// @ts-ignore: decorator
@external("stackhost:core@1", "write")
export declare function core_write(stream: u32, ptr: usize, len: i32): i64;

/** Closes a stream. Closing twice answers closed. */
// @ts-ignore: decorator
@external("stackhost:core@1", "close")
export declare function core_close(stream: u32): i64;

/** Writes a log record with a level and fields. */
// @ts-ignore: decorator
@external("stackhost:core@1", "log")
export declare function core_log(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Reads a value of the module's config table in the manifest. An empty key reads the whole table. */
// @ts-ignore: decorator
@external("stackhost:core@1", "config")
export declare function core_config(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Reads a secret that the manifest grants to this module by reference. */
// @ts-ignore: decorator
@external("stackhost:core@1", "secret")
export declare function core_secret(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Tells which version of a capability this host has and whether this module may use it. */
// @ts-ignore: decorator
@external("stackhost:core@1", "supports")
export declare function core_supports(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Sends the status and headers (and the body field as the first bytes of the body) now and returns a stream for the rest of the body. Once per request; again answers closed. The response ends when the stream is closed or the entry export returns 0. */
// @ts-ignore: decorator
@external("stackhost:http@1", "respond")
export declare function http_respond(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Makes what was written so far leave the host now. Otherwise it leaves when the host's buffer is full or the answer ends. */
// @ts-ignore: decorator
@external("stackhost:http@1", "flush")
export declare function http_flush(stream: u32): i64;

/** Sends a request and waits for its response. HTTP error statuses are responses, not codes. denied: a host, a redirect hop or a resolved address is not granted. */
// @ts-ignore: decorator
@external("stackhost:fetch@1", "send")
export declare function fetch_send(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Reads a key. */
// @ts-ignore: decorator
@external("stackhost:kv@1", "get")
export declare function kv_get(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Writes a key. conflict: the guard does not hold; quota; storage_full. */
// @ts-ignore: decorator
@external("stackhost:kv@1", "set")
export declare function kv_set(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Deletes a key. */
// @ts-ignore: decorator
@external("stackhost:kv@1", "delete")
export declare function kv_delete(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Adds to a counter. conflict: the value is not a number. */
// @ts-ignore: decorator
@external("stackhost:kv@1", "increment")
export declare function kv_increment(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Reads keys in order, a page at a time. */
// @ts-ignore: decorator
@external("stackhost:kv@1", "scan")
export declare function kv_scan(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Does several writes under conditions, together or not at all. */
// @ts-ignore: decorator
@external("stackhost:kv@1", "transact")
export declare function kv_transact(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Reads a key, without asking other nodes. */
// @ts-ignore: decorator
@external("stackhost:cache@1", "get")
export declare function cache_get(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Reads a key or, for one caller in the cluster, gives the right to make it. */
// @ts-ignore: decorator
@external("stackhost:cache@1", "fill")
export declare function cache_fill(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Stores a value. */
// @ts-ignore: decorator
@external("stackhost:cache@1", "put")
export declare function cache_put(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Invalidates all entries with a tag. */
// @ts-ignore: decorator
@external("stackhost:cache@1", "invalidate")
export declare function cache_invalidate(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Deletes a key. */
// @ts-ignore: decorator
@external("stackhost:cache@1", "delete")
export declare function cache_delete(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Empties a namespace. */
// @ts-ignore: decorator
@external("stackhost:cache@1", "clear")
export declare function cache_clear(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Takes a lock. conflict: somebody else holds it. */
// @ts-ignore: decorator
@external("stackhost:lock@1", "acquire")
export declare function lock_acquire(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Makes a lease last longer. conflict: it has ended. */
// @ts-ignore: decorator
@external("stackhost:lock@1", "renew")
export declare function lock_renew(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Ends a lease. */
// @ts-ignore: decorator
@external("stackhost:lock@1", "release")
export declare function lock_release(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Stores a short blob in one call. */
// @ts-ignore: decorator
@external("stackhost:blob@1", "put")
export declare function blob_put(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Begins a blob: write its content to the stream, then commit. Closing the stream gives it up. */
// @ts-ignore: decorator
@external("stackhost:blob@1", "write")
export declare function blob_write(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Makes a written blob visible. conflict: the guard does not hold. */
// @ts-ignore: decorator
@external("stackhost:blob@1", "commit")
export declare function blob_commit(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Reads a blob or a part of it. */
// @ts-ignore: decorator
@external("stackhost:blob@1", "read")
export declare function blob_read(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Tells what is known of a blob. */
// @ts-ignore: decorator
@external("stackhost:blob@1", "stat")
export declare function blob_stat(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Deletes a blob. */
// @ts-ignore: decorator
@external("stackhost:blob@1", "delete")
export declare function blob_delete(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Lists blobs in order of their keys. */
// @ts-ignore: decorator
@external("stackhost:blob@1", "list")
export declare function blob_list(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Reads a secret. not_found: it is not set. */
// @ts-ignore: decorator
@external("stackhost:secret@1", "get")
export declare function secret_get(request: usize, requestLength: i32, out: usize, outCapacity: i32): i64;

/** Input of stackhost_boot. */
export class BootRequest {
  /** Name of the app. */
  app: string = "";
  /** Name of the module in the manifest. */
  module: string = "";
  /** For interpreter engines: the app's bundled source text. Empty otherwise. */
  source: Uint8Array = new Uint8Array(0);
  /** File name to show in error texts for source. */
  sourceName: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BootRequest {
    const r = new BootRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.app = reader.str();
    if (n > 1 && !reader.nil()) r.module = reader.str();
    if (n > 2 && !reader.nil()) r.source = reader.bin();
    if (n > 3 && !reader.nil()) r.sourceName = reader.str();
    reader.leave(n - 4);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(4);
    w.str(this.app);
    w.str(this.module);
    w.bin(this.source);
    w.str(this.sourceName);
  }
}

/** An HTTP request as received. */
export class HttpRequest {
  /** Method, as sent: GET, POST … */
  method: string = "";
  /** Path of the request target, as sent (still percent-encoded), beginning with /. */
  path: string = "";
  /** Query of the request target, as sent, without the question mark. */
  query: string = "";
  /** http or https. */
  scheme: string = "";
  /** Host header, with the port when one was sent. */
  host: string = "";
  /** Header fields in the order received, repeats kept, names in lower case. */
  headers: Headers = new Headers();
  /** Values of the route pattern's wildcards, percent-decoded. */
  params: Pairs = new Pairs();
  /** The whole body when it is no longer than inline_body_bytes and body_stream is 0; empty otherwise. */
  body: Uint8Array = new Uint8Array(0);
  /** Stream to read the body from, or 0 when body holds all of it. */
  bodyStream: u64 = 0;
  /** Length of the body in bytes, or -1 when it is not known in advance. */
  bodyLength: i64 = 0;
  /** IP address of the client. */
  remote: string = "";
  /** Request id, also in the host's records and the X-Request-Id response header. */
  id: string = "";
  /** W3C traceparent to pass on to other services, or empty. */
  traceparent: string = "";
  /** The route pattern that matched. */
  route: string = "";
  /** Milliseconds left for this request. */
  timeoutMs: u64 = 0;
  /** Microseconds since 1970-01-01 UTC when the host handed over the request. */
  timeUs: u64 = 0;
  /** random_bytes unpredictable bytes, never given twice: the seed for this request's random numbers. */
  random: Uint8Array = new Uint8Array(0);

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): HttpRequest {
    const r = new HttpRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.method = reader.str();
    if (n > 1 && !reader.nil()) r.path = reader.str();
    if (n > 2 && !reader.nil()) r.query = reader.str();
    if (n > 3 && !reader.nil()) r.scheme = reader.str();
    if (n > 4 && !reader.nil()) r.host = reader.str();
    if (n > 5 && !reader.nil()) r.headers = reader.headers();
    if (n > 6 && !reader.nil()) r.params = reader.pairs();
    if (n > 7 && !reader.nil()) r.body = reader.bin();
    if (n > 8 && !reader.nil()) r.bodyStream = reader.uint();
    if (n > 9 && !reader.nil()) r.bodyLength = reader.int();
    if (n > 10 && !reader.nil()) r.remote = reader.str();
    if (n > 11 && !reader.nil()) r.id = reader.str();
    if (n > 12 && !reader.nil()) r.traceparent = reader.str();
    if (n > 13 && !reader.nil()) r.route = reader.str();
    if (n > 14 && !reader.nil()) r.timeoutMs = reader.uint();
    if (n > 15 && !reader.nil()) r.timeUs = reader.uint();
    if (n > 16 && !reader.nil()) r.random = reader.bin();
    reader.leave(n - 17);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(17);
    w.str(this.method);
    w.str(this.path);
    w.str(this.query);
    w.str(this.scheme);
    w.str(this.host);
    w.fields(this.headers);
    w.fields(this.params);
    w.bin(this.body);
    w.uint(this.bodyStream);
    w.int(this.bodyLength);
    w.str(this.remote);
    w.str(this.id);
    w.str(this.traceparent);
    w.str(this.route);
    w.uint(this.timeoutMs);
    w.uint(this.timeUs);
    w.bin(this.random);
  }
}

/** An HTTP response. */
export class HttpResponse {
  /** Status code, 200 to 599. 0 means 200. */
  status: u64 = 200;
  /** Header fields, repeats kept. Connection-level fields (connection, content-length, transfer-encoding, …) are the host's and are ignored. */
  headers: Headers = new Headers();
  /** The body, or its first bytes with respond. */
  body: Uint8Array = new Uint8Array(0);

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): HttpResponse {
    const r = new HttpResponse();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.status = reader.uint();
    if (n > 1 && !reader.nil()) r.headers = reader.headers();
    if (n > 2 && !reader.nil()) r.body = reader.bin();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.uint(this.status);
    w.fields(this.headers);
    w.bin(this.body);
  }
}

/** What a middleware decided about a request. */
export class MiddlewareResult {
  /** pass or answer. */
  action: u64 = 0;
  /** The answer, with action answer. */
  response: HttpResponse = new HttpResponse();
  /** Request headers to set before passing on; each replaces all fields of its name. */
  setHeaders: Headers = new Headers();
  /** Request headers to remove before passing on. */
  removeHeaders: string[] = [];
  /** New path for the handler, or empty. The route stays the one that matched. */
  path: string = "";
  /** Headers to set on the response that the handler will give. */
  responseHeaders: Headers = new Headers();

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): MiddlewareResult {
    const r = new MiddlewareResult();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.action = reader.uint();
    if (n > 1 && !reader.nil()) r.response = HttpResponse.read(reader);
    if (n > 2 && !reader.nil()) r.setHeaders = reader.headers();
    if (n > 3 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.removeHeaders.push(reader.str());
      reader.leave(0);
    }
    if (n > 4 && !reader.nil()) r.path = reader.str();
    if (n > 5 && !reader.nil()) r.responseHeaders = reader.headers();
    reader.leave(n - 6);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(6);
    w.uint(this.action);
    this.response.write(w);
    w.fields(this.setHeaders);
    w.array(this.removeHeaders.length);
    for (let i = 0; i < this.removeHeaders.length; i++) w.str(this.removeHeaders[i]);
    w.str(this.path);
    w.fields(this.responseHeaders);
  }
}

/** A piece of background work. */
export class JobRequest {
  /** Job id, the same in every attempt. */
  id: string = "";
  /** What kind of work it is. */
  name: string = "";
  /** The work's input. */
  payload: Uint8Array = new Uint8Array(0);
  /** 1 for the first attempt. */
  attempt: u64 = 0;
  /** Milliseconds left for this attempt. */
  timeoutMs: u64 = 0;
  /** As in HttpRequest. */
  timeUs: u64 = 0;
  /** As in HttpRequest. */
  random: Uint8Array = new Uint8Array(0);

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): JobRequest {
    const r = new JobRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.id = reader.str();
    if (n > 1 && !reader.nil()) r.name = reader.str();
    if (n > 2 && !reader.nil()) r.payload = reader.bin();
    if (n > 3 && !reader.nil()) r.attempt = reader.uint();
    if (n > 4 && !reader.nil()) r.timeoutMs = reader.uint();
    if (n > 5 && !reader.nil()) r.timeUs = reader.uint();
    if (n > 6 && !reader.nil()) r.random = reader.bin();
    reader.leave(n - 7);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(7);
    w.str(this.id);
    w.str(this.name);
    w.bin(this.payload);
    w.uint(this.attempt);
    w.uint(this.timeoutMs);
    w.uint(this.timeUs);
    w.bin(this.random);
  }
}

/** Outcome of a job that was done. */
export class JobResult {
  /** What the job produced. */
  result: Uint8Array = new Uint8Array(0);

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): JobResult {
    const r = new JobResult();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.result = reader.bin();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.bin(this.result);
  }
}

/** A console command that somebody runs. */
export class CommandRequest {
  /** Name of the command, as the manifest declares it. */
  name: string = "";
  /** What was written after the name. */
  args: string[] = [];
  /** Stream to read the input from; its end is the end of the input. */
  stdin: u64 = 0;
  /** Stream to write the output to. What is written arrives at once. */
  stdout: u64 = 0;
  /** Stream to write messages to. */
  stderr: u64 = 0;
  /** Width of the terminal that shows standard error, where progress is drawn; 0 when it is none. */
  columns: u64 = 0;
  /** Id of this run, also in the host's records. */
  id: string = "";
  /** Milliseconds left for this run. */
  timeoutMs: u64 = 0;
  /** As in HttpRequest. */
  timeUs: u64 = 0;
  /** As in HttpRequest. */
  random: Uint8Array = new Uint8Array(0);

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CommandRequest {
    const r = new CommandRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.name = reader.str();
    if (n > 1 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.args.push(reader.str());
      reader.leave(0);
    }
    if (n > 2 && !reader.nil()) r.stdin = reader.uint();
    if (n > 3 && !reader.nil()) r.stdout = reader.uint();
    if (n > 4 && !reader.nil()) r.stderr = reader.uint();
    if (n > 5 && !reader.nil()) r.columns = reader.uint();
    if (n > 6 && !reader.nil()) r.id = reader.str();
    if (n > 7 && !reader.nil()) r.timeoutMs = reader.uint();
    if (n > 8 && !reader.nil()) r.timeUs = reader.uint();
    if (n > 9 && !reader.nil()) r.random = reader.bin();
    reader.leave(n - 10);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(10);
    w.str(this.name);
    w.array(this.args.length);
    for (let i = 0; i < this.args.length; i++) w.str(this.args[i]);
    w.uint(this.stdin);
    w.uint(this.stdout);
    w.uint(this.stderr);
    w.uint(this.columns);
    w.str(this.id);
    w.uint(this.timeoutMs);
    w.uint(this.timeUs);
    w.bin(this.random);
  }
}

/** Outcome of a console command. */
export class CommandResult {
  /** Exit code, 0 to 255; 0 is success. */
  exit: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CommandResult {
    const r = new CommandResult();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.exit = reader.uint();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.uint(this.exit);
  }
}

/** A stream to use with core read, write and close. */
export class StreamReply {
  /** Stream handle, never 0. Valid until it is closed or the entry export returns. */
  stream: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): StreamReply {
    const r = new StreamReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.stream = reader.uint();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.uint(this.stream);
  }
}

/** A log record. */
export class LogRecord {
  /** Severity. */
  level: u64 = 0;
  /** What happened. */
  message: string = "";
  /** A map of further fields, or nil. */
  fields: Value = Value.nil();

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): LogRecord {
    const r = new LogRecord();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.level = reader.uint();
    if (n > 1 && !reader.nil()) r.message = reader.str();
    if (n > 2 && !reader.nil()) r.fields = reader.value();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.uint(this.level);
    w.str(this.message);
    w.value(this.fields);
  }
}

/** Which config value. */
export class ConfigRequest {
  /** Key, dots for nested tables; empty for the whole table. */
  key: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): ConfigRequest {
    const r = new ConfigRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.key = reader.str();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.str(this.key);
  }
}

/** A config value. */
export class ConfigReply {
  /** The value as written in the manifest. */
  value: Value = Value.nil();

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): ConfigReply {
    const r = new ConfigReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.value = reader.value();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.value(this.value);
  }
}

/** Which secret. */
export class SecretRequest {
  /** Name of the secret in the module's manifest table. */
  name: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): SecretRequest {
    const r = new SecretRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.name = reader.str();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.str(this.name);
  }
}

/** A secret. */
export class SecretReply {
  /** The secret's bytes. */
  value: Uint8Array = new Uint8Array(0);

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): SecretReply {
    const r = new SecretReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.value = reader.bin();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.bin(this.value);
  }
}

/** Which capability. */
export class SupportsRequest {
  /** Name of a capability. */
  capability: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): SupportsRequest {
    const r = new SupportsRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.capability = reader.str();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.str(this.capability);
  }
}

/** What this host offers. */
export class SupportsReply {
  /** Major version, 0 when the host does not have the capability. */
  version: u64 = 0;
  /** Whether this module may use it. */
  granted: bool = false;
  /** Names of the functions this host knows. */
  functions: string[] = [];

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): SupportsReply {
    const r = new SupportsReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.version = reader.uint();
    if (n > 1 && !reader.nil()) r.granted = reader.bool();
    if (n > 2 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.functions.push(reader.str());
      reader.leave(0);
    }
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.uint(this.version);
    w.bool(this.granted);
    w.array(this.functions.length);
    for (let i = 0; i < this.functions.length; i++) w.str(this.functions[i]);
  }
}

/** Several calls. */
export class BatchRequest {
  /** The calls, at most batch_calls. */
  calls: BatchCall[] = [];

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BatchRequest {
    const r = new BatchRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.calls.push(BatchCall.read(reader));
      reader.leave(0);
    }
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.array(this.calls.length);
    for (let i = 0; i < this.calls.length; i++) this.calls[i].write(w);
  }
}

/** One call of a batch. */
export class BatchCall {
  /** Name of the capability. */
  capability: string = "";
  /** Name of a function of shape call. */
  function: string = "";
  /** Its encoded request record. */
  request: Uint8Array = new Uint8Array(0);

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BatchCall {
    const r = new BatchCall();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.capability = reader.str();
    if (n > 1 && !reader.nil()) r.function = reader.str();
    if (n > 2 && !reader.nil()) r.request = reader.bin();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.str(this.capability);
    w.str(this.function);
    w.bin(this.request);
  }
}

/** Replies of a batch. */
export class BatchReply {
  /** One for each call, in order. */
  results: BatchResult[] = [];

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BatchReply {
    const r = new BatchReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.results.push(BatchResult.read(reader));
      reader.leave(0);
    }
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.array(this.results.length);
    for (let i = 0; i < this.results.length; i++) this.results[i].write(w);
  }
}

/** Reply to one call of a batch. */
export class BatchResult {
  /** 0, or a negative code. */
  code: i64 = 0;
  /** The encoded reply record. */
  reply: Uint8Array = new Uint8Array(0);
  /** The text that belongs to code. */
  error: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BatchResult {
    const r = new BatchResult();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.code = reader.int();
    if (n > 1 && !reader.nil()) r.reply = reader.bin();
    if (n > 2 && !reader.nil()) r.error = reader.str();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.int(this.code);
    w.bin(this.reply);
    w.str(this.error);
  }
}

/** An outbound HTTP request. */
export class FetchRequest {
  /** Method; empty means GET. */
  method: string = "";
  /** Absolute http or https URL. */
  url: string = "";
  /** Header fields. */
  headers: Headers = new Headers();
  /** The body, when body_stream is 0. */
  body: Uint8Array = new Uint8Array(0);
  /** An open readable stream to send as the body, or 0. */
  bodyStream: u64 = 0;
  /** Milliseconds for the whole exchange; 0 for the grant's default. Never beyond this call's own deadline. */
  timeoutMs: u64 = 0;
  /** What to do with redirects. */
  redirect: u64 = 0;
  /** Most response body bytes to accept; 0 for the grant's limit. */
  maxBytes: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): FetchRequest {
    const r = new FetchRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.method = reader.str();
    if (n > 1 && !reader.nil()) r.url = reader.str();
    if (n > 2 && !reader.nil()) r.headers = reader.headers();
    if (n > 3 && !reader.nil()) r.body = reader.bin();
    if (n > 4 && !reader.nil()) r.bodyStream = reader.uint();
    if (n > 5 && !reader.nil()) r.timeoutMs = reader.uint();
    if (n > 6 && !reader.nil()) r.redirect = reader.uint();
    if (n > 7 && !reader.nil()) r.maxBytes = reader.uint();
    reader.leave(n - 8);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(8);
    w.str(this.method);
    w.str(this.url);
    w.fields(this.headers);
    w.bin(this.body);
    w.uint(this.bodyStream);
    w.uint(this.timeoutMs);
    w.uint(this.redirect);
    w.uint(this.maxBytes);
  }
}

/** Response to an outbound HTTP request. */
export class FetchResponse {
  /** Status code. */
  status: u64 = 0;
  /** Header fields, names in lower case. */
  headers: Headers = new Headers();
  /** The whole body when body_stream is 0. */
  body: Uint8Array = new Uint8Array(0);
  /** Stream to read the body from, or 0. */
  bodyStream: u64 = 0;
  /** URL of the last hop. */
  url: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): FetchResponse {
    const r = new FetchResponse();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.status = reader.uint();
    if (n > 1 && !reader.nil()) r.headers = reader.headers();
    if (n > 2 && !reader.nil()) r.body = reader.bin();
    if (n > 3 && !reader.nil()) r.bodyStream = reader.uint();
    if (n > 4 && !reader.nil()) r.url = reader.str();
    reader.leave(n - 5);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(5);
    w.uint(this.status);
    w.fields(this.headers);
    w.bin(this.body);
    w.uint(this.bodyStream);
    w.str(this.url);
  }
}

/** Reads a key. */
export class KvGetRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key, 1 to 1,024 bytes. */
  key: Uint8Array = new Uint8Array(0);
  /** How fresh the answer has to be. */
  consistency: u64 = 0;
  /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
  maxStalenessMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvGetRequest {
    const r = new KvGetRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.bin();
    if (n > 2 && !reader.nil()) r.consistency = reader.uint();
    if (n > 3 && !reader.nil()) r.maxStalenessMs = reader.uint();
    reader.leave(n - 4);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(4);
    w.str(this.namespace);
    w.bin(this.key);
    w.uint(this.consistency);
    w.uint(this.maxStalenessMs);
  }
}

/** A key's value. An absent key is no error. */
export class KvGetReply {
  /** Whether the key is there. */
  found: bool = false;
  /** Value. */
  value: Uint8Array = new Uint8Array(0);
  /** Rises with each write of the key; for guards. */
  version: u64 = 0;
  /** When the key goes, in ms since the Unix epoch; 0: never. */
  expiresMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvGetReply {
    const r = new KvGetReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.found = reader.bool();
    if (n > 1 && !reader.nil()) r.value = reader.bin();
    if (n > 2 && !reader.nil()) r.version = reader.uint();
    if (n > 3 && !reader.nil()) r.expiresMs = reader.uint();
    reader.leave(n - 4);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(4);
    w.bool(this.found);
    w.bin(this.value);
    w.uint(this.version);
    w.uint(this.expiresMs);
  }
}

/** Writes a key. */
export class KvSetRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key, 1 to 1,024 bytes. */
  key: Uint8Array = new Uint8Array(0);
  /** Value, at most 256 KiB. */
  value: Uint8Array = new Uint8Array(0);
  /** How long the key lives; 0: for ever. */
  ttlMs: u64 = 0;
  /** Condition; conflict when it does not hold. */
  guard: u64 = 0;
  /** With guard version: the key's version; 0: it is absent. */
  version: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvSetRequest {
    const r = new KvSetRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.bin();
    if (n > 2 && !reader.nil()) r.value = reader.bin();
    if (n > 3 && !reader.nil()) r.ttlMs = reader.uint();
    if (n > 4 && !reader.nil()) r.guard = reader.uint();
    if (n > 5 && !reader.nil()) r.version = reader.uint();
    reader.leave(n - 6);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(6);
    w.str(this.namespace);
    w.bin(this.key);
    w.bin(this.value);
    w.uint(this.ttlMs);
    w.uint(this.guard);
    w.uint(this.version);
  }
}

/** Outcome of a write. */
export class KvSetReply {
  /** The key's version now. */
  version: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvSetReply {
    const r = new KvSetReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.version = reader.uint();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.uint(this.version);
  }
}

/** Deletes a key. */
export class KvDeleteRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key, 1 to 1,024 bytes. */
  key: Uint8Array = new Uint8Array(0);
  /** Condition; conflict when it does not hold. */
  guard: u64 = 0;
  /** With guard version: the key's version; 0: it is absent. */
  version: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvDeleteRequest {
    const r = new KvDeleteRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.bin();
    if (n > 2 && !reader.nil()) r.guard = reader.uint();
    if (n > 3 && !reader.nil()) r.version = reader.uint();
    reader.leave(n - 4);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(4);
    w.str(this.namespace);
    w.bin(this.key);
    w.uint(this.guard);
    w.uint(this.version);
  }
}

/** Outcome of a deletion. */
export class KvDeleteReply {
  /** Whether the key was there. */
  existed: bool = false;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvDeleteReply {
    const r = new KvDeleteReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.existed = reader.bool();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.bool(this.existed);
  }
}

/** Adds to a counter; an absent key counts as 0. */
export class KvIncrementRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key, 1 to 1,024 bytes. */
  key: Uint8Array = new Uint8Array(0);
  /** What to add. */
  delta: i64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvIncrementRequest {
    const r = new KvIncrementRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.bin();
    if (n > 2 && !reader.nil()) r.delta = reader.int();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.str(this.namespace);
    w.bin(this.key);
    w.int(this.delta);
  }
}

/** A counter. */
export class KvIncrementReply {
  /** Its value now. */
  value: i64 = 0;
  /** The key's version now. */
  version: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvIncrementReply {
    const r = new KvIncrementReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.value = reader.int();
    if (n > 1 && !reader.nil()) r.version = reader.uint();
    reader.leave(n - 2);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(2);
    w.int(this.value);
    w.uint(this.version);
  }
}

/** Reads a page of keys in order. */
export class KvScanRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Only keys that begin so. */
  prefix: Uint8Array = new Uint8Array(0);
  /** next of the page before; empty for the first. */
  after: Uint8Array = new Uint8Array(0);
  /** Most entries, up to 1,000; 0 means 100. */
  limit: u64 = 0;
  /** Leave out values. */
  keysOnly: bool = false;
  /** In descending order. */
  reverse: bool = false;
  /** How fresh the answer has to be. */
  consistency: u64 = 0;
  /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
  maxStalenessMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvScanRequest {
    const r = new KvScanRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.prefix = reader.bin();
    if (n > 2 && !reader.nil()) r.after = reader.bin();
    if (n > 3 && !reader.nil()) r.limit = reader.uint();
    if (n > 4 && !reader.nil()) r.keysOnly = reader.bool();
    if (n > 5 && !reader.nil()) r.reverse = reader.bool();
    if (n > 6 && !reader.nil()) r.consistency = reader.uint();
    if (n > 7 && !reader.nil()) r.maxStalenessMs = reader.uint();
    reader.leave(n - 8);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(8);
    w.str(this.namespace);
    w.bin(this.prefix);
    w.bin(this.after);
    w.uint(this.limit);
    w.bool(this.keysOnly);
    w.bool(this.reverse);
    w.uint(this.consistency);
    w.uint(this.maxStalenessMs);
  }
}

/** A key in a page. */
export class KvEntry {
  /** Key. */
  key: Uint8Array = new Uint8Array(0);
  /** Value; empty with keys_only. */
  value: Uint8Array = new Uint8Array(0);
  /** Version. */
  version: u64 = 0;
  /** When the key goes; 0: never. */
  expiresMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvEntry {
    const r = new KvEntry();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.key = reader.bin();
    if (n > 1 && !reader.nil()) r.value = reader.bin();
    if (n > 2 && !reader.nil()) r.version = reader.uint();
    if (n > 3 && !reader.nil()) r.expiresMs = reader.uint();
    reader.leave(n - 4);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(4);
    w.bin(this.key);
    w.bin(this.value);
    w.uint(this.version);
    w.uint(this.expiresMs);
  }
}

/** A page of keys. */
export class KvScanReply {
  /** Entries in order. */
  entries: KvEntry[] = [];
  /** What to give as after for the next page; empty at the end. */
  next: Uint8Array = new Uint8Array(0);
  /** Index of the log that the page is of; for ranges of a transaction. */
  index: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvScanReply {
    const r = new KvScanReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.entries.push(KvEntry.read(reader));
      reader.leave(0);
    }
    if (n > 1 && !reader.nil()) r.next = reader.bin();
    if (n > 2 && !reader.nil()) r.index = reader.uint();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.array(this.entries.length);
    for (let i = 0; i < this.entries.length; i++) this.entries[i].write(w);
    w.bin(this.next);
    w.uint(this.index);
  }
}

/** Condition on a key in a transaction. */
export class KvCheck {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key. */
  key: Uint8Array = new Uint8Array(0);
  /** The key's version; 0: the key is absent. */
  version: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvCheck {
    const r = new KvCheck();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.bin();
    if (n > 2 && !reader.nil()) r.version = reader.uint();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.str(this.namespace);
    w.bin(this.key);
    w.uint(this.version);
  }
}

/** Condition on all keys with a prefix: none changed since an index. */
export class KvRange {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Prefix. */
  prefix: Uint8Array = new Uint8Array(0);
  /** Index of a scan. */
  index: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvRange {
    const r = new KvRange();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.prefix = reader.bin();
    if (n > 2 && !reader.nil()) r.index = reader.uint();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.str(this.namespace);
    w.bin(this.prefix);
    w.uint(this.index);
  }
}

/** One write of a transaction. */
export class KvWrite {
  /** Kind. */
  kind: u64 = 0;
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key. */
  key: Uint8Array = new Uint8Array(0);
  /** Value, for set. */
  value: Uint8Array = new Uint8Array(0);
  /** How long the key lives, for set; 0: for ever. */
  ttlMs: u64 = 0;
  /** What to add, for increment. */
  delta: i64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvWrite {
    const r = new KvWrite();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.kind = reader.uint();
    if (n > 1 && !reader.nil()) r.namespace = reader.str();
    if (n > 2 && !reader.nil()) r.key = reader.bin();
    if (n > 3 && !reader.nil()) r.value = reader.bin();
    if (n > 4 && !reader.nil()) r.ttlMs = reader.uint();
    if (n > 5 && !reader.nil()) r.delta = reader.int();
    reader.leave(n - 6);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(6);
    w.uint(this.kind);
    w.str(this.namespace);
    w.bin(this.key);
    w.bin(this.value);
    w.uint(this.ttlMs);
    w.int(this.delta);
  }
}

/** When all conditions hold, all writes are done; else none, with conflict. At most 64 together. */
export class KvTransactRequest {
  /** Conditions on keys. */
  checks: KvCheck[] = [];
  /** Conditions on prefixes. */
  ranges: KvRange[] = [];
  /** Writes. */
  writes: KvWrite[] = [];

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvTransactRequest {
    const r = new KvTransactRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.checks.push(KvCheck.read(reader));
      reader.leave(0);
    }
    if (n > 1 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.ranges.push(KvRange.read(reader));
      reader.leave(0);
    }
    if (n > 2 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.writes.push(KvWrite.read(reader));
      reader.leave(0);
    }
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.array(this.checks.length);
    for (let i = 0; i < this.checks.length; i++) this.checks[i].write(w);
    w.array(this.ranges.length);
    for (let i = 0; i < this.ranges.length; i++) this.ranges[i].write(w);
    w.array(this.writes.length);
    for (let i = 0; i < this.writes.length; i++) this.writes[i].write(w);
  }
}

/** Outcome of one write of a transaction. */
export class KvResult {
  /** The key's version now; 0 after a deletion. */
  version: u64 = 0;
  /** Whether the key was there before. */
  existed: bool = false;
  /** Of an increment: the sum. */
  value: i64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvResult {
    const r = new KvResult();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.version = reader.uint();
    if (n > 1 && !reader.nil()) r.existed = reader.bool();
    if (n > 2 && !reader.nil()) r.value = reader.int();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.uint(this.version);
    w.bool(this.existed);
    w.int(this.value);
  }
}

/** Outcome of a transaction. */
export class KvTransactReply {
  /** One for each write. */
  results: KvResult[] = [];

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): KvTransactReply {
    const r = new KvTransactReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.results.push(KvResult.read(reader));
      reader.leave(0);
    }
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.array(this.results.length);
    for (let i = 0; i < this.results.length; i++) this.results[i].write(w);
  }
}

/** Reads a key of a cache. */
export class CacheGetRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key, at most 1,024 bytes. */
  key: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CacheGetRequest {
    const r = new CacheGetRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.str();
    reader.leave(n - 2);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(2);
    w.str(this.namespace);
    w.str(this.key);
  }
}

/** What the cache has. */
export class CacheGetReply {
  /** Miss, fresh or stale. */
  state: u64 = 0;
  /** Value, unless it is a miss. */
  value: Uint8Array = new Uint8Array(0);

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CacheGetReply {
    const r = new CacheGetReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.state = reader.uint();
    if (n > 1 && !reader.nil()) r.value = reader.bin();
    reader.leave(n - 2);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(2);
    w.uint(this.state);
    w.bin(this.value);
  }
}

/** Reads a key, or gets the right to make it. */
export class CacheFillRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key, at most 1,024 bytes. */
  key: string = "";
  /** How long to wait while somebody else makes it; 0 means 5,000. */
  waitMs: u64 = 0;
  /** How long the right is good; 0 means 30,000. */
  leaseMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CacheFillRequest {
    const r = new CacheFillRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.str();
    if (n > 2 && !reader.nil()) r.waitMs = reader.uint();
    if (n > 3 && !reader.nil()) r.leaseMs = reader.uint();
    reader.leave(n - 4);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(4);
    w.str(this.namespace);
    w.str(this.key);
    w.uint(this.waitMs);
    w.uint(this.leaseMs);
  }
}

/** A value, or the right to make it. Of all callers in the cluster one gets the token. */
export class CacheFillReply {
  /** Miss, fresh or stale. */
  state: u64 = 0;
  /** Value, unless it is a miss. */
  value: Uint8Array = new Uint8Array(0);
  /** If not 0: make the value and put it with this token, before the call ends: then another caller gets the right. */
  token: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CacheFillReply {
    const r = new CacheFillReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.state = reader.uint();
    if (n > 1 && !reader.nil()) r.value = reader.bin();
    if (n > 2 && !reader.nil()) r.token = reader.uint();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.uint(this.state);
    w.bin(this.value);
    w.uint(this.token);
  }
}

/** Stores a value. */
export class CachePutRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key, at most 1,024 bytes. */
  key: string = "";
  /** Value, at most 512 KiB. */
  value: Uint8Array = new Uint8Array(0);
  /** How long it is fresh; 0: until it is evicted or invalidated. */
  ttlMs: u64 = 0;
  /** How long it is usable after that while somebody makes a new one. */
  staleMs: u64 = 0;
  /** Tags that invalidate it. */
  tags: string[] = [];
  /** Token of fill; 0 without. */
  token: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CachePutRequest {
    const r = new CachePutRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.str();
    if (n > 2 && !reader.nil()) r.value = reader.bin();
    if (n > 3 && !reader.nil()) r.ttlMs = reader.uint();
    if (n > 4 && !reader.nil()) r.staleMs = reader.uint();
    if (n > 5 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.tags.push(reader.str());
      reader.leave(0);
    }
    if (n > 6 && !reader.nil()) r.token = reader.uint();
    reader.leave(n - 7);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(7);
    w.str(this.namespace);
    w.str(this.key);
    w.bin(this.value);
    w.uint(this.ttlMs);
    w.uint(this.staleMs);
    w.array(this.tags.length);
    for (let i = 0; i < this.tags.length; i++) w.str(this.tags[i]);
    w.uint(this.token);
  }
}

/** Outcome of a put. */
export class CachePutReply {
  /** False: the token was no longer good, because the key or a tag was invalidated since; the value is right for this caller only. */
  stored: bool = false;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CachePutReply {
    const r = new CachePutReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.stored = reader.bool();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.bool(this.stored);
  }
}

/** Invalidates every entry that has one of the tags, at once, however many there are. */
export class CacheInvalidateRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** 1 to 32 tags. */
  tags: string[] = [];

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CacheInvalidateRequest {
    const r = new CacheInvalidateRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.tags.push(reader.str());
      reader.leave(0);
    }
    reader.leave(n - 2);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(2);
    w.str(this.namespace);
    w.array(this.tags.length);
    for (let i = 0; i < this.tags.length; i++) w.str(this.tags[i]);
  }
}

/** Deletes a key of a cache. */
export class CacheDeleteRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key, at most 1,024 bytes. */
  key: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CacheDeleteRequest {
    const r = new CacheDeleteRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.str();
    reader.leave(n - 2);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(2);
    w.str(this.namespace);
    w.str(this.key);
  }
}

/** Outcome of a deletion. */
export class CacheDeleteReply {
  /** Whether there was an entry. */
  existed: bool = false;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CacheDeleteReply {
    const r = new CacheDeleteReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.existed = reader.bool();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.bool(this.existed);
  }
}

/** Empties a namespace of the cache, at once. */
export class CacheClearRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): CacheClearRequest {
    const r = new CacheClearRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.str(this.namespace);
  }
}

/** Takes a lock, or waits for it in line. */
export class LockAcquireRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Name of the lock. */
  name: string = "";
  /** Id of the owner; empty: the host makes one. The same owner gets the same lease again. */
  owner: string = "";
  /** How long the lease lasts; 0 means 30,000. */
  ttlMs: u64 = 0;
  /** How long to wait; 0: not at all. conflict when it was not to be had. */
  waitMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): LockAcquireRequest {
    const r = new LockAcquireRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.name = reader.str();
    if (n > 2 && !reader.nil()) r.owner = reader.str();
    if (n > 3 && !reader.nil()) r.ttlMs = reader.uint();
    if (n > 4 && !reader.nil()) r.waitMs = reader.uint();
    reader.leave(n - 5);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(5);
    w.str(this.namespace);
    w.str(this.name);
    w.str(this.owner);
    w.uint(this.ttlMs);
    w.uint(this.waitMs);
  }
}

/** A lease. */
export class LockAcquireReply {
  /** Who holds it. */
  owner: string = "";
  /** Fencing token, above those of all earlier leases: let what the lock protects refuse lower ones. */
  fence: u64 = 0;
  /** When the lease ends, in ms of the log's time. */
  expiresMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): LockAcquireReply {
    const r = new LockAcquireReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.owner = reader.str();
    if (n > 1 && !reader.nil()) r.fence = reader.uint();
    if (n > 2 && !reader.nil()) r.expiresMs = reader.uint();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    w.str(this.owner);
    w.uint(this.fence);
    w.uint(this.expiresMs);
  }
}

/** Makes a lease end later; conflict when it has ended. */
export class LockRenewRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Name of the lock. */
  name: string = "";
  /** Who holds it. */
  owner: string = "";
  /** Its fencing token. */
  fence: u64 = 0;
  /** How long from now; 0 means 30,000. */
  ttlMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): LockRenewRequest {
    const r = new LockRenewRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.name = reader.str();
    if (n > 2 && !reader.nil()) r.owner = reader.str();
    if (n > 3 && !reader.nil()) r.fence = reader.uint();
    if (n > 4 && !reader.nil()) r.ttlMs = reader.uint();
    reader.leave(n - 5);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(5);
    w.str(this.namespace);
    w.str(this.name);
    w.str(this.owner);
    w.uint(this.fence);
    w.uint(this.ttlMs);
  }
}

/** A renewed lease. */
export class LockRenewReply {
  /** When the lease ends, in ms of the log's time. */
  expiresMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): LockRenewReply {
    const r = new LockRenewReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.expiresMs = reader.uint();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.uint(this.expiresMs);
  }
}

/** Ends a lease. */
export class LockReleaseRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Name of the lock. */
  name: string = "";
  /** Who holds it. */
  owner: string = "";
  /** Its fencing token. */
  fence: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): LockReleaseRequest {
    const r = new LockReleaseRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.name = reader.str();
    if (n > 2 && !reader.nil()) r.owner = reader.str();
    if (n > 3 && !reader.nil()) r.fence = reader.uint();
    reader.leave(n - 4);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(4);
    w.str(this.namespace);
    w.str(this.name);
    w.str(this.owner);
    w.uint(this.fence);
  }
}

/** Outcome of a release. */
export class LockReleaseReply {
  /** False: the lease had ended already. */
  held: bool = false;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): LockReleaseReply {
    const r = new LockReleaseReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.held = reader.bool();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.bool(this.held);
  }
}

/** What is known of a blob. */
export class BlobInfo {
  /** Key of the blob, at most 1,024 bytes. */
  key: string = "";
  /** Bytes. */
  size: u64 = 0;
  /** SHA-256 of the content, 32 bytes. */
  sha256: Uint8Array = new Uint8Array(0);
  /** Content type. */
  contentType: string = "";
  /** Metadata of the app. */
  meta: Pairs = new Pairs();
  /** Rises with each replacement; for guards. */
  version: u64 = 0;
  /** When it was stored, in ms since the Unix epoch. */
  createdMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobInfo {
    const r = new BlobInfo();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.key = reader.str();
    if (n > 1 && !reader.nil()) r.size = reader.uint();
    if (n > 2 && !reader.nil()) r.sha256 = reader.bin();
    if (n > 3 && !reader.nil()) r.contentType = reader.str();
    if (n > 4 && !reader.nil()) r.meta = reader.pairs();
    if (n > 5 && !reader.nil()) r.version = reader.uint();
    if (n > 6 && !reader.nil()) r.createdMs = reader.uint();
    reader.leave(n - 7);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(7);
    w.str(this.key);
    w.uint(this.size);
    w.bin(this.sha256);
    w.str(this.contentType);
    w.fields(this.meta);
    w.uint(this.version);
    w.uint(this.createdMs);
  }
}

/** Begins a blob. It is visible only after commit. */
export class BlobWriteRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key of the blob, at most 1,024 bytes. */
  key: string = "";
  /** Content type. */
  contentType: string = "";
  /** Metadata. */
  meta: Pairs = new Pairs();
  /** Condition; conflict when it does not hold. */
  guard: u64 = 0;
  /** With guard version: the key's version; 0: it is absent. */
  version: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobWriteRequest {
    const r = new BlobWriteRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.str();
    if (n > 2 && !reader.nil()) r.contentType = reader.str();
    if (n > 3 && !reader.nil()) r.meta = reader.pairs();
    if (n > 4 && !reader.nil()) r.guard = reader.uint();
    if (n > 5 && !reader.nil()) r.version = reader.uint();
    reader.leave(n - 6);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(6);
    w.str(this.namespace);
    w.str(this.key);
    w.str(this.contentType);
    w.fields(this.meta);
    w.uint(this.guard);
    w.uint(this.version);
  }
}

/** Makes a blob visible, in the place of the one before. */
export class BlobCommitRequest {
  /** Stream of write. It is closed by this, whatever the outcome. */
  stream: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobCommitRequest {
    const r = new BlobCommitRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.stream = reader.uint();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.uint(this.stream);
  }
}

/** Stores a short blob in one call. */
export class BlobPutRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key of the blob, at most 1,024 bytes. */
  key: string = "";
  /** Content. */
  body: Uint8Array = new Uint8Array(0);
  /** Content type. */
  contentType: string = "";
  /** Metadata. */
  meta: Pairs = new Pairs();
  /** Condition; conflict when it does not hold. */
  guard: u64 = 0;
  /** With guard version: the key's version; 0: it is absent. */
  version: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobPutRequest {
    const r = new BlobPutRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.str();
    if (n > 2 && !reader.nil()) r.body = reader.bin();
    if (n > 3 && !reader.nil()) r.contentType = reader.str();
    if (n > 4 && !reader.nil()) r.meta = reader.pairs();
    if (n > 5 && !reader.nil()) r.guard = reader.uint();
    if (n > 6 && !reader.nil()) r.version = reader.uint();
    reader.leave(n - 7);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(7);
    w.str(this.namespace);
    w.str(this.key);
    w.bin(this.body);
    w.str(this.contentType);
    w.fields(this.meta);
    w.uint(this.guard);
    w.uint(this.version);
  }
}

/** Reads a blob or a part of it; not_found when there is none. */
export class BlobReadRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key of the blob, at most 1,024 bytes. */
  key: string = "";
  /** First byte. */
  offset: u64 = 0;
  /** Most bytes; 0: to the end. */
  length: u64 = 0;
  /** How fresh the answer has to be. */
  consistency: u64 = 0;
  /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
  maxStalenessMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobReadRequest {
    const r = new BlobReadRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.str();
    if (n > 2 && !reader.nil()) r.offset = reader.uint();
    if (n > 3 && !reader.nil()) r.length = reader.uint();
    if (n > 4 && !reader.nil()) r.consistency = reader.uint();
    if (n > 5 && !reader.nil()) r.maxStalenessMs = reader.uint();
    reader.leave(n - 6);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(6);
    w.str(this.namespace);
    w.str(this.key);
    w.uint(this.offset);
    w.uint(this.length);
    w.uint(this.consistency);
    w.uint(this.maxStalenessMs);
  }
}

/** A blob's content. */
export class BlobReadReply {
  /** What is known of it. */
  info: BlobInfo = new BlobInfo();
  /** The content asked for, when it is short. */
  body: Uint8Array = new Uint8Array(0);
  /** Stream to read it from, or 0. */
  bodyStream: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobReadReply {
    const r = new BlobReadReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.info = BlobInfo.read(reader);
    if (n > 1 && !reader.nil()) r.body = reader.bin();
    if (n > 2 && !reader.nil()) r.bodyStream = reader.uint();
    reader.leave(n - 3);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(3);
    this.info.write(w);
    w.bin(this.body);
    w.uint(this.bodyStream);
  }
}

/** Asks for a blob's information; not_found when there is none. */
export class BlobStatRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key of the blob, at most 1,024 bytes. */
  key: string = "";
  /** How fresh the answer has to be. */
  consistency: u64 = 0;
  /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
  maxStalenessMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobStatRequest {
    const r = new BlobStatRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.str();
    if (n > 2 && !reader.nil()) r.consistency = reader.uint();
    if (n > 3 && !reader.nil()) r.maxStalenessMs = reader.uint();
    reader.leave(n - 4);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(4);
    w.str(this.namespace);
    w.str(this.key);
    w.uint(this.consistency);
    w.uint(this.maxStalenessMs);
  }
}

/** Deletes a blob. */
export class BlobDeleteRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Key of the blob, at most 1,024 bytes. */
  key: string = "";
  /** Condition; conflict when it does not hold. */
  guard: u64 = 0;
  /** With guard version: the key's version; 0: it is absent. */
  version: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobDeleteRequest {
    const r = new BlobDeleteRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.key = reader.str();
    if (n > 2 && !reader.nil()) r.guard = reader.uint();
    if (n > 3 && !reader.nil()) r.version = reader.uint();
    reader.leave(n - 4);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(4);
    w.str(this.namespace);
    w.str(this.key);
    w.uint(this.guard);
    w.uint(this.version);
  }
}

/** Outcome of a deletion. */
export class BlobDeleteReply {
  /** Whether there was one. */
  existed: bool = false;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobDeleteReply {
    const r = new BlobDeleteReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.existed = reader.bool();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.bool(this.existed);
  }
}

/** Reads a page of blobs in order of their keys. */
export class BlobListRequest {
  /** Namespace of the app, one that the manifest grants. */
  namespace: string = "";
  /** Only keys that begin so. */
  prefix: string = "";
  /** next of the page before; empty for the first. */
  after: string = "";
  /** Most blobs, up to 1,000; 0 means 100. */
  limit: u64 = 0;
  /** How fresh the answer has to be. */
  consistency: u64 = 0;
  /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
  maxStalenessMs: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobListRequest {
    const r = new BlobListRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.namespace = reader.str();
    if (n > 1 && !reader.nil()) r.prefix = reader.str();
    if (n > 2 && !reader.nil()) r.after = reader.str();
    if (n > 3 && !reader.nil()) r.limit = reader.uint();
    if (n > 4 && !reader.nil()) r.consistency = reader.uint();
    if (n > 5 && !reader.nil()) r.maxStalenessMs = reader.uint();
    reader.leave(n - 6);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(6);
    w.str(this.namespace);
    w.str(this.prefix);
    w.str(this.after);
    w.uint(this.limit);
    w.uint(this.consistency);
    w.uint(this.maxStalenessMs);
  }
}

/** A page of blobs. */
export class BlobListReply {
  /** Blobs in order. */
  blobs: BlobInfo[] = [];
  /** What to give as after for the next page; empty at the end. */
  next: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): BlobListReply {
    const r = new BlobListReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) {
      const length = reader.enterArray();
      for (let i = 0; i < length && !reader.error.length; i++) r.blobs.push(BlobInfo.read(reader));
      reader.leave(0);
    }
    if (n > 1 && !reader.nil()) r.next = reader.str();
    reader.leave(n - 2);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(2);
    w.array(this.blobs.length);
    for (let i = 0; i < this.blobs.length; i++) this.blobs[i].write(w);
    w.str(this.next);
  }
}

/** Asks for a secret of the cluster. */
export class SecretGetRequest {
  /** Name, one that the manifest grants. */
  name: string = "";

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): SecretGetRequest {
    const r = new SecretGetRequest();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.name = reader.str();
    reader.leave(n - 1);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(1);
    w.str(this.name);
  }
}

/** A secret. */
export class SecretGetReply {
  /** Value. */
  value: Uint8Array = new Uint8Array(0);
  /** Rises with each change. */
  version: u64 = 0;

  /** Reads the record. What was wrong is in the reader. */
  static read(reader: Reader): SecretGetReply {
    const r = new SecretGetReply();
    const n = reader.enterArray();
    if (n > 0 && !reader.nil()) r.value = reader.bin();
    if (n > 1 && !reader.nil()) r.version = reader.uint();
    reader.leave(n - 2);
    return r;
  }

  /** Appends the encoded record. */
  write(w: Writer): void {
    w.array(2);
    w.bin(this.value);
    w.uint(this.version);
  }
}
