// Random numbers of the current call.
//
// Each call brings 16 bytes that the host never gives twice. They key a ChaCha20 generator (20 rounds, the 128-bit key form
// "expand 16-byte k", 64-bit block counter and nonce 0), whose key stream, read as little-endian numbers, is what these
// functions return. It is fit for tokens and keys. A module is restored to the state after boot before each call, so a generator
// that was seeded at boot would repeat; this one does not.
//
// There is no seed before the first call: drawing numbers at boot, Math.random included, aborts.

import { hex } from "./text";

const key = new StaticArray<u32>(4);
const block = new StaticArray<u32>(16);
let seeded = false;
let counter: u64 = 0;
let used = 64;

/** Begins a call's numbers. Does no work until the first is drawn. */
export function begin(seed: Uint8Array): void {
  seeded = seed.length >= 16;
  if (seeded) memory.copy(changetype<usize>(key), seed.dataStart, 16);
  counter = 0;
  used = 64;
}

/** A step of the block function on four words (RFC 8439 section 2.1). */
function quarter(s: StaticArray<u32>, i: i32, k: i32, l: i32, m: i32): void {
  let a = unchecked(s[i]);
  let b = unchecked(s[k]);
  let c = unchecked(s[l]);
  let d = unchecked(s[m]);
  a += b;
  d = rotl(d ^ a, 16);
  c += d;
  b = rotl(b ^ c, 12);
  a += b;
  d = rotl(d ^ a, 8);
  c += d;
  b = rotl(b ^ c, 7);
  unchecked((s[i] = a));
  unchecked((s[k] = b));
  unchecked((s[l] = c));
  unchecked((s[m] = d));
}

function start(i: i32): u32 {
  if (i == 0) return 0x61707865;
  if (i == 1) return 0x3120646e;
  if (i == 2) return 0x79622d36;
  if (i == 3) return 0x6b206574;
  if (i < 12) return key[i & 3];
  if (i == 12) return <u32>counter;
  if (i == 13) return <u32>(counter >> 32);
  return 0;
}

function refill(): void {
  assert(seeded, "random numbers exist only within a call, not at boot");
  const s = block;
  for (let i = 0; i < 16; i++) s[i] = start(i);
  for (let round = 0; round < 20; round++) {
    // Odd rounds work on the diagonals.
    const d = round & 1;
    for (let i = 0; i < 4; i++) quarter(s, i, 4 + ((i + d) & 3), 8 + ((i + 2 * d) & 3), 12 + ((i + 3 * d) & 3));
  }
  for (let i = 0; i < 16; i++) s[i] += start(i);
  counter++;
  used = 0;
}

/** n random bytes. */
export function randomBytes(n: i32): Uint8Array {
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    if (used == 64) refill();
    out[i] = load<u8>(changetype<usize>(block) + used++);
  }
  return out;
}

/** A number of 64 bits. */
export function randomU64(): u64 {
  return load<u64>(randomBytes(8).dataStart);
}

/** A number from 0 up to, not including, `end`, each equally likely. 0 when `end` is 0. */
export function randomBelow(end: u64): u64 {
  if (!end) return 0;
  // The remainders of numbers below this bound would be a little too frequent.
  const bound = (0 - end) % end;
  let v = randomU64();
  while (v < bound) v = randomU64();
  return v % end;
}

/** n random bytes as lower-case hex digits. */
export function randomHex(n: i32): string {
  return hex(randomBytes(n));
}

/** Seeds Math.random, which asks for it when it is first used in a call. */
export function seed(): f64 {
  return reinterpret<f64>(randomU64());
}
