// The module "stackhost": what programs import.

/** Context of a request: what the host knows beyond the request itself. */
class Context {
  constructor() { this.params = {}; }
  get id() { return host(OP.field, FIELD.id); }
  get route() { return host(OP.field, FIELD.route); }
  get remote() { return host(OP.field, FIELD.remote); }
  get traceparent() { return host(OP.field, FIELD.traceparent); }
  get timeout() { return host(OP.number, NUMBER.timeout); }
  get time() { return host(OP.number, NUMBER.time); }
  get bodyLength() { return host(OP.number, NUMBER.bodyLength); }
  get routeParams() { return Object.fromEntries(pairs(host(OP.field, FIELD.params))); }
  waitUntil(promise) { waiting.push(Promise.resolve(promise)); }
}

function problem(status, detail, headers) {
  const titles = { 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
    410: "Gone", 413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout" };
  const document = { type: "about:blank", title: titles[status] || (status < 500 ? "Client Error" : "Server Error"), status };
  if (detail) document.detail = detail;
  return new Response(JSON.stringify(document), { status, headers: { ...headers, "content-type": "application/problem+json" } });
}

const decode = (s) => {
  if (s.indexOf("%") < 0) return s;
  try { return decodeURIComponent(s); } catch { return s; }
};

// compile makes a pattern's path into segments: a string, or {name, rest}. Both {id} and :id name a segment, {rest...} and
// * take the remainder, and {$} at the end matches the path with its slash only.
function compile(path) {
  if (path[0] !== "/") throw new TypeError("a route's path begins with /: " + path);
  return path.slice(1).split("/").map((s) => {
    if (s === "*") return { name: "*", rest: true };
    if (s === "{$}") return "";
    const m = /^(?:\{([^{}.]+)(\.\.\.)?\}|:(\w+))$/.exec(s);
    return m ? { name: m[1] || m[3], rest: !!m[2] } : decode(s);
  });
}

function match(segments, parts) {
  const params = {};
  for (let i = 0; i < segments.length; i++) {
    const s = segments[i];
    if (i >= parts.length) return null;
    if (typeof s === "string") {
      if (s !== parts[i]) return null;
    } else if (s.rest) {
      params[s.name] = parts.slice(i).join("/");
      return params;
    } else if (parts[i] === "") return null;
    else params[s.name] = parts[i];
  }
  return segments.length === parts.length ? params : null;
}

// weight orders routes from the more to the less specific, as the host's router does.
const weight = (r) => r.segments.map((s) => (typeof s === "string" ? "0" : s.rest ? "2" : "1")).join("") + "3";

class Router {
  constructor() {
    this._routes = [];
    this._around = [];
    this._exact = new Map(); // "METHOD path" of patterns without wildcards
    this.fetch = this.fetch.bind(this);
  }
  on(method, path, handler) {
    const r = { method, segments: compile(path), handler };
    if (r.segments.every((s) => typeof s === "string") && !path.includes("%")) this._exact.set(method + " " + path.replace("{$}", ""), handler);
    this._routes.push(r);
    this._routes.sort((a, b) => (weight(a) < weight(b) ? -1 : weight(a) > weight(b) ? 1 : 0));
    return this;
  }
  get(path, handler) { return this.on("GET", path, handler); }
  post(path, handler) { return this.on("POST", path, handler); }
  put(path, handler) { return this.on("PUT", path, handler); }
  patch(path, handler) { return this.on("PATCH", path, handler); }
  delete(path, handler) { return this.on("DELETE", path, handler); }
  all(path, handler) { return this.on("*", path, handler); }
  use(wrap) { this._around.push(wrap); return this; }
  fetch(request, context) {
    if (this._around.length === 0) return this._serve(request, context);
    let run = () => this._serve(request, context);
    for (let i = this._around.length - 1; i >= 0; i--) {
      const wrap = this._around[i], next = run;
      run = () => wrap(request, context, next);
    }
    return run();
  }
  _serve(request, context) {
    let line = request._line; // of a request that the host sent, else made of its parts
    if (line === undefined) {
      const url = new URL(request.url);
      line = request.method + " " + url.pathname;
    }
    let exact = this._exact.get(line);
    if (exact !== undefined) return exact(request, context);
    const query = line.indexOf("?");
    if (query >= 0) {
      line = line.slice(0, query);
      exact = this._exact.get(line);
      if (exact !== undefined) return exact(request, context);
    }
    const space = line.indexOf(" ");
    const method = line.slice(0, space), path = line.slice(space + 1);
    const parts = path.slice(1).split("/").map(decode);
    const allow = [];
    for (const r of this._routes) {
      const params = match(r.segments, parts);
      if (params === null) continue;
      if (r.method === method || r.method === "*" || (method === "HEAD" && r.method === "GET")) {
        context.params = params;
        return r.handler(request, context);
      }
      allow.push(r.method === "GET" ? "GET, HEAD" : r.method);
    }
    return allow.length > 0 ? problem(405, "", { allow: allow.join(", ") }) : problem(404, "nothing is at " + path);
  }
}

// batch runs host calls at the same time. Each is {config: key}, {supports: name} or {fetch: {url, …}}; each result has the
// same name, or code and error.
function batch(calls) {
  const bodies = calls.map((c) => (c.fetch && c.fetch.body !== undefined ? asBytes(typeof c.fetch.body === "string" ? utf8(c.fetch.body) : c.fetch.body) : null));
  const wire = calls.map((c) => (c.fetch ? { fetch: { method: c.fetch.method || "GET", url: c.fetch.url, headers: new Headers(c.fetch.headers)._list, redirect: 0, timeout: 0, max: 0 } } : c));
  return JSON.parse(check(host(OP.batch, JSON.stringify(wire), ...bodies))).map((a, i) => (a.fetch ? { fetch: received(a.fetch, calls[i].fetch.url) } : a));
}

const stackhost = {
  Router, HTTPError, HostError, Context,
  router: () => new Router(),
  problem,
  log: {
    trace: (m, f) => log("trace", m, f), debug: (m, f) => log("debug", m, f), info: (m, f) => log("info", m, f),
    warn: (m, f) => log("warn", m, f), error: (m, f) => log("error", m, f),
  },
  config(key = "") { return JSON.parse(check(host(OP.config, key))); },
  secret(name) { return check(host(OP.secret, name)); },
  supports(capability) { return JSON.parse(check(host(OP.supports, capability))); },
  batch, ...stores,
  codes: Object.fromEntries(Object.entries(codes).map(([n, c]) => [c.name, Number(n)])),
};
globalThis.stackhost = stackhost;
