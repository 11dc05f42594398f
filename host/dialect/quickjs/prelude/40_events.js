// Timers, events, abort signals, console, crypto and Math.random.

let timers = [];
let nextTimer = 1;

function addTimer(f, delay, repeat, args) {
  if (typeof f !== "function") throw new TypeError("a timer needs a function");
  delay = Math.max(0, Math.min(Number(delay) || 0, 0x7fffffff));
  const t = { id: nextTimer++, at: Date.now() + delay, delay, repeat, f, args };
  timers.push(t);
  return t.id;
}
const setTimeout = (f, delay, ...args) => addTimer(f, delay, false, args);
const setInterval = (f, delay, ...args) => addTimer(f, Math.max(1, delay), true, args);
const clearTimeout = (id) => { timers = timers.filter((t) => t.id !== id); };

// runTimer runs the timer that is due first and returns -1, or returns how many milliseconds are left until it is.
// Without any timer the answer is undefined.
function runTimer() {
  let first;
  for (const t of timers) if (!first || t.at < first.at) first = t;
  if (!first) return undefined;
  const now = Date.now();
  if (first.at > now) return first.at - now;
  if (first.repeat) first.at = now + first.delay;
  else clearTimeout(first.id);
  first.f(...first.args);
  return -1;
}

const queueMicrotask = globalThis.queueMicrotask || ((f) => { Promise.resolve().then(f); });

class Event {
  constructor(type, init) {
    this.type = String(type);
    this.cancelable = !!(init && init.cancelable);
    this.defaultPrevented = false;
    this.target = null;
  }
  preventDefault() { if (this.cancelable) this.defaultPrevented = true; }
}

class EventTarget {
  addEventListener(type, f, options) {
    const all = this._listeners || (this._listeners = []);
    if (!all.some((l) => l.type === type && l.f === f)) all.push({ type, f, once: !!(options && options.once) });
  }
  removeEventListener(type, f) { this._listeners = (this._listeners || []).filter((l) => l.type !== type || l.f !== f); }
  dispatchEvent(event) {
    event.target = this;
    for (const l of [...(this._listeners || [])]) {
      if (l.type !== event.type) continue;
      if (l.once) this.removeEventListener(l.type, l.f);
      if (typeof l.f === "function") l.f.call(this, event);
      else l.f.handleEvent(event);
    }
    return !event.defaultPrevented;
  }
}

class AbortSignal extends EventTarget {
  constructor() {
    super();
    this.aborted = false;
    this.reason = undefined;
    this.onabort = null;
  }
  throwIfAborted() { if (this.aborted) throw this.reason; }
  static abort(reason) {
    const c = new AbortController();
    c.abort(reason);
    return c.signal;
  }
  static timeout(ms) {
    const c = new AbortController();
    setTimeout(() => c.abort(new DOMException("the time is over", "TimeoutError")), ms);
    return c.signal;
  }
}

class AbortController {
  constructor() { this.signal = new AbortSignal(); }
  abort(reason = new DOMException("the operation was aborted", "AbortError")) {
    const s = this.signal;
    if (s.aborted) return;
    s.aborted = true;
    s.reason = reason;
    const event = new Event("abort");
    if (s.onabort) s.onabort(event);
    s.dispatchEvent(event);
  }
}

function show(value, depth = 0) {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (value instanceof Error) return value.stack ? value.name + ": " + value.message + "\n" + value.stack : String(value);
  if (typeof value === "function") return "[function " + (value.name || "anonymous") + "]";
  if (typeof value === "bigint") return value + "n";
  if (value === null || typeof value !== "object") return String(value);
  if (depth > 3) return Array.isArray(value) ? "[…]" : "{…}";
  if (value instanceof Map) return "Map " + show(Object.fromEntries(value), depth + 1);
  if (value instanceof Set) return "Set " + show([...value], depth + 1);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return "[" + value.slice(0, 100).map((v) => show(v, depth + 1)).join(", ") + "]";
  return "{" + Object.keys(value).slice(0, 100).map((k) => k + ": " + show(value[k], depth + 1)).join(", ") + "}";
}

// log writes a record; fields is a plain object or undefined. It never throws: a record may be lost, a request not.
function log(level, message, fields) {
  let text = "";
  if (fields !== undefined) {
    try { text = JSON.stringify(fields, (k, v) => (typeof v === "bigint" || typeof v === "function" ? String(v) : v instanceof Error ? show(v) : v)); }
    catch { text = JSON.stringify({ fields: show(fields) }); }
  }
  host(OP.log, levels[level] === undefined ? levels.info : levels[level], String(message), text || "");
}

const print = (level) => (...args) => log(level, args.map((a) => show(a)).join(" "));
const console = {
  log: print("info"), info: print("info"), debug: print("debug"), trace: print("trace"), warn: print("warn"), error: print("error"),
  assert(ok, ...args) { if (!ok) print("error")("assertion failed:", ...args); },
};

// Math.random must not repeat although memory is restored: xoshiro128** seeded from the request's own bytes on first use.
const state = new Uint32Array(4), stateBytes = new Uint8Array(state.buffer);
function next32() {
  if (!seeded) {
    check(host(OP.seed, stateBytes));
    if (!(state[0] | state[1] | state[2] | state[3])) state[0] = 1;
    seeded = true;
  }
  let x = Math.imul(state[1], 5);
  x = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
  const t = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= t;
  state[3] = (state[3] << 11) | (state[3] >>> 21);
  return x;
}
Object.defineProperty(Math, "random", {
  value: function random() { return (next32() * 2097152 + (next32() >>> 11)) / 9007199254740992; },
  writable: true, configurable: true,
});

const crypto = {
  getRandomValues(view) {
    if (view.byteLength > 65536) throw new DOMException("at most 65536 bytes at a time", "QuotaExceededError");
    check(host(OP.random, asBytes(view)));
    return view;
  },
  randomUUID() {
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    let s = "";
    for (let i = 0; i < 16; i++) s += (i === 4 || i === 6 || i === 8 || i === 10 ? "-" : "") + (b[i] < 16 ? "0" : "") + b[i].toString(16);
    return s;
  },
};

define({
  setTimeout, setInterval, clearTimeout, clearInterval: clearTimeout, queueMicrotask, Event, EventTarget, AbortSignal, AbortController,
  console, crypto, self: globalThis,
});
