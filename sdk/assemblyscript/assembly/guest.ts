// The exports of a module: what is between the host and a handler.

import { BootRequest, Code, core_log, HttpRequest, JobRequest, JobResult, LogLevel, RECORD_BYTES } from "./abi";
import { Log } from "./log";
import { Verdict } from "./middleware";
import { Reader, Writer } from "./msgpack";
import { begin } from "./random";
import { Request } from "./request";
import { Response } from "./response";
import { Result } from "./result";
import { Router } from "./router";
import { Value } from "./value";

// Set aside before the snapshot, so that ordinary calls always use the same few pages of memory.
let input = new ArrayBuffer(2048);
export const output = new Writer(2048);

let router: Router | null = null;
let handler: ((request: Request) => Response) | null = null;
let decide: ((request: Request) => Verdict) | null = null;
let work: ((job: JobRequest) => Result<Uint8Array>) | null = null;
let prepare: ((boot: BootRequest) => i64) | null = null;
let now: u64 = 0;

/** Makes a router the module's HTTP handler; export stackhost_http too. */
export function serve(r: Router): void {
  router = r;
}

/** Makes a function the module's HTTP handler; export stackhost_http too. */
export function onRequest(f: (request: Request) => Response): void {
  handler = f;
}

/** Makes a function the module's middleware; export stackhost_middleware too. */
export function onMiddleware(f: (request: Request) => Verdict): void {
  decide = f;
}

/** Makes a function the module's job handler; export stackhost_job too. */
export function onJob(f: (job: JobRequest) => Result<Uint8Array>): void {
  work = f;
}

/**
 * Runs a function once, before any call; export stackhost_boot too. It gives 0 or a code. Top-level statements run at
 * that time as well, a little earlier.
 */
export function onBoot(f: (boot: BootRequest) => i64): void {
  prepare = f;
}

/**
 * Microseconds since 1970-01-01 UTC when the host handed this call over. It stands still during the call and is 0 at boot.
 */
export function nowMicros(): u64 {
  return now;
}

/** Marker: this module speaks ABI v1. */
export function stackhost_abi_1(): void {}

/** Gives the host an 8-aligned area for a record: the same each time, unless it has to grow. */
export function stackhost_alloc(length: u32): usize {
  // A record is never longer than 1 MiB, so a host that asks for 1 GiB is not to be believed.
  if (length > <u32>1 << 30) return 0;
  if (length > <u32>input.byteLength) input = new ArrayBuffer(length);
  return changetype<usize>(input);
}

export function answer(): i64 {
  if (output.length > RECORD_BYTES) return failed(Code.INTERNAL, "the answer is longer than a record may be; send it with Response.start");
  return (<i64>output.pointer << 32) | output.length;
}

export function failed(code: i64, text: string): i64 {
  if (text.length) Log.error(text, Value.map().set("code", Value.int(code)));
  // A code that is not negative would be taken for a pointer.
  return code < 0 ? code : Code.INTERNAL;
}

export function stackhost_http(ptr: usize, length: i32): i64 {
  const reader = new Reader(ptr, length);
  const record = HttpRequest.read(reader);
  if (!reader.finish()) return failed(reader.code, reader.error);
  begin(record.random);
  now = record.timeUs;
  const request = new Request(record);
  const r = router;
  const h = handler;
  const response = r ? r.handle(request) : h ? h(request) : Response.fail(Code.UNSUPPORTED, "the module serves nothing");
  if (response.code < 0) return failed(response.code, response.reason);
  if (response.isStarted) return 0;
  output.length = 0;
  response.write(output);
  return answer();
}

export function stackhost_middleware(ptr: usize, length: i32): i64 {
  const reader = new Reader(ptr, length);
  const record = HttpRequest.read(reader);
  if (!reader.finish()) return failed(reader.code, reader.error);
  begin(record.random);
  now = record.timeUs;
  const f = decide;
  const verdict = f ? f(new Request(record)) : Verdict.pass();
  if (verdict.code < 0) return failed(verdict.code, "");
  if (verdict.changesNothing) return 0;
  output.length = 0;
  verdict.write(output);
  return answer();
}

export function stackhost_job(ptr: usize, length: i32): i64 {
  const reader = new Reader(ptr, length);
  const record = JobRequest.read(reader);
  if (!reader.finish()) return failed(reader.code, reader.error);
  begin(record.random);
  now = record.timeUs;
  const f = work;
  if (!f) return failed(Code.UNSUPPORTED, "the module does no jobs");
  const done = f(record);
  if (!done.ok) return failed(done.code, done.text);
  if (!done.value.length) return 0;
  const result = new JobResult();
  result.result = done.value;
  output.length = 0;
  result.write(output);
  return answer();
}

export function stackhost_boot(ptr: usize, length: i32): i64 {
  const reader = new Reader(ptr, length);
  const record = BootRequest.read(reader);
  if (!reader.finish()) return failed(reader.code, reader.error);
  const f = prepare;
  const code = f ? f(record) : 0;
  return code < 0 ? failed(code, "boot failed") : 0;
}

/** Logs why the program stops, and stops it. The compiler calls this with --use abort=. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const place = (file ? file : "?") + ":" + line.toString() + ":" + column.toString();
  // Without the record's class, as little as possible can go wrong here.
  const w = new Writer();
  w.array(3);
  w.uint(LogLevel.ERROR);
  w.str("aborted at " + place + ": " + (message ? message : "no message"));
  w.nil();
  core_log(w.pointer, w.length, 0, 0);
  unreachable();
}

/** What each call brings. */
export function enter(random: Uint8Array, timeUs: u64): void {
  begin(random);
  now = timeUs;
}
