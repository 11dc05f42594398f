// The AssemblyScript guest of the conformance suite: one route for each thing that the suite looks at. The same routes exist in
// every SDK's language.

import {
  base64, Batch, BootRequest, config, Fetch, JobRequest, Json, Log, nowMicros, onBoot, onJob, onMiddleware,
  randomHex, Request, Response, Result, Router, secret, serve, supports, SupportsReply, textOf, Value, Verdict,
} from "stackhost";
import { grow, leak, prepare } from "./leak";
export {
  stackhost_abi_1, stackhost_alloc, stackhost_boot, stackhost_http, stackhost_job, stackhost_middleware,
} from "stackhost";

let counter: i32 = 0;
let onHeap = new Array<i32>(1);
let table = new Map<string, i32>();

serve(
  new Router()
    .get("/t/echo-request", echoRequest)
    .post("/t/echo", echo)
    .post("/t/sum", sum)
    .get("/t/status/{code}", status)
    .get("/t/headers", headers)
    .get("/t/stream", stream)
    .get("/t/empty", (r: Request) => new Response(204))
    .get("/t/counter", count)
    .get("/t/random", random)
    .get("/t/log", log)
    .get("/t/config", readConfig)
    .get("/t/secret", readSecret)
    .get("/t/supports", readSupports)
    .get("/t/fetch", fetch)
    .get("/t/batch", batch)
    .get("/t/trap", (r: Request): Response => { throw new Error("asked to trap"); })
    .get("/t/loop", endless)
    .get("/t/recurse", (r: Request) => Response.text(recurse(1).toString()))
    .get("/t/grow", (r: Request) => Response.json(new Json().open().key("ok").bool(grow(number(r, "mb", 1) * 16) != 0).close()))
    .get("/t/error", error)
    .get("/t/leak", leak)
    .get("/t/time", (r: Request) => Response.json(new Json().open().key("us").uint(nowMicros()).close()))
    .get("/t/boot", (r: Request) => Response.text("booted once: " + table.get("booted once").toString())),
);

onBoot((boot: BootRequest): i64 => {
  const boots = table.has("booted once") ? table.get("booted once") : 0;
  table.set("booted once", boots + 1);
  prepare();
  return 0;
});

onMiddleware((request: Request): Verdict => {
  const wish = request.header("X-Mw");
  if (wish == "block") return Verdict.answer(Response.text("blocked").withStatus(403));
  if (wish == "set") return Verdict.pass().setHeader("x-added", "1").responseHeader("x-mw", "seen");
  return Verdict.pass();
});

onJob((job: JobRequest): Result<Uint8Array> => {
  if (job.name == "fail") return new Result(new Uint8Array(0), -1001, "asked to fail");
  if (job.name == "trap") throw new Error("asked to trap");
  return new Result(job.payload.slice().reverse());
});

function echoRequest(request: Request): Response {
  const r = request.record;
  const json = new Json().open();
  json.key("method").str(r.method).key("path").str(r.path).key("query").str(r.query);
  json.key("scheme").str(r.scheme).key("host").str(r.host);
  json.key("headers").openArray();
  for (let i = 0; i < r.headers.length; i++) {
    json.openArray().str(r.headers.name(i)).str(base64(r.headers.value(i))).closeArray();
  }
  json.closeArray().key("params").openArray();
  for (let i = 0; i < r.params.length; i++) json.openArray().str(r.params.name(i)).str(r.params.text(i)).closeArray();
  json.closeArray().key("body_length").int(r.bodyLength).key("route").str(r.route);
  json.key("has_id").bool(r.id.length > 0).key("has_traceparent").bool(r.traceparent.length > 0);
  return Response.json(json.key("timeout_positive").bool(r.timeoutMs > 0).close());
}

function echo(request: Request): Response {
  const response = new Response().header("content-type", request.header("content-type", "application/octet-stream"));
  if (request.body.isWhole) {
    response.body = request.body.bytes(i32.MAX_VALUE).value;
    return response;
  }
  const out = response.start();
  const code = request.body.copyTo(out);
  return code < 0 ? Response.fail(code) : out.finish();
}

function sum(request: Request): Response {
  let bytes: u64 = 0;
  let total: u32 = 0;
  const buffer = new Uint8Array(8192);
  let n = request.body.read(buffer);
  while (n > 0) {
    for (let i = 0; i < <i32>n; i++) total += buffer[i];
    bytes += n;
    n = request.body.read(buffer);
  }
  if (n < 0) return Response.fail(n);
  return Response.json(new Json().open().key("bytes").uint(bytes).key("sum").uint(total).close());
}

