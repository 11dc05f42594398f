// What the other parts need of the host. `host` is the one function that the host installs: its first argument says what is
// wanted. Numbers below 0 are codes of the ABI.

const OP = {
  headers: 0, field: 1, number: 2, random: 3, seed: 4, read: 5, write: 6, flush: 7, close: 8, respond: 9, log: 10,
  config: 11, secret: 12, supports: 13, batch: 14, error: 15, encode: 16, decode: 17, open: 18, job: 19, payload: 20, origin: 21, state: 22, command: 23,
};
const FIELD = { scheme: 0, host: 1, params: 2, remote: 3, id: 4, traceparent: 5, route: 6 };
const NUMBER = { bodyLength: 0, timeout: 1, time: 2, bodyStream: 3 };

/** Why a host call failed: `code` is a number of the ABI, `name` its name, `retry` whether trying again can help. */
class HostError extends Error {
  constructor(code, text) {
    const known = codes[code];
    super(text || (known ? known.name : "code " + code));
    this.code = code;
    this.codeName = known ? known.name : "guest";
    this.retry = known ? known.retry : false;
  }
  get name() { return "HostError"; }
}

/** Thrown by a handler, it is answered as a problem document with this status. */
class HTTPError extends Error {
  constructor(status, detail) {
    super(detail || "status " + status);
    this.status = status;
    this.detail = detail;
  }
  get name() { return "HTTPError"; }
}

// check turns a code into an exception.
function check(result) {
  if (typeof result === "number" && result < 0) throw new HostError(result, host(OP.error));
  return result;
}

// Everything that belongs to one call into the program. reset makes it as good as new, for modules that keep their memory.
let pending = false; // a handler's promise has not settled
let result; // what the call answers, once it has settled
let failure; // or what it failed with
let failed = false;
let waiting = []; // promises given to waitUntil
let seeded = false;
let fresh = true; // nothing of the above was used
let incoming; // the URL of the request being answered, once it was asked for

function reset() {
  pending = failed = seeded = false;
  result = failure = incoming = undefined;
  command = null;
  waiting = [];
  context.params = {};
  timers = [];
  outgoing = [];
}

// pairs splits "name\0value\0…" into [[name, value], …].
function pairs(text) {
  const all = [];
  if (text === "") return all;
  const parts = text.split("\0");
  for (let i = 0; i + 1 < parts.length; i += 2) all.push([parts[i], parts[i + 1]]);
  return all;
}

function define(names) {
  for (const name in names) {
    Object.defineProperty(globalThis, name, { value: names[name], writable: true, configurable: true, enumerable: false });
  }
}
