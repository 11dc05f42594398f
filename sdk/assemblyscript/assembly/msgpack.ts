// The MessagePack subset that records travel in, with bounds on everything a reader believes.
//
// Writers always choose the shortest form. Readers accept every form of the specification but extension types,
// which are skipped where an unknown field holds one and refused elsewhere. AssemblyScript has no exceptions
// to catch, so a reader that met something wrong remembers it in `error` and gives zero values from then on.

import { Code, DEPTH, HEADERS, RECORD_BYTES } from "./abi";
import { Fields, Headers, Pairs } from "./fields";
import { isUtf8, textOf } from "./text";
import { Kind, Value } from "./value";

/** Appends values to a growing buffer. */
export class Writer {
  private buffer: ArrayBuffer;
  /** How many bytes were written. */
  length: i32 = 0;

  constructor(room: i32 = 128) {
    this.buffer = new ArrayBuffer(room);
  }

  /** Address of the first byte; stale after the next append. */
  get pointer(): usize {
    return changetype<usize>(this.buffer);
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    memory.copy(bytes.dataStart, this.pointer, this.length);
    return bytes;
  }

  /** Makes room for n bytes, counts them as written and gives the address of the first. */
  reserve(n: i32): usize {
    const end = this.length + n;
    if (end > this.buffer.byteLength) {
      const grown = new ArrayBuffer(max(end, this.buffer.byteLength * 2));
      memory.copy(changetype<usize>(grown), this.pointer, this.length);
      this.buffer = grown;
    }
    const at = this.pointer + this.length;
    this.length = end;
    return at;
  }

  byte(b: i32): void {
    store<u8>(this.reserve(1), <u8>b);
  }

  raw(ptr: usize, n: i32): void {
    memory.copy(this.reserve(n), ptr, n);
  }

  /** Appends a mark and a number in big-endian order. */
  private sized8(mark: i32, v: u64): void {
    this.byte(mark);
    this.byte(<i32>v);
  }

  private sized16(mark: i32, v: u64): void {
    this.byte(mark);
    store<u16>(this.reserve(2), bswap(<u16>v));
  }

  private sized32(mark: i32, v: u64): void {
    this.byte(mark);
    store<u32>(this.reserve(4), bswap(<u32>v));
  }

  private sized64(mark: i32, v: u64): void {
    this.byte(mark);
    store<u64>(this.reserve(8), bswap(v));
  }

  array(n: i32): void {
    if (n < 16) this.byte(0x90 | n);
    else if (n < 0x10000) this.sized16(0xdc, n);
    else this.sized32(0xdd, n);
  }

  map(n: i32): void {
    if (n < 16) this.byte(0x80 | n);
    else if (n < 0x10000) this.sized16(0xde, n);
    else this.sized32(0xdf, n);
  }

  str(s: string): void {
    this.strHead(String.UTF8.byteLength(s));
    this.text(s);
  }

  /** Appends the head of a str of n bytes. */
  strHead(n: i32): void {
    if (n < 32) this.byte(0xa0 | n);
    else if (n < 0x100) this.sized8(0xd9, n);
    else if (n < 0x10000) this.sized16(0xda, n);
    else this.sized32(0xdb, n);
  }

  /** Appends the UTF-8 bytes of a text without a head. */
  text(s: string): void {
    // Most text is ASCII, which takes as many bytes as it has characters.
    const from = changetype<usize>(s);
    const start = this.length;
    const to = this.reserve(s.length);
    for (let i = 0; i < s.length; i++) {
      const c = load<u16>(from + (i << 1));
      if (c >= 0x80) {
        this.length = start;
        String.UTF8.encodeUnsafe(from, s.length, this.reserve(String.UTF8.byteLength(s)));
        return;
      }
      store<u8>(to + i, c);
    }
  }