/** The digits of a text as a number, or -1. */
function digits(s: string): i32 {
  if (!s.length || s.length > 9) return -1;
  for (let i = 0; i < s.length; i++) if (s.charCodeAt(i) < 48 || s.charCodeAt(i) > 57) return -1;
  return I32.parseInt(s);
}

/** A number of the query, or otherwise. */
function number(request: Request, name: string, otherwise: i32): i32 {
  const n = digits(request.query.get(name));
  return n < 0 ? otherwise : n;
}

function status(request: Request): Response {
  const code = digits(request.param("code"));
  return code < 0 ? Response.problem(400, "code must be a number") : new Response(code);
}

function headers(request: Request): Response {
  const response = Response.text("headers").header("x-a", "1").header("x-a", "2");
  const bytes = new Uint8Array(2);
  bytes[0] = 0xff;
  bytes[1] = 0xfe;
  response.headers.addBytes("x-bin", bytes);
  return response.header("connection", "close").header("content-length", "3");
}

function stream(request: Request): Response {
  const chunk = "x".repeat(number(request, "size", 1));
  const n = number(request, "n", 1);
  const out = Response.text("").start();
  for (let i = 0; i < n && out.code >= 0; i++) {
    out.write(chunk);
    out.flush();
  }
  return out.finish();
}

function count(request: Request): Response {
  return Response.text(max(++counter, ++onHeap[0]).toString());
}

function random(request: Request): Response {
  const own = randomHex(8);
  const bits = reinterpret<u64>(Math.random());
  let language = "";
  for (let shift = 60; shift >= 0; shift -= 4) language += ((bits >> shift) & 15).toString(16);
  return Response.json(new Json().open().key("request").str(own).key("language").str(language).close());
}

function log(request: Request): Response {
  const fields = Value.map().set("text", Value.str("value")).set("number", Value.int(7)).set("flag", Value.bool(true));
  fields.set("list", Value.list().push(Value.int(1)).push(Value.str("two")));
  const level = request.query.get("level");
  if (level == "trace") Log.trace("conformance", fields);
  else if (level == "debug") Log.debug("conformance", fields);
  else if (level == "warn") Log.warn("conformance", fields);
  else if (level == "error") Log.error("conformance", fields);
  else Log.info("conformance", fields);
  return Response.text("logged");
}

/** Writes an error of a host call as the suite wants to see it. */
function writeFailure(json: Json, code: i64, text: string): Json {
  return json.open().key("code").int(code).key("error").str(text).close();
}

function writeConfig(json: Json, result: Result<Value>): Json {
  return result.ok ? json.value(result.value) : writeFailure(json, result.code, result.text);
}

function writeSupports(json: Json, result: Result<SupportsReply>): Json {
  if (!result.ok) return writeFailure(json, result.code, result.text);
  return json.open().key("version").uint(result.value.version).key("granted").bool(result.value.granted).close();
}

function readConfig(request: Request): Response {
  return Response.json(writeConfig(new Json(), config(request.query.get("key"))));
}

function readSecret(request: Request): Response {
  const result = secret(request.query.get("name"));
  if (!result.ok) return Response.json(writeFailure(new Json(), result.code, result.text));
  return Response.json(new Json().str(textOf(result.value.dataStart, result.value.length)));
}

function readSupports(request: Request): Response {
  return Response.json(writeSupports(new Json(), supports(request.query.get("name"))));
}

function fetch(request: Request): Response {
  const response = Fetch.get(request.query.get("url")).send();
  if (!response.ok) return Response.json(writeFailure(new Json(), response.code, response.text));
  const body = response.value.body.bytes(1 << 20);
  if (!body.ok) return Response.json(writeFailure(new Json(), body.code, body.text));
  const text = textOf(body.value.dataStart, body.value.length);
  return Response.json(new Json().open().key("status").int(response.value.status).key("body").str(text).close());
}

function batch(request: Request): Response {
  const batch = new Batch();
  const values = batch.config("");
  const core = batch.supports("core");
  const results = batch.run();
  if (!results.ok) return Response.json(writeFailure(new Json(), results.code, results.text));
  const json = new Json().open();
  writeConfig(json.key("config"), results.value.config(values));
  writeSupports(json.key("supports"), results.value.supports(core));
  return Response.json(json.close());
}

function endless(request: Request): Response {
  while (true) counter++;
}

/** Never ends, and does something after each call so that it cannot become a loop. */
function recurse(n: i32): i32 {
  return recurse(n + 1) + counter++;
}

function error(request: Request): Response {
  const code = request.query.get("code");
  const n = code.startsWith("-") ? digits(code.substring(1)) : -1;
  return n < 1 ? Response.problem(400, "code must be a negative number") : Response.fail(-n);
}
