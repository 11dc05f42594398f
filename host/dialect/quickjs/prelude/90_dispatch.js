// The entry points that the host calls. Each returns
//
//   a string          the answer; of a command, its exit code
//   [head, bytes]     an answer whose body is bytes
//   0                 nothing to answer: passed on, done, or already streamed
//   1                 a promise is pending; run jobs and call pump
//   2 + n             from pump: nothing can run for n milliseconds
//   -1                from pump: nothing will ever run again
//
// and throws what the program threw.

let app; // {fetch, middleware, job, command, commands}
const context = new Context();
let streamOut = null; // a response to be streamed

function mount(exports) {
  const main = exports.default;
  app = { fetch: undefined, middleware: exports.middleware, job: exports.job, command: exports.command, commands: exports.commands };
  if (typeof main === "function") app.fetch = main;
  else if (main) {
    if (typeof main.fetch === "function") app.fetch = main instanceof Router && main._around.length === 0 ? (r, c) => main._serve(r, c) : (r, c) => main.fetch(r, c);
    if (typeof main.middleware === "function") app.middleware = (r, c) => main.middleware(r, c);
    if (typeof main.job === "function") app.job = (j) => main.job(j);
    if (typeof main.command === "function") app.command = (c) => main.command(c);
    if (main.commands) app.commands = main.commands;
  }
  if (typeof exports.fetch === "function" && !app.fetch) app.fetch = exports.fetch;
  const has = ["fetch", "middleware", "job"].filter((n) => typeof app[n] === "function");
  if (typeof app.command === "function" || (app.commands && Object.keys(app.commands).length > 0)) has.push("command");
  if (has.length === 0) throw new TypeError("the program exports no handler: write `export default { fetch(request) { … } }`");
  return has.join(" ");
}

// settle waits for a promise whose value finish makes an answer of.
let finish;
function settle(promise, f) {
  pending = true;
  finish = f;
  promise.then(done, fail);
  return 1;
}
function done(v) {
  try {
    result = finish(v);
    pending = false;
  } catch (e) {
    fail(e);
  }
}
function fail(e) {
  failure = e;
  failed = true;
  pending = false;
}

// begin makes a call start from nothing, whether or not memory is restored between calls, and returns its request. The first
// call finds one that was made at boot: where memory is restored, every call is the first.
let prepared = null;
function begin(line) {
  if (!fresh) {
    reset();
    return new Request(INCOMING, line);
  }
  fresh = false;
  if (prepared === null) return new Request(INCOMING, line);
  prepared._line = line;
  return prepared;
}

function caught(e) {
  if (command !== null) {
    command._leave();
    throw e;
  }
  if (e instanceof HTTPError) return answer(problem(e.status, e.detail));
  throw e;
}

function answer(response) {
  if (!(response instanceof Response)) throw new TypeError("a handler must return a Response, not " + show(response).slice(0, 80));
  const body = response._body;
  if (typeof body === "string") return headOf(response) + body;
  if (body === null) return headOf(response);
  if (response._used) throw new TypeError("the response's body was already read");
  if (body instanceof Uint8Array) return [headOf(response), body];
  streamOut = response;
  return 1;
}

// stream sends a response piece by piece.
async function stream(response) {
  const handle = check(host(OP.respond, headOf(response)));
  for await (const chunk of response.body) {
    check(host(OP.write, handle, typeof chunk === "string" ? utf8(chunk) : asBytes(chunk)));
    check(host(OP.flush, handle));
  }
  check(host(OP.close, handle));
  return 0;
}

function dispatchFetch(line) {
  const request = begin(line);
  let r;
  try {
    r = app.fetch(request, context);
  } catch (e) {
    return caught(e);
  }
  if (r !== null && typeof r === "object" && r._response === true && waiting.length === 0) {
    if (typeof r._body === "string" && r._headers === undefined && r._type === plainText && r._status === 200) return okText + r._body;
    return answer(r);
  }
  return settle(r !== null && typeof r === "object" && typeof r.then === "function" ? r : Promise.resolve(r), answer);
}

function verdict(v) {
  if (v === undefined || v === null) return 0;
  if (v instanceof Response) {
    if (v._body instanceof ReadableStream || typeof v._body === "number") throw new TypeError("a middleware's answer cannot be a stream");
    return answer(v);
  }
  const list = (h) => (h === undefined ? [] : new Headers(h)._list);
  return JSON.stringify({ set: list(v.headers), remove: v.removeHeaders || [], path: v.path || "", response: list(v.responseHeaders) });
}

function dispatchMiddleware(line) {
  const request = begin(line);
  let r;
  try {
    r = app.middleware(request, context);
  } catch (e) {
    return caught(e);
  }
  if (r && typeof r.then === "function") return settle(r, verdict);
  return verdict(r);
}

function dispatchJob() {
  begin("");
  const job = JSON.parse(host(OP.job));
  job.payload = new Uint8Array(job.length);
  delete job.length;
  host(OP.payload, job.payload);
  job.text = () => fromUTF8(job.payload);
  job.json = () => JSON.parse(job.text());
  const outcome = (v) => {
    if (v === undefined || v === null) return 0;
    return ["", typeof v === "string" ? utf8(v) : v instanceof Uint8Array || v instanceof ArrayBuffer ? asBytes(v) : utf8(JSON.stringify(v))];
  };
  const r = app.job(job);
  return r && typeof r.then === "function" ? settle(r, outcome) : outcome(r);
}

// pump goes on with a pending call after the engine's jobs have run.
function pump() {
  if (streamOut !== null) {
    const response = streamOut;
    streamOut = null;
    result = undefined;
    settle(stream(response), (v) => v);
    return 1;
  }
  if (!pending) {
    if (waiting.length > 0) return linger();
    if (failed) return caught(failure);
    return result;
  }
  if (sendAll()) return 1;
  const wait = runTimer();
  if (wait === undefined) return -1;
  return wait < 0 ? 1 : (2 + Math.ceil(wait)) | 0;
}

// linger waits for what was given to waitUntil before the answer leaves; how it ends does not matter to the answer.
function linger() {
  pending = true;
  const next = () => { pending = false; };
  Promise.resolve(waiting.shift()).then(next, (e) => { log("error", "waitUntil: " + show(e)); next(); });
  return 1;
}

// describe tells the host about an exception: a JSON object, since the exception itself may be any value.
function describe(e) {
  if (e instanceof HostError) return JSON.stringify({ code: e.code, name: "HostError", message: e.message, stack: String(e.stack || "") });
  if (e instanceof Error) return JSON.stringify({ code: 0, name: String(e.name), message: String(e.message), stack: String(e.stack || "") });
  return JSON.stringify({ code: 0, name: "", message: "thrown: " + show(e), stack: "" });
}

// warm runs this file's own first-time work, never the program's, so that requests start from memory in which it is done.
function warm() {
  const before = app;
  const router = new Router().get("/", () => new Response("ok")).get("/items/{id}", async () => Response.json({ a: [1, "b"] }));
  app = { fetch: router.fetch, middleware: undefined, job: undefined };
  for (let i = 0; i < 3; i++) {
    dispatchFetch("GET /?a=1");
    dispatchFetch("GET /items/7");
    new Headers({ accept: "*/*" }).get("accept");
    new URL("http://boot.invalid/x?y=1").searchParams.get("y");
  }
  reset();
  fresh = true;
  prepared = new Request(INCOMING, "");
  app = before;
  return 0;
}

return [dispatchFetch, dispatchMiddleware, dispatchJob, dispatchCommand, pump, describe, mount, warm];
