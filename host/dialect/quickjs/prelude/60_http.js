// Headers, Request and Response. A request is a line "METHOD target"; everything else of it is asked of the host when it is
// first needed, since most handlers need little.

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

class Headers {
  constructor(init) {
    this._list = [];
    if (init === undefined || init === null) return;
    if (init instanceof Headers) this._list = init._list.map((p) => [p[0], p[1]]);
    else if (typeof init[Symbol.iterator] === "function") for (const [n, v] of init) this.append(n, v);
    else for (const n of Object.keys(init)) this.append(n, init[n]);
  }
  append(name, value) {
    name = String(name);
    value = String(value).trim();
    if (!token.test(name)) throw new TypeError("invalid header name: " + name);
    if (/[\0\r\n]/.test(value)) throw new TypeError("invalid header value for " + name);
    this._list.push([name.toLowerCase(), value]);
  }
  delete(name) {
    name = String(name).toLowerCase();
    this._list = this._list.filter((p) => p[0] !== name);
  }
  get(name) {
    name = String(name).toLowerCase();
    let found = null;
    for (const p of this._list) if (p[0] === name) found = found === null ? p[1] : found + ", " + p[1];
    return found;
  }
  getSetCookie() { return this._list.filter((p) => p[0] === "set-cookie").map((p) => p[1]); }
  has(name) {
    name = String(name).toLowerCase();
    return this._list.some((p) => p[0] === name);
  }
  set(name, value) {
    this.delete(name);
    this.append(name, value);
  }
  forEach(f, self) { for (const [n, v] of this) f.call(self, v, n, this); }
  *entries() {
    const names = [...new Set(this._list.map((p) => p[0]))].sort();
    for (const n of names) {
      if (n === "set-cookie") for (const v of this.getSetCookie()) yield [n, v];
      else yield [n, this.get(n)];
    }
  }
  *keys() { for (const p of this.entries()) yield p[0]; }
  *values() { for (const p of this.entries()) yield p[1]; }
  [Symbol.iterator]() { return this.entries(); }
  raw() { return this._list.map((p) => [p[0], p[1]]); } // in order, repeats kept
}

// Body is what Request and Response share: _body is null, a string, a Uint8Array, a ReadableStream, or the number of a host
// stream; _used tells that it was read.
class Body {
  get bodyUsed() { return this._used; }
  get body() {
    let b = this._take(false);
    if (b === null || b instanceof ReadableStream) return b;
    b = typeof b === "number" ? hostStream(b) : ReadableStream.from([typeof b === "string" ? utf8(b) : b]);
    return (this._body = b);
  }
  _take(use) {
    if (this._used) throw new TypeError("the body was already read");
    if (use) this._used = true;
    return this._body;
  }
  async bytes() {
    const b = this._take(true);
    if (b === null) return new Uint8Array(0);
    if (typeof b === "string") return utf8(b);
    if (typeof b === "number") return drain(b);
    if (b instanceof Uint8Array) return b;
    const chunks = [];
    for await (const c of b) chunks.push(typeof c === "string" ? utf8(c) : asBytes(c));
    return concat(chunks);
  }
  async text() {
    const b = this._take(false);
    if (typeof b === "string") {
      this._used = true;
      return b;
    }
    return fromUTF8(await this.bytes());
  }
  async json() { return JSON.parse(await this.text()); }
  async arrayBuffer() {
    const b = await this.bytes();
    return b.byteLength === b.buffer.byteLength ? b.buffer : b.slice().buffer;
  }
  async formData() {
    const kind = this.headers.get("content-type") || "";
    if (!kind.startsWith("application/x-www-form-urlencoded")) throw new TypeError("only application/x-www-form-urlencoded can be read as a form");
    return new URLSearchParams(await this.text());
  }
}

const plainText = "text/plain;charset=UTF-8";

// bodyOf returns what a body is kept as, and the content type that it implies.
function bodyOf(body) {
  if (typeof body === "string") return [body, plainText];
  if (body === null || body === undefined) return [null, null];
  if (body instanceof ReadableStream) return [body, null];
  if (body instanceof URLSearchParams) return [body.toString(), "application/x-www-form-urlencoded;charset=UTF-8"];
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return [asBytes(body), null];
  if (body[Symbol.asyncIterator]) return [ReadableStream.from(body), null];
  return [String(body), plainText];
}

const INCOMING = Symbol("incoming");