  /** Appends the head of a bin of n bytes. */
  binHead(n: i32): void {
    if (n < 0x100) this.sized8(0xc4, n);
    else if (n < 0x10000) this.sized16(0xc5, n);
    else this.sized32(0xc6, n);
  }

  bin(bytes: Uint8Array): void {
    this.binHead(bytes.length);
    this.raw(bytes.dataStart, bytes.length);
  }

  /** Appends the UTF-8 bytes of a text as a bin. */
  binText(s: string): void {
    this.binHead(String.UTF8.byteLength(s));
    this.text(s);
  }

  uint(v: u64): void {
    if (v < 0x80) this.byte(<i32>v);
    else if (v < 0x100) this.sized8(0xcc, v);
    else if (v < 0x10000) this.sized16(0xcd, v);
    else if (v < 0x100000000) this.sized32(0xce, v);
    else this.sized64(0xcf, v);
  }

  int(v: i64): void {
    if (v >= 0) this.uint(<u64>v);
    else if (v >= -32) this.byte(<i32>v);
    else if (v >= i8.MIN_VALUE) this.sized8(0xd0, v);
    else if (v >= i16.MIN_VALUE) this.sized16(0xd1, v);
    else if (v >= i32.MIN_VALUE) this.sized32(0xd2, v);
    else this.sized64(0xd3, v);
  }

  bool(v: bool): void {
    this.byte(v ? 0xc3 : 0xc2);
  }

  float(v: f64): void {
    this.sized64(0xcb, reinterpret<u64>(v));
  }

  nil(): void {
    this.byte(0xc0);
  }

  fields(f: Fields): void {
    this.array(f.length * 2);
    const pairs = f.writer();
    this.raw(pairs.pointer, pairs.length);
  }

  value(v: Value): void {
    switch (v.kind) {
      case Kind.Bool:
        return this.bool(v.int != 0);
      case Kind.Int:
        return this.int(v.int);
      case Kind.Uint:
        return this.uint(<u64>v.int);
      case Kind.Float:
        return this.float(v.float);
      case Kind.Str:
        return this.str(v.str);
      case Kind.Bin:
        return this.bin(v.bin);
      case Kind.List:
        this.array(v.list.length);
        for (let i = 0; i < v.list.length; i++) this.value(v.list[i]);
        return;
      case Kind.Map:
        this.map(v.list.length);
        for (let i = 0; i < v.list.length; i++) {
          this.str(v.keys[i]);
          this.value(v.list[i]);
        }
        return;
      default:
        this.nil();
    }
  }
}

/** Reads values from memory. */
export class Reader {
  private end: usize;
  private depth: i32 = 0;
  /** What was wrong, or an empty text. */
  error: string = "";
  /** 0; INVALID; or LIMIT where the bytes are well formed but too many or too deep. */
  code: i64 = 0;

  constructor(private at: usize, length: i32) {
    this.end = at + length;
    if (<u32>length > <u32>RECORD_BYTES) this.fail("longer than a record may be", Code.LIMIT);
  }

  fail(error: string, code: i64 = Code.INVALID): void {
    if (!this.error.length) {
      this.error = error;
      this.code = code;
    }
    this.at = this.end;
  }

  /** Whether all bytes were read and nothing was wrong. */
  finish(): bool {
    if (this.at != this.end) this.fail("bytes after the record");
    return !this.error.length;
  }

  /** Address of the next byte. */
  get position(): usize {
    return this.at;
  }

  private take(n: u32): usize {
    const at = this.at;
    if (n > <u32>(this.end - at)) {
      this.fail("truncated");
      return 0;
    }
    this.at = at + n;
    return at;
  }

  private peek(): i32 {
    // 0xc1 is the byte that MessagePack never uses, so every reader refuses it.
    return this.at < this.end ? load<u8>(this.at) : 0xc1;
  }

  private byte(): i32 {
    const at = this.take(1);
    return at ? load<u8>(at) : 0xc1;
  }

