// A host made of a few tables, to test modules under Node without a server.
//
//   import { load } from "stackhost/testing";
//   const app = await load("build/app.wasm", { config: { greeting: "Hi" } });
//   const reply = app.request("GET", "/hello/Ada");
//   assert.equal(reply.text(), "Hi, Ada");
//
// It runs any ABI v1 module, whatever language it was written in. Calls are synchronous. Each runs in a new,
// booted instance; with { pristine: false } they share one, as with isolation = "reuse".

import { readFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { codes, limits } from "./records.mjs";
import { decode, encode } from "./msgpack.mjs";

const utf8 = new TextEncoder();
const bytesOf = (v) => (typeof v === "string" ? utf8.encode(v) : (v ?? new Uint8Array(0)));

/** A refusal by this host: a code's name and a text. */
export class HostError extends Error {
  constructor(code, message) {
    super(message);
    this.code = codes[code];
  }
}

/** The answer to a request. */
export class Reply {
  constructor(record) {
    this.status = record.status || 200;
    this.headers = record.headers;
    this.chunks = record.body.length ? [record.body] : [];
    this.flushes = 0;
    this.code = 0;
  }

  /** All values of a header, joined by a comma, or null. */
  header(name) {
    const found = this.headers.filter(([n]) => n.toLowerCase() === name.toLowerCase());
    return found.length ? found.map(([, v]) => Buffer.from(v).toString("latin1")).join(", ") : null;
  }

  bytes() {
    return Buffer.concat(this.chunks);
  }

  text() {
    return this.bytes().toString("utf8");
  }

  json() {
    return JSON.parse(this.text());
  }
}

/** An instance of a module with its host. */
export class App {
  #module;
  #imports;
  #instance;
  #image;
  #stream = 0;
  #kept = null;
  #error = "";
  #reply = null;
  #streams = new Map();
  #outputs = new Map();

  /** Log records written so far: { level, message, fields }. */
  logs = [];

  constructor(options) {
    this.options = { config: {}, secrets: {}, fetch: null, pristine: true, ...options };
  }

  /** Compiles, links and boots a module: a path or the bytes. */
  async start(wasm) {
    this.#module = await WebAssembly.compile(typeof wasm === "string" ? await readFile(wasm) : wasm);
    this.#imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(this.#module)) {
      const f = this.#import(from, name);
      if (!f) throw new Error(`the module imports ${from} ${name}, which ABI v1 does not have`);
      (this.#imports[from] ??= {})[name] = f;
    }
    this.#boot();
    return this;
  }

  #boot() {
    this.#instance = new WebAssembly.Instance(this.#module, this.#imports);
    const { exports } = this.#instance;
    if (!exports.stackhost_abi_1) throw new Error("the module lacks the marker export stackhost_abi_1");
    exports._initialize?.();
    if (exports.stackhost_boot) {
      const boot = { app: "test", module: "test", source: bytesOf(this.options.source) };
      const code = this.#call("stackhost_boot", encode("BootRequest", boot));
      if (code !== 0n) throw new HostError("internal", `boot answered ${code}`);
    }
    this.#image = new Uint8Array(exports.memory.buffer).slice();
  }

  /** Names of the module's exports. */
  get exports() {
    return Object.keys(this.#instance.exports);
  }

  /** How many 4 KiB pages of memory the last call changed. */
  dirtyPages() {
    const now = new Uint8Array(this.#instance.exports.memory.buffer);
    let dirty = (now.length - this.#image.length) / 4096;
    for (let at = 0; at < this.#image.length; at += 4096) {
      if (Buffer.compare(now.subarray(at, at + 4096), this.#image.subarray(at, at + 4096))) dirty++;
    }
    return dirty;
  }

  /** Sends an HTTP request: { headers: [[name, value]], body, params, streamed }. */
  request(method, target, options = {}) {
    this.#restore();
    this.#reply = null;
    const result = this.#call("stackhost_http", this.#httpRequest(method, target, options));
    if (result < 0n) return Object.assign(new Reply({ status: 0, headers: [], body: [] }), { status: 0, code: Number(result) });
    if (result === 0n) {
      if (!this.#reply) throw new Error("the module answered 0 without having responded");
      return this.#reply;
    }
    return new Reply(decode("HttpResponse", this.#record(result)));
  }

  /** Runs the middleware; gives the MiddlewareResult record, or a negative code. */
  middleware(method, target, options = {}) {
    this.#restore();
    const result = this.#call("stackhost_middleware", this.#httpRequest(method, target, options));
    if (result < 0n) return Number(result);
    return decode("MiddlewareResult", result === 0n ? encode("MiddlewareResult", {}) : this.#record(result));
  }

  /** Runs a job; gives its result's bytes, or a negative code. */
  job(name, payload) {
    this.#restore();
    const job = { id: "job-1", name, payload: bytesOf(payload), attempt: 1, timeout_ms: 1000, random: randomBytes(limits.random_bytes) };
    const result = this.#call("stackhost_job", encode("JobRequest", job));
    if (result < 0n) return Number(result);
    return result === 0n ? new Uint8Array(0) : decode("JobResult", this.#record(result)).result;
  }

  /**
   * Runs a console command: { stdin, columns, closed }, where closed refuses what is written to standard output. Gives
   * { exit, stdout, stderr }, or a negative code.
   */
  command(name, args = [], { stdin, columns = 0, closed = false } = {}) {
    this.#restore();
    const [input, out, err] = [bytesOf(stdin), new Uint8Array(0), new Uint8Array(0)].map((content) => this.#open(content));
    this.#outputs = new Map(closed ? [[err, []]] : [[out, []], [err, []]]);
    const result = this.#call("stackhost_command", encode("CommandRequest", {
      name, args, stdin: input, stdout: out, stderr: err, columns, id: "run-1", timeout_ms: 1000, time_us: Date.now() * 1000,
      random: randomBytes(limits.random_bytes),
    }));
    if (result < 0n) return Number(result);
    const text = (stream) => Buffer.concat(this.#outputs.get(stream) ?? []).toString("utf8");
    const exit = result === 0n ? 0 : Number(decode("CommandResult", this.#record(result)).exit);
    return { exit, stdout: text(out), stderr: text(err) };
  }

  #httpRequest(method, target, { headers = [], body, params = [], streamed = false, random }) {
    const [path, query = ""] = target.split(/\?(.*)/s);
    const content = bytesOf(body);
    const stream = streamed || content.length > limits.inline_body_bytes;
    return encode("HttpRequest", {
      method, path, query, params, scheme: "http", host: "test.example", remote: "192.0.2.1", id: "request-1", route: path,
      headers: headers.map(([n, v]) => [n.toLowerCase(), bytesOf(v)]),
      body: stream ? undefined : content,
      body_stream: stream ? this.#open(content) : 0,
      body_length: content.length,
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      timeout_ms: 1000,
      time_us: Date.now() * 1000,
      random: random ?? randomBytes(limits.random_bytes),
    });
  }

  #restore() {
    if (!this.options.pristine) return;
    const written = this.logs.length;
    this.#boot();
    this.logs.length = written;
  }

  #call(name, record) {
    const { exports } = this.#instance;
    if (!exports[name]) throw new Error(`the module does not export ${name}`);
    const ptr = exports.stackhost_alloc(record.length) >>> 0;
    if (ptr === 0) throw new Error("stackhost_alloc has no room");
    if (ptr % 8 !== 0) throw new Error(`stackhost_alloc gave ${ptr}, which is not 8-aligned`);
    this.#view(ptr, record.length).set(record);
    return exports[name](ptr, record.length);
  }

  #view(ptr, length) {
    return new Uint8Array(this.#instance.exports.memory.buffer, ptr >>> 0, length >>> 0);
  }

  #record(packed) {
    return this.#view(Number(packed >> 32n), Number(packed & 0xffffffffn)).slice();
  }

  #open(content) {
    this.#streams.set(++this.#stream, content);
    return this.#stream;
  }

  #fail(code, text) {
    this.#error = text;
    return BigInt(code);
  }

  #import(module, name) {
    const [, capability] = /^stackhost:(\w+)@1$/.exec(module) ?? [];
    const direct = {
      "core take": (ptr, cap) => {
        const kept = this.#kept;
        if (!kept) return this.#fail(codes.not_found, "no reply is kept");
        if (kept.length <= cap >>> 0) {
          this.#view(ptr, kept.length).set(kept);
          this.#kept = null;
        }
        return BigInt(kept.length);
      },
      "core error": (ptr, cap) => {
        const bytes = bytesOf(this.#error).subarray(0, limits.error_text_bytes);
        this.#view(ptr, cap).set(bytes.subarray(0, cap >>> 0));
        return BigInt(bytes.length);
      },
      "core read": (stream, ptr, cap) => {
        const content = this.#streams.get(stream);
        if (!content) return this.#fail(codes.closed, "no such stream");
        // Short reads, so that a test finds code that relies on long ones.
        const n = Math.min(content.length, cap >>> 0, 1000);
        this.#view(ptr, n).set(content.subarray(0, n));
        this.#streams.set(stream, content.subarray(n));
        return BigInt(n);
      },
      "core write": (stream, ptr, length) => {
        const output = this.#outputs.get(stream);
        if (output) {
          output.push(this.#view(ptr, length).slice());
          return BigInt(length >>> 0);
        }
        if (!this.#reply || this.#reply.stream !== stream || !this.#streams.has(stream)) return this.#fail(codes.closed, "the stream is closed");
        this.#reply.chunks.push(this.#view(ptr, length).slice());
        return BigInt(length >>> 0);
      },
      "core close": (stream) => (this.#streams.delete(stream) ? 0n : this.#fail(codes.closed, "the stream is closed")),
      "http flush": (stream) => {
        if (this.#reply?.stream !== stream) return this.#fail(codes.closed, "the stream is closed");
        this.#reply.flushes++;
        return 0n;
      },
    };
    const key = `${capability} ${name}`;
    if (direct[key]) return direct[key];
    if (!["core batch", "core log", "core config", "core secret", "core supports", "http respond", "fetch send"].includes(key)) return null;
    return (ptr, length, out, cap) => {
      try {
        const reply = this.#answer(key, this.#view(ptr, length).slice());
        if (reply.length <= cap >>> 0) this.#view(out, reply.length).set(reply);
        else this.#kept = reply;
        return BigInt(reply.length);
      } catch (e) {
        return this.#fail(e.code ?? codes.internal, e.message);
      }
    };
  }

  #answer(key, request) {
    switch (key) {
      case "core log":
        this.logs.push(decode("LogRecord", request));
        return new Uint8Array(0);
      case "core config": {
        const { key: path } = decode("ConfigRequest", request);
        const parts = path === "" ? [] : path.split(".");
        const value = parts.reduce((v, part) => v?.[part], this.options.config);
        if (value === undefined) throw new HostError("not_found", `no config value ${path}`);
        return encode("ConfigReply", { value });
      }
      case "core secret": {
        const { name } = decode("SecretRequest", request);
        if (!(name in this.options.secrets)) throw new HostError("not_found", `no secret ${name}`);
        return encode("SecretReply", { value: bytesOf(this.options.secrets[name]) });
      }
      case "core supports": {
        const { capability } = decode("SupportsRequest", request);
        const known = ["core", "http", "fetch"].includes(capability);
        const granted = known && (capability !== "fetch" || this.options.fetch !== null);
        return encode("SupportsReply", { version: known ? 1 : 0, granted, functions: [] });
      }
      case "core batch": {
        const results = decode("BatchRequest", request).calls.map((call) => {
          try {
            return { code: 0, reply: this.#answer(`${call.capability} ${call.function}`, call.request) };
          } catch (e) {
            return { code: e.code ?? codes.internal, error: e.message };
          }
        });
        return encode("BatchReply", { results });
      }
      case "http respond": {
        if (this.#reply) throw new HostError("closed", "already responded");
        this.#reply = new Reply(decode("HttpResponse", request));
        this.#reply.stream = this.#open(new Uint8Array(0));
        return encode("StreamReply", { stream: this.#reply.stream });
      }
      case "fetch send": {
        if (!this.options.fetch) throw new HostError("denied", "fetch is not granted");
        const sent = decode("FetchRequest", request);
        const { status = 200, headers = [], body, streamed } = this.options.fetch(sent);
        const content = bytesOf(body);
        return encode("FetchResponse", {
          status, url: sent.url,
          headers: headers.map(([n, v]) => [n, bytesOf(v)]),
          body: streamed ? undefined : content,
          body_stream: streamed ? this.#open(content) : 0,
        });
      }
    }
    throw new HostError("unsupported", key);
  }
}

/**
 * Loads a module, given as a path or as bytes. Options: config (an object), secrets (an object), fetch (a function from a
 * FetchRequest record to { status, headers, body }; granted when given), pristine.
 */
export async function load(wasm, options = {}) {
  return new App(options).start(wasm);
}
