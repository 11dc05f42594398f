// UTF-8, percent-encoding and base64.

import { Writer } from "./msgpack";

/** Address of the first byte that is not ASCII, or end. */
function skipAscii(ptr: usize, end: usize): usize {
  while (ptr + 8 <= end && !(load<u64>(ptr) & 0x8080808080808080)) ptr += 8;
  while (ptr < end && load<u8>(ptr) < 0x80) ptr++;
  return ptr;
}

/** Text of n bytes of ASCII. */
function widen(ptr: usize, n: u32): string {
  const s = changetype<string>(__new(n << 1, idof<string>()));
  const to = changetype<usize>(s);
  for (let i: u32 = 0; i < n; i++) store<u16>(to + (i << 1), load<u8>(ptr + i));
  return s;
}

/** Whether n bytes are UTF-8 (Unicode Standard, table 3-7). */
export function isUtf8(ptr: usize, n: u32): bool {
  const end = ptr + n;
  ptr = skipAscii(ptr, end);
  while (ptr < end) {
    const b = <u32>load<u8>(ptr++);
    if (b < 0x80) continue;
    let more = 1;
    let low: u32 = 0x80;
    let high: u32 = 0xbf;
    if (b < 0xc2 || b > 0xf4) return false;
    if (b >= 0xe0) {
      more = b < 0xf0 ? 2 : 3;
      if (b == 0xe0) low = 0xa0;
      else if (b == 0xed) high = 0x9f;
      else if (b == 0xf0) low = 0x90;
      else if (b == 0xf4) high = 0x8f;
    }
    if (ptr + more > end) return false;
    for (; more > 0; more--) {
      const c = <u32>load<u8>(ptr++);
      if (c < low || c > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

/** Text of bytes; bytes that are not UTF-8 are read as Latin-1, so nothing is lost. */
export function textOf(ptr: usize, n: u32): string {
  if (skipAscii(ptr, ptr + n) == ptr + n) return widen(ptr, n);
  if (isUtf8(ptr, n)) return String.UTF8.decodeUnsafe(ptr, n);
  let s = "";
  for (let i: u32 = 0; i < n; i++) s += String.fromCharCode(load<u8>(ptr + i));
  return s;
}

/** The UTF-8 bytes of a text. */
export function bytesOf(s: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(s));
}

function hexDigit(c: i32): i32 {
  if (c >= 48 && c <= 57) return c - 48;
  c |= 32;
  return c >= 97 && c <= 102 ? c - 87 : -1;
}

/**
 * Decodes `%41`, and `+` as a space when `plus` is set. A `%` without two hex digits stays as it is.
 */
export function percentDecode(s: string, plus: bool): string {
  if (!s.includes("%") && !(plus && s.includes("+"))) return s;
  const out = new Writer(s.length);
  const bytes = bytesOf(s);
  for (let i = 0; i < bytes.length; i++) {
    const c = <i32>bytes[i];
    if (c == 37 && i + 2 < bytes.length) {
      const high = hexDigit(bytes[i + 1]);
      const low = hexDigit(bytes[i + 2]);
      if (high >= 0 && low >= 0) {
        out.byte((high << 4) | low);
        i += 2;
        continue;
      }
    }
    out.byte(plus && c == 43 ? 32 : c);
  }
  return textOf(out.pointer, out.length);
}

/** Encodes everything but letters, digits and `-._~`. */
export function percentEncode(s: string): string {
  return encodeURIComponent(s).replaceAll("!", "%21").replaceAll("'", "%27").replaceAll("(", "%28").replaceAll(")", "%29").replaceAll("*", "%2A");
}

/** Names and values in their order, as in a query or a form. */
export class Form {
  names: string[] = [];
  values: string[] = [];

  /** Reads an urlencoded text (WHATWG URL Standard section 5.1). */
  static parse(s: string): Form {
    const form = new Form();
    const parts = s.split("&");
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (!part.length) continue;
      const equals = part.indexOf("=");
      const name = equals < 0 ? part : part.substring(0, equals);
      form.names.push(percentDecode(name, true));
      form.values.push(equals < 0 ? "" : percentDecode(part.substring(equals + 1), true));
    }
    return form;
  }

  /** First value of a name, or `otherwise`. */
  get(name: string, otherwise: string = ""): string {
    const i = this.names.indexOf(name);
    return i < 0 ? otherwise : this.values[i];
  }

  has(name: string): bool {
    return this.names.includes(name);
  }

  /** Removes all names. */
  clear(): void {
    if (!this.names.length) return;
    this.names = [];
    this.values = [];
  }
}

/** Bytes in base64 with padding (RFC 4648 section 4). */
export function base64(bytes: Uint8Array): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    let bits = <u32>bytes[i] << 16;
    if (left > 1) bits |= <u32>bytes[i + 1] << 8;
    if (left > 2) bits |= bytes[i + 2];
    out += digits.charAt(bits >> 18) + digits.charAt((bits >> 12) & 63);
    out += left > 1 ? digits.charAt((bits >> 6) & 63) : "=";
    out += left > 2 ? digits.charAt(bits & 63) : "=";
  }
  return out;
}

/** Bytes as lower-case hex digits. */
export function hex(bytes: Uint8Array): string {
  const out = new Writer(bytes.length * 2);
  for (let i = 0; i < bytes.length; i++) {
    out.byte(digit(bytes[i] >> 4));
    out.byte(digit(bytes[i] & 15));
  }
  return widen(out.pointer, out.length);
}

function digit(d: i32): i32 {
  return d < 10 ? 48 + d : 87 + d;
}