  private wrong(b: i32): void {
    if (b == 0xc1) this.fail("truncated or malformed");
    else this.fail("a value of another type");
  }

  private bigEndian(n: u32): u64 {
    const at = this.take(n);
    if (!at) return 0;
    if (n == 1) return load<u8>(at);
    if (n == 2) return bswap(load<u16>(at));
    if (n == 4) return bswap(load<u32>(at));
    return bswap(load<u64>(at));
  }

  /** Consumes a nil and says whether there was one. */
  nil(): bool {
    const nil = this.peek() == 0xc0;
    if (nil) this.at++;
    return nil;
  }

  private enter(n: u32): i32 {
    // Each element has at least one byte, so a larger count is a lie.
    if (n > <u32>(this.end - this.at)) {
      this.fail("truncated");
      return 0;
    }
    if (++this.depth > DEPTH) {
      this.fail("nested too deeply", Code.LIMIT);
      return 0;
    }
    return n;
  }

  /** Begins an array and gives its length; `leave` ends it. */
  enterArray(): i32 {
    const b = this.byte();
    if ((b & 0xf0) == 0x90) return this.enter(b & 15);
    if (b == 0xdc) return this.enter(<u32>this.bigEndian(2));
    if (b == 0xdd) return this.enter(<u32>this.bigEndian(4));
    this.wrong(b);
    return 0;
  }

  private enterMap(): i32 {
    const b = this.byte();
    if ((b & 0xf0) == 0x80) return this.enter(b & 15);
    if (b == 0xde) return this.enter(<u32>this.bigEndian(2));
    if (b == 0xdf) return this.enter(<u32>this.bigEndian(4));
    this.wrong(b);
    return 0;
  }

  /** Ends an array or map, skipping n values that nobody wants. */
  leave(n: i32): void {
    for (let i = 0; i < n && !this.error.length; i++) this.skip();
    this.depth--;
  }

  /** Length of the str or bin that begins here. */
  private bytesHead(): u32 {
    const b = this.byte();
    if ((b & 0xe0) == 0xa0) return b & 31;
    if (b == 0xc4 || b == 0xd9) return <u32>this.bigEndian(1);
    if (b == 0xc5 || b == 0xda) return <u32>this.bigEndian(2);
    if (b == 0xc6 || b == 0xdb) return <u32>this.bigEndian(4);
    this.wrong(b);
    return 0;
  }

  bin(): Uint8Array {
    const n = this.bytesHead();
    const at = this.take(n);
    const bytes = new Uint8Array(at ? n : 0);
    if (at) memory.copy(bytes.dataStart, at, n);
    return bytes;
  }

  str(): string {
    const n = this.bytesHead();
    const at = this.take(n);
    if (!at || !n) return "";
    if (!isUtf8(at, n)) {
      this.fail("text that is not UTF-8");
      return "";
    }
    return textOf(at, n);
  }

  private integer(): i64 {
    const b = this.byte();
    if (b < 0x80) return b;
    if (b >= 0xe0) return <i8>b;
    switch (b) {
      case 0xcc:
        return this.bigEndian(1);
      case 0xcd:
        return this.bigEndian(2);
      case 0xce:
        return this.bigEndian(4);
      case 0xd0:
        return <i8>this.bigEndian(1);
      case 0xd1:
        return <i16>this.bigEndian(2);
      case 0xd2:
        return <i32>this.bigEndian(4);
      case 0xcf:
      case 0xd3:
        return this.bigEndian(8);
    }
    this.wrong(b);
    return 0;
  }

  uint(): u64 {
    const large = this.peek() == 0xcf;
    const v = this.integer();
    if (v < 0 && !large) this.fail("a negative number");
    return v;
  }

  int(): i64 {
    const large = this.peek() == 0xcf;
    const v = this.integer();
    if (v < 0 && large) this.fail("a number out of range");
    return v;
  }

