// MessagePack as far as records need it, and records by their field lists.

import { records } from "./records.mjs";

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });

class Writer {
  bytes = [];

  head(n, fix, fixMax, forms) {
    if (n < fixMax) this.bytes.push(fix | n);
    else if (n < 0x100 && forms[0]) this.bytes.push(forms[0], n);
    else if (n < 0x10000) this.bytes.push(forms[1], n >> 8, n & 255);
    else this.bytes.push(forms[2], n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255);
  }

  raw(bytes) {
    for (const b of bytes) this.bytes.push(b);
  }

  str(s) {
    const bytes = utf8.encode(s);
    this.head(bytes.length, 0xa0, 32, [0xd9, 0xda, 0xdb]);
    this.raw(bytes);
  }

  bin(bytes) {
    this.head(bytes.length, 0, 0, [0xc4, 0xc5, 0xc6]);
    this.raw(bytes);
  }

  array(n) {
    this.head(n, 0x90, 16, [0, 0xdc, 0xdd]);
  }

  int(value) {
    const v = BigInt(value);
    if (v >= 0n && v < 0x80n) this.bytes.push(Number(v));
    else if (v < 0n && v >= -32n) this.bytes.push(Number(v & 255n));
    else if (v >= 0n) this.sized(v, [0xcc, 0xcd, 0xce, 0xcf], (bits) => v < 1n << bits);
    else this.sized(v, [0xd0, 0xd1, 0xd2, 0xd3], (bits) => v >= -(1n << (bits - 1n)));
  }

  sized(v, marks, fits) {
    const i = [8n, 16n, 32n, 64n].findIndex(fits);
    this.bytes.push(marks[i]);
    for (let shift = (8 << i) - 8; shift >= 0; shift -= 8) {
      this.bytes.push(Number((v >> BigInt(shift)) & 255n));
    }
  }

  float(v) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, v);
    this.bytes.push(0xcb, ...bytes);
  }

  any(v) {
    if (v === null || v === undefined) this.bytes.push(0xc0);
    else if (typeof v === "boolean") this.bytes.push(v ? 0xc3 : 0xc2);
    else if (typeof v === "bigint" || Number.isInteger(v)) this.int(v);
    else if (typeof v === "number") this.float(v);
    else if (typeof v === "string") this.str(v);
    else if (v instanceof Uint8Array) this.bin(v);
    else if (Array.isArray(v)) {
      this.array(v.length);
      v.forEach((e) => this.any(e));
    } else {
      const entries = Object.entries(v);
      this.head(entries.length, 0x80, 16, [0, 0xde, 0xdf]);
      for (const [name, value] of entries) {
        this.str(name);
        this.any(value);
      }
    }
  }

  field(type, v) {
    const [, kind, element] = /^(\w+)(?:<(\w+)>)?$/.exec(type);
    switch (kind) {
      case "uint":
      case "int":
      case "enum":
        return this.int(v);
      case "float":
        return this.float(v);
      case "bool":
      case "any":
        return this.any(v);
      case "str":
        return this.str(v);
      case "bin":
        return this.bin(v);
      case "headers":
      case "pairs":
        this.array(v.length * 2);
        for (const [name, value] of v) {
          this.str(name);
          this.field(kind === "pairs" ? "str" : "bin", value);
        }
        return;
      case "list":
        this.array(v.length);
        v.forEach((e) => this.field(element, e));
        return;
      default:
        this.record(element ?? kind, v);
    }
  }

  record(name, v) {
    this.array(records[name].length);
    for (const [field, type, otherwise] of records[name]) {
      this.field(type, v?.[field] ?? otherwise ?? empty(type));
    }
  }
}

function empty(type) {
  if (/^(uint|int|float|enum)/.test(type)) return 0;
  if (/^(headers|pairs|list)/.test(type)) return [];
  const zeros = { str: "", bin: new Uint8Array(0), bool: false, any: null };
  return type in zeros ? zeros[type] : {};
}

class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  take(n) {
    if (this.at + n > this.bytes.length) throw new RangeError("truncated");
    this.at += n;
    return this.bytes.slice(this.at - n, this.at);
  }

  uint(n) {
    return this.take(n).reduce((v, b) => (v << 8n) | BigInt(b), 0n);
  }

  any() {
    const [b] = this.take(1);
    const number = (v) => (v >= -(2n ** 53n) && v <= 2n ** 53n ? Number(v) : v);
    const length = (n) => Number(this.uint(n));
    if (b < 0x80) return b;
    if (b >= 0xe0) return b - 256;
    if (b < 0x90) return this.map(b & 15);
    if (b < 0xa0) return this.list(b & 15);
    if (b < 0xc0) return text.decode(this.take(b & 31));
    switch (b) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return b === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.take(length(1 << (b - 0xc4)));
      case 0xca:
        return new DataView(this.take(4).buffer).getFloat32(0);
      case 0xcb:
        return new DataView(this.take(8).buffer).getFloat64(0);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return number(this.uint(1 << (b - 0xcc)));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3: {
        const n = 1 << (b - 0xd0);
        return number(BigInt.asIntN(n * 8, this.uint(n)));
      }
      case 0xd9:
      case 0xda:
      case 0xdb:
        return text.decode(this.take(length(1 << (b - 0xd9))));
      case 0xdc:
      case 0xdd:
        return this.list(length(2 << (b - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.map(length(2 << (b - 0xde)));
    }
    throw new TypeError(`byte ${b}`);
  }

  list(n) {
    return Array.from({ length: n }, () => this.any());
  }

  map(n) {
    return Object.fromEntries(Array.from({ length: n }, () => [this.any(), this.any()]));
  }
}

function shape(type, v, otherwise) {
  const [, kind, element] = /^(\w+)(?:<(\w+)>)?$/.exec(type);
  if (v === null || v === undefined) v = otherwise ?? null;
  if (v === null) return kind === "record" ? shapeRecord(element, []) : empty(type);
  if (kind === "headers" || kind === "pairs") {
    return v.flatMap((name, i) => (i % 2 ? [] : [[name, v[i + 1]]]));
  }
  if (kind === "list") return v.map((e) => shape(element, e));
  if (kind === "record") return shapeRecord(element, v);
  return records[kind] ? shapeRecord(kind, v) : v;
}

function shapeRecord(name, values) {
  const fields = records[name].map(([field, type, otherwise], i) => [field, shape(type, values[i], otherwise)]);
  return Object.fromEntries(fields);
}

/** Encodes a record given as an object; absent fields have their defaults. */
export function encode(name, value) {
  const w = new Writer();
  w.record(name, value);
  return Uint8Array.from(w.bytes);
}

/** Decodes a record to an object. */
export function decode(name, bytes) {
  const r = new Reader(bytes);
  const values = r.any();
  if (r.at !== bytes.length) throw new RangeError("bytes after the record");
  return shapeRecord(name, values ?? []);
}