// What is seldom set stands in the prototypes: a request or response is made in every call, and each field costs.

class Request {
  constructor(input, init) {
    if (input === INCOMING) {
      this._line = init;
      return;
    }
    init = init || {};
    const from = input instanceof Request ? input : null;
    this._method = String(init.method || (from ? from.method : "GET")).toUpperCase();
    this._url = from ? from.url : new URL(String(input)).href;
    this._headers = new Headers(init.headers || (from ? from.headers : undefined));
    const [body, type] = init.body !== undefined ? bodyOf(init.body) : [from ? from._take(true) : null, null];
    if (body !== null && (this._method === "GET" || this._method === "HEAD")) throw new TypeError(this._method + " has no body");
    this._kept = body;
    if (type && !this._headers.has("content-type")) this._headers.append("content-type", type);
    this.signal = init.signal || (from ? from.signal : new AbortSignal());
    this.redirect = init.redirect || (from ? from.redirect : "follow");
  }
  get method() { return this._line === undefined ? this._method : this._line.slice(0, this._line.indexOf(" ")); }
  get url() {
    if (this._url === undefined) this._url = incoming = host(OP.origin) + this._line.slice(this._line.indexOf(" ") + 1);
    return this._url;
  }
  get headers() {
    if (this._headers === undefined) {
      this._headers = new Headers();
      this._headers._list = pairs(host(OP.headers));
    }
    return this._headers;
  }
  get _body() {
    if (this._kept === undefined) {
      const stream = host(OP.open); // 0: there is none
      this._kept = stream === 0 ? null : stream;
    }
    return this._kept;
  }
  set _body(b) { this._kept = b; }
  clone() {
    const copy = new Request(this.url, { method: this.method, headers: this.headers });
    const b = this._take(false);
    if (b === null) return copy;
    const [one, two] = this.body.tee();
    this._kept = one;
    copy._kept = two;
    return copy;
  }
}

class Response {
  constructor(body, init) {
    if (typeof body === "string") this._body = body;
    else [this._body, this._type] = bodyOf(body);
    if (init === undefined) return;
    if (init.status !== undefined) {
      this._status = Number(init.status);
      if (!(this._status >= 200 && this._status <= 599)) throw new RangeError("status must be from 200 to 599, not " + init.status);
    }
    if (init.headers !== undefined) this._headers = new Headers(init.headers);
  }
  static json(value, init) {
    const r = new Response(JSON.stringify(value), init);
    if (init === undefined || r._headers === undefined || !r._headers.has("content-type")) r._type = "application/json";
    return r;
  }
  static redirect(url, status = 302) { return new Response(null, { status, headers: { location: String(url) } }); }
  static error() { return new Response(null, { status: 500 }); }
  get status() { return this._status; }
  get ok() { return this._status >= 200 && this._status < 300; }
  get statusText() { return ""; }
  get headers() {
    const h = this._headers || (this._headers = new Headers());
    if (this._type !== null) {
      if (!h.has("content-type")) h.append("content-type", this._type);
      this._type = null;
    }
    return h;
  }
  clone() {
    const copy = new Response(null, { status: this._status, headers: this.headers });
    if (this._body instanceof ReadableStream || typeof this._body === "number") [this._body, copy._body] = this.body.tee();
    else copy._body = this._body;
    return copy;
  }
}

// headOf writes status and headers as the host reads them: fields end with a NUL, an empty name ends the list.
function headOf(response) {
  if (response._headers === undefined) {
    return response._type === null ? response._status + "\0\0" : response._status + "\0content-type\0" + response._type + "\0\0";
  }
  let head = response._status + "\0";
  for (const p of response.headers._list) head += p[0] + "\0" + p[1] + "\0";
  return head + "\0";
}

for (const c of [Request, Response]) {
  for (const n of ["bodyUsed", "body", "_take", "bytes", "text", "json", "arrayBuffer", "formData"]) {
    Object.defineProperty(c.prototype, n, Object.getOwnPropertyDescriptor(Body.prototype, n));
  }
}
Object.assign(Request.prototype, { _used: false, _line: undefined, _url: undefined, _headers: undefined, _kept: undefined });
Object.assign(Response.prototype, { _response: true, _used: false, _headers: undefined, _type: plainText, _status: 200, url: "" });
const okText = headOf(new Response(""));

define({ Headers, Request, Response });