  bool(): bool {
    const b = this.byte();
    if ((b & 0xfe) != 0xc2) this.wrong(b);
    return b == 0xc3;
  }

  float(): f64 {
    const b = this.peek();
    if (b == 0xca) {
      this.at++;
      return reinterpret<f32>(<u32>this.bigEndian(4));
    }
    if (b == 0xcb) {
      this.at++;
      return reinterpret<f64>(this.bigEndian(8));
    }
    return b == 0xcf ? <f64>(<u64>this.integer()) : <f64>this.integer();
  }

  /** Reads a flat array of names and values into `f`, which keeps pointing at the bytes read. */
  private fields(f: Fields, text: bool): void {
    const n = this.enterArray();
    if (n % 2) this.fail("a name without a value");
    if (n / 2 > HEADERS) this.fail("too many names and values", Code.LIMIT);
    const from = this.at;
    for (let i = 0; i < n && !this.error.length; i++) {
      const length = this.bytesHead();
      const at = this.take(length);
      if (at && (text || i % 2 == 0) && !isUtf8(at, length)) this.fail("text that is not UTF-8");
    }
    this.leave(0);
    if (!this.error.length) f.view(from, <i32>(this.at - from), n / 2);
  }

  headers(): Headers {
    const f = new Headers();
    this.fields(f, false);
    return f;
  }

  pairs(): Pairs {
    const f = new Pairs();
    this.fields(f, true);
    return f;
  }

  value(): Value {
    const b = this.peek();
    if (b < 0x80 || b >= 0xe0 || (b >= 0xcc && b <= 0xd3)) {
      const large = b == 0xcf;
      const v = this.integer();
      return large && v < 0 ? Value.uint(v) : Value.int(v);
    }
    if ((b & 0xe0) == 0xa0 || (b >= 0xd9 && b <= 0xdb)) return Value.str(this.str());
    if (b >= 0xc4 && b <= 0xc6) return Value.bin(this.bin());
    if ((b & 0xf0) == 0x90 || b == 0xdc || b == 0xdd) {
      const n = this.enterArray();
      const list = Value.list();
      for (let i = 0; i < n && !this.error.length; i++) list.push(this.value());
      this.leave(0);
      return list;
    }
    if ((b & 0xf0) == 0x80 || b == 0xde || b == 0xdf) {
      const n = this.enterMap();
      const map = Value.map();
      for (let i = 0; i < n && !this.error.length; i++) {
        const key = this.str();
        map.set(key, this.value());
      }
      this.leave(0);
      return map;
    }
    if (b == 0xca || b == 0xcb) return Value.float(this.float());
    if (b == 0xc2 || b == 0xc3) return Value.bool(this.bool());
    if (!this.nil()) this.wrong(b);
    return Value.nil();
  }

  /** Passes over one value of whatever type. */
  skip(): void {
    const b = this.peek();
    if (b < 0x80 || b >= 0xe0 || b == 0xc0 || b == 0xc2 || b == 0xc3) this.at++;
    else if ((b & 0xf0) == 0x90 || b == 0xdc || b == 0xdd) this.leave(this.enterArray());
    else if ((b & 0xf0) == 0x80 || b == 0xde || b == 0xdf) this.leave(this.enterMap() * 2);
    else if ((b & 0xe0) == 0xa0 || (b >= 0xd9 && b <= 0xdb) || (b >= 0xc4 && b <= 0xc6)) this.take(this.bytesHead());
    else if (b == 0xca || b == 0xcb) this.float();
    else if (b >= 0xcc && b <= 0xd3) this.integer();
    else if (b >= 0xd4 && b <= 0xd8) this.take(2 + (1 << (b - 0xd4)));
    else if (b >= 0xc7 && b <= 0xc9) {
      this.at++;
      const n = <u32>this.bigEndian(1 << (b - 0xc7));
      this.take(1);
      this.take(n);
    } else this.wrong(b);
  }
}
