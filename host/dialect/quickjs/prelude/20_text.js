class TextEncoder {
  get encoding() { return "utf-8"; }
  encode(text = "") { return host(OP.encode, String(text)); }
  encodeInto(text, into) {
    let read = 0, written = 0;
    for (const c of String(text)) {
      const bytes = host(OP.encode, c);
      if (written + bytes.length > into.length) break;
      into.set(bytes, written);
      written += bytes.length;
      read += c.length;
    }
    return { read, written };
  }
}

class TextDecoder {
  constructor(label = "utf-8", options = {}) {
    const name = String(label).trim().toLowerCase();
    if (name !== "utf-8" && name !== "utf8" && name !== "unicode-1-1-utf-8") throw new RangeError("only utf-8 can be decoded, not " + label);
    this.fatal = !!options.fatal;
    this.ignoreBOM = !!options.ignoreBOM;
    this._rest = null;
  }
  get encoding() { return "utf-8"; }
  decode(input, options) {
    let bytes = input === undefined ? new Uint8Array(0) : asBytes(input);
    if (this._rest) {
      bytes = concat([this._rest, bytes]);
      this._rest = null;
    }
    if (options && options.stream) {
      const whole = bytes.length - unfinished(bytes);
      if (whole < bytes.length) {
        this._rest = bytes.slice(whole);
        bytes = bytes.subarray(0, whole);
      }
    }
    const text = host(OP.decode, bytes, this.fatal ? 1 : 0);
    if (typeof text === "number") throw new TypeError("the bytes are not valid UTF-8");
    return !this.ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

// unfinished counts the bytes at the end that begin a character whose rest is still to come.
function unfinished(bytes) {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const c = bytes[bytes.length - back];
    if ((c & 0xc0) === 0x80) continue;
    const length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

function asBytes(value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError("expected an ArrayBuffer or a view of one");
}

function concat(chunks) {
  let length = 0;
  for (const c of chunks) length += c.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const c of chunks) {
    all.set(c, at);
    at += c.length;
  }
  return all;
}

function utf8(text) { return host(OP.encode, text); }
function fromUTF8(bytes) { return host(OP.decode, bytes, 0); }

function structuredClone(value) {
  const seen = new Map();
  const clone = (v) => {
    if (typeof v === "function" || typeof v === "symbol") throw new TypeError("a " + typeof v + " cannot be cloned");
    if (v === null || typeof v !== "object") return v;
    if (seen.has(v)) return seen.get(v);
    const keep = (copy) => (seen.set(v, copy), copy);
    if (v instanceof Date) return keep(new Date(v.getTime()));
    if (v instanceof RegExp) return keep(new RegExp(v.source, v.flags));
    if (v instanceof ArrayBuffer) return keep(v.slice(0));
    if (v instanceof DataView) return keep(new DataView(clone(v.buffer), v.byteOffset, v.byteLength));
    if (ArrayBuffer.isView(v)) return keep(new v.constructor(clone(v.buffer), v.byteOffset, v.length));
    if (v instanceof Map) {
      const copy = keep(new Map());
      for (const [k, e] of v) copy.set(clone(k), clone(e));
      return copy;
    }
    if (v instanceof Set) {
      const copy = keep(new Set());
      for (const e of v) copy.add(clone(e));
      return copy;
    }
    if (v instanceof Error) {
      const copy = keep(new (globalThis[v.name] || Error)(v.message));
      copy.stack = v.stack;
      return copy;
    }
    const copy = keep(Array.isArray(v) ? new Array(v.length) : {});
    for (const k of Object.keys(v)) copy[k] = clone(v[k]);
    return copy;
  };
  return clone(value);
}

define({ TextEncoder, TextDecoder, structuredClone });
