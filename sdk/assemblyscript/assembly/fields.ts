// Header fields and other pairs, kept as they are on the wire and read on demand.

import { Writer } from "./msgpack";
import { textOf } from "./text";

/** Names and values in their order, repeats kept. Not made directly: see Headers and Pairs. */
export class Fields {
  private own: Writer | null = null;
  private at: usize = 0;
  private bytes: i32 = 0;
  /** How many pairs there are. */
  length: i32 = 0;

  /** Takes the encoded pairs at an address, which has to stay as it is. */
  view(ptr: usize, size: i32, length: i32): void {
    this.own = null;
    this.at = ptr;
    this.bytes = size;
    this.length = length;
  }

  /** Address of the encoded pairs. */
  private get pointer(): usize {
    const own = this.own;
    return own ? own.pointer : this.at;
  }

  constructor(private isText: bool) {}

  /** Where to append. Pairs that are only viewed are copied first, in the shortest encoding. */
  writer(): Writer {
    let own = this.own;
    if (own) return own;
    own = new Writer(max(64, this.bytes * 2));
    let ptr = this.at;
    for (let i = 0; i < this.length * 2; i++) {
      const n = contentLength(ptr);
      ptr = content(ptr);
      if (i % 2 == 0 || this.isText) own.strHead(n);
      else own.binHead(n);
      own.raw(ptr, n);
      ptr += n;
    }
    this.own = own;
    return own;
  }

  /** Address of the head of the value at an index, or of the name. */
  private find(index: i32, value: bool): usize {
    let ptr = this.pointer;
    for (let i = index * 2 + i32(value); i > 0; i--) ptr = content(ptr) + contentLength(ptr);
    return ptr;
  }

  /** Index of the first pair of this name, whatever its case, or -1. */
  indexOf(name: string): i32 {
    let ptr = this.pointer;
    for (let i = 0; i < this.length; i++) {
      if (sameName(content(ptr), contentLength(ptr), name)) return i;
      ptr = content(ptr) + contentLength(ptr);
      ptr = content(ptr) + contentLength(ptr);
    }
    return -1;
  }

  has(name: string): bool {
    return this.indexOf(name) >= 0;
  }

  /** Name at an index below `length`. */
  name(index: i32): string {
    const ptr = this.find(index, false);
    return textOf(content(ptr), contentLength(ptr));
  }

  /** Value at an index below `length`, as text. */
  text(index: i32): string {
    const ptr = this.find(index, true);
    return textOf(content(ptr), contentLength(ptr));
  }

  /** Value at an index below `length`, as bytes. */
  value(index: i32): Uint8Array {
    const ptr = this.find(index, true);
    const bytes = new Uint8Array(contentLength(ptr));
    memory.copy(bytes.dataStart, content(ptr), bytes.length);
    return bytes;
  }

  /** First value of a name as text, or `otherwise`. */
  get(name: string, otherwise: string = ""): string {
    const i = this.indexOf(name);
    return i < 0 ? otherwise : this.text(i);
  }
}

/** Header fields. Values are bytes; as text they are read as UTF-8, or as Latin-1 where they are not that. */
export class Headers extends Fields {
  constructor() {
    super(false);
  }

  add(name: string, value: string): void {
    const w = this.writer();
    w.str(name);
    w.binText(value);
    this.length++;
  }

  addBytes(name: string, value: Uint8Array): void {
    const w = this.writer();
    w.str(name);
    w.bin(value);
    this.length++;
  }
}

/** Names and text values. */
export class Pairs extends Fields {
  constructor() {
    super(true);
  }

  add(name: string, value: string): void {
    const w = this.writer();
    w.str(name);
    w.str(value);
    this.length++;
  }
}

/** Address of the content of the str or bin at ptr, which is known to be well formed. */
function content(ptr: usize): usize {
  const b = load<u8>(ptr);
  if (b == 0xc4 || b == 0xd9) return ptr + 2;
  if (b == 0xc5 || b == 0xda) return ptr + 3;
  if (b == 0xc6 || b == 0xdb) return ptr + 5;
  return ptr + 1;
}

function contentLength(ptr: usize): i32 {
  const b = load<u8>(ptr);
  if (b == 0xc4 || b == 0xd9) return load<u8>(ptr + 1);
  if (b == 0xc5 || b == 0xda) return bswap(load<u16>(ptr + 1));
  if (b == 0xc6 || b == 0xdb) return bswap(load<u32>(ptr + 1));
  return b & 31;
}

function sameName(ptr: usize, n: i32, name: string): bool {
  if (n != name.length) return false;
  for (let i = 0; i < n; i++) {
    const a = lower(load<u8>(ptr + i));
    if (a != lower(name.charCodeAt(i))) return false;
  }
  return true;
}

function lower(c: i32): i32 {
  return c >= 65 && c <= 90 ? c | 32 : c;
}
