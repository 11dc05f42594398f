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
/** The most calls in one batch. */
export const BATCH_CALLS: i32 = 64;
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
