// The JavaScript guest of the conformance suite: one route for each thing that the suite looks at. The same routes exist in
// every SDK's language.

import { HostError, HTTPError, batch, config, log, router, secret, supports } from "stackhost";
import type { Context, Job, Level, MiddlewareResult } from "stackhost";
import { leak } from "./leak";

let counter = 0;
const heap = { counter: 0 };
const table = new Map<string, number>();
table.set("booted once", (table.get("booted once") ?? 0) + 1);

const text = (body: string, status = 200) => new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
const param = (request: Request, name: string) => new URL(request.url).searchParams.get(name) ?? "";
const hex = (bytes: Uint8Array) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

/** What a call gives, or how the suite sees its error. */
function attempt<T>(f: () => T): T | { code: number; error: string } {
  try {
    return f();
  } catch (e) {
    if (e instanceof HostError) return { code: e.code, error: e.message };
    throw e;
  }
}

function echoRequest(request: Request, context: Context) {
  const url = request.url;
  const at = url.indexOf("/", url.indexOf("//") + 2);
  const query = url.indexOf("?", at);
  return Response.json({
    method: request.method,
    path: query < 0 ? url.slice(at) : url.slice(at, query),
    query: query < 0 ? "" : url.slice(query + 1),
    scheme: url.slice(0, url.indexOf(":")),
    host: request.headers.get("host") ?? "",
    headers: request.headers.raw().map(([n, v]) => [n, btoa(v)]),
    params: Object.entries(context.routeParams),
    body_length: context.bodyLength,
    route: context.route,
    has_id: context.id !== "",
    has_traceparent: context.traceparent !== "",
    timeout_positive: context.timeout > 0,
  });
}

function echo(request: Request) {
  const headers = new Headers();
  const type = request.headers.get("content-type");
  if (type) headers.set("content-type", type);
  return new Response(request.body, { headers });
}

async function sum(request: Request) {
  let bytes = 0;
  let total = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    for (const b of chunk) total = (total + b) >>> 0;
  }
  return Response.json({ bytes, sum: total });
}

function headers() {
  const h = new Headers({ "content-type": "text/plain; charset=utf-8", "x-bin": "\u00ff\u00fe", connection: "close", "content-length": "3" });
  h.append("x-a", "1");
  h.append("x-a", "2");
  return new Response("headers", { headers: h });
}

function stream(request: Request) {
  const n = Number(param(request, "n") || 1);
  const chunk = "x".repeat(Number(param(request, "size") || 1));
  async function* chunks() {
    for (let i = 0; i < n; i++) yield chunk;
  }
  return new Response(ReadableStream.from(chunks()), { headers: { "content-type": "text/plain; charset=utf-8" } });
}

function random() {
  const language = new Uint8Array(8).map(() => Math.floor(Math.random() * 256));
  return Response.json({ request: hex(crypto.getRandomValues(new Uint8Array(8))), language: hex(language) });
}

async function outbound(request: Request) {
  try {
    const response = await fetch(param(request, "url"));
    return Response.json({ status: response.status, body: await response.text() });
  } catch (e) {
    if (e instanceof HostError) return Response.json({ code: e.code, error: e.message });
    throw e;
  }
}

function together() {
  const [conf, core] = batch([{ config: "" }, { supports: "core" }]);
  const own = (r: { code?: number; error?: string }) => ({ code: r.code, error: r.error });
  return Response.json({
    config: conf.code ? own(conf) : conf.config,
    supports: core.code ? own(core) : { version: core.supports!.version, granted: core.supports!.granted },
  });
}

const recurse = (n: number): number => (n < 0 ? n : recurse(n + 1) + counter);
const held: Uint8Array[] = [];

function grow(request: Request) {
  try {
    for (let i = Number(param(request, "mb") || 1); i > 0; i--) held.push(new Uint8Array(1 << 20).fill(1));
    return Response.json({ ok: true });
  } catch {
    held.length = 0;
    return Response.json({ ok: false });
  }
}

const app = router()
  .get("/t/echo-request", echoRequest)
  .post("/t/echo", echo)
  .post("/t/sum", sum)
  .get("/t/status/{code}", (_, context) => new Response(null, { status: Number(context.params.code) }))
  .get("/t/headers", headers)
  .get("/t/stream", stream)
  .get("/t/empty", () => new Response(null, { status: 204 }))
  .get("/t/counter", () => text(String(Math.max(++counter, ++heap.counter))))
  .get("/t/random", random)
  .get("/t/log", (request) => {
    const level = param(request, "level") as Level;
    (log[level] ?? log.info)("conformance", { text: "value", number: 7, flag: true, list: [1, "two"] });
    return text("logged");
  })
  .get("/t/config", (request) => Response.json(attempt(() => config(param(request, "key")))))
  .get("/t/secret", (request) => Response.json(attempt(() => secret(param(request, "name")))))
  .get("/t/supports", (request) =>
    Response.json(
      attempt(() => {
        const { version, granted } = supports(param(request, "name"));
        return { version, granted };
      }),
    ),
  )
  .get("/t/fetch", outbound)
  .get("/t/batch", together)
  .get("/t/trap", () => {
    throw new Error("asked to trap");
  })
  .get("/t/loop", () => {
    for (;;) counter++;
  })
  .get("/t/recurse", () => text(String(recurse(1))))
  .get("/t/grow", grow)
  .get("/t/error", (request) => {
    const code = Number(param(request, "code"));
    if (!(code < 0)) throw new HTTPError(400, "code must be a negative number");
    throw new HostError(code);
  })
  .get("/t/leak", (request) => text(leak(request.headers.get("x-marker") ?? "unmarked")))
  .get("/t/time", (_, context) => Response.json({ us: context.time }))
  .get("/t/boot", () => text("booted once: " + table.get("booted once")));

export default {
  fetch: app.fetch,

  middleware(request: Request): Response | MiddlewareResult | undefined {
    switch (request.headers.get("x-mw")) {
      case "block":
        return text("blocked", 403);
      case "set":
        return { headers: { "x-added": "1" }, responseHeaders: { "x-mw": "seen" } };
    }
  },

  job(job: Job) {
    if (job.name === "fail") throw new HostError(-1001);
    if (job.name === "trap") throw new Error("asked to trap");
    return job.payload.toReversed();
  },
};
