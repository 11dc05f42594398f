// URL and URLSearchParams: http, https and opaque schemes as servers meet them. Host names are lower-cased and not converted
// from Unicode.

const defaultPorts = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21" };
const escapePath = (s) => s.replace(/[\0-\x20"<>`{}\x7f-\uffff#?]+/g, encodeLoose);
const escapeQuery = (s) => s.replace(/[\0-\x20"<>'\x7f-\uffff#]+/g, encodeLoose);
const escapeHash = (s) => s.replace(/[\0-\x20"<>`\x7f-\uffff]+/g, encodeLoose);

function encodeLoose(s) {
  let out = "";
  for (const b of utf8(s)) out += "%" + (b < 16 ? "0" : "") + b.toString(16).toUpperCase();
  return out;
}

function normalPath(path) {
  const out = [];
  const parts = path.split("/");
  for (let i = 1; i < parts.length; i++) {
    const p = parts[i].toLowerCase();
    if (p === "." || p === "%2e") {
      if (i === parts.length - 1) out.push("");
    } else if (p === ".." || p === ".%2e" || p === "%2e." || p === "%2e%2e") {
      out.pop();
      if (i === parts.length - 1) out.push("");
    } else out.push(parts[i]);
  }
  return "/" + out.join("/");
}

class URL {
  constructor(input, base) {
    if (input === incoming && input.indexOf("/.") < 0) return this._trust(input);
    input = String(input).trim();
    let m = /^([a-zA-Z][a-zA-Z0-9+.-]*:)(.*)$/s.exec(input);
    if (!m) {
      if (base === undefined) throw new TypeError("Invalid URL: " + input);
      const b = base instanceof URL ? base : new URL(base);
      let full;
      if (input.startsWith("//")) full = b.protocol + input;
      else if (input.startsWith("/")) full = b.origin + input;
      else if (input.startsWith("?")) full = b.origin + b.pathname + input;
      else if (input.startsWith("#")) full = b.origin + b.pathname + b.search + input;
      else if (input === "") full = b.origin + b.pathname + b.search;
      else full = b.origin + b.pathname.slice(0, b.pathname.lastIndexOf("/") + 1) + input;
      m = /^([a-zA-Z][a-zA-Z0-9+.-]*:)(.*)$/s.exec(full);
      if (!m) throw new TypeError("Invalid URL: " + input);
    }
    this._protocol = m[1].toLowerCase();
    let rest = m[2];
    let at = rest.indexOf("#");
    this._hash = at < 0 ? "" : escapeHash(rest.slice(at));
    if (at >= 0) rest = rest.slice(0, at);
    at = rest.indexOf("?");
    this._search = at < 0 ? "" : escapeQuery(rest.slice(at));
    if (at >= 0) rest = rest.slice(0, at);
    if (this._search === "?") this._search = "";
    if (this._hash === "#") this._hash = "";
    if (!(this._protocol in defaultPorts) && !rest.startsWith("//")) {
      this._path = rest;
      return;
    }
    const h = /^[\/\\]*([^\/\\]*)(.*)$/s.exec(rest);
    let host = h[1];
    at = host.lastIndexOf("@");
    if (at >= 0) {
      const user = host.slice(0, at);
      host = host.slice(at + 1);
      const colon = user.indexOf(":");
      this._username = colon < 0 ? user : user.slice(0, colon);
      this._password = colon < 0 ? "" : user.slice(colon + 1);
    }
    const hp = /^(\[[0-9a-fA-F:.]+\]|[^:\s<>^|%#?@\[\]]*)(?::(\d*))?$/.exec(host);
    if (!hp || hp[1] === "" || (hp[2] && Number(hp[2]) > 65535)) throw new TypeError("Invalid URL: " + input);
    this._hostname = hp[1].toLowerCase();
    this._port = hp[2] && String(Number(hp[2])) !== defaultPorts[this._protocol] ? String(Number(hp[2])) : "";
    this._path = normalPath(escapePath((h[2] || "/").replace(/\\/g, "/")));
  }
  // _trust takes the URL of a request apart, whose characters the host has checked.
  _trust(input) {
    const slashes = input.indexOf("//"), from = input.indexOf("/", slashes + 2), query = input.indexOf("?", from);
    this._protocol = input.slice(0, slashes);
    const host = input.slice(slashes + 2, from), colon = host.indexOf(":", host.indexOf("]") + 1);
    this._hostname = colon < 0 ? host : host.slice(0, colon);
    if (colon >= 0 && host.slice(colon + 1) !== defaultPorts[this._protocol]) this._port = host.slice(colon + 1);
    this._hash = "";
    if (query < 0) {
      this._path = input.slice(from);
      this._search = "";
    } else {
      this._path = input.slice(from, query);
      this._search = query === input.length - 1 ? "" : input.slice(query);
    }
  }
  static canParse(input, base) {
    try { new URL(input, base); return true; } catch { return false; }
  }
  static parse(input, base) {
    try { return new URL(input, base); } catch { return null; }
  }
  get protocol() { return this._protocol; }
  set protocol(v) { this._protocol = String(v).replace(/:?$/, ":").toLowerCase(); }
  get username() { return this._username; }
  set username(v) { this._username = encodeURIComponent(v); }
  get password() { return this._password; }
  set password(v) { this._password = encodeURIComponent(v); }
  get hostname() { return this._hostname; }
  set hostname(v) { this._hostname = String(v).toLowerCase(); }
  get port() { return this._port; }
  set port(v) { this._port = String(v) === defaultPorts[this._protocol] ? "" : String(v); }
  get host() { return this._port === "" ? this._hostname : this._hostname + ":" + this._port; }
  set host(v) { [this.hostname, this.port = ""] = String(v).split(":"); }
  get origin() { return this._protocol in defaultPorts ? this._protocol + "//" + this.host : "null"; }
  get pathname() { return this._path; }
  set pathname(v) { this._path = normalPath(escapePath(String(v).replace(/^\/?/, "/"))); }
  get search() {
    if (this._params && this._params._changed) {
      const s = this._params.toString();
      this._search = s === "" ? "" : "?" + s;
      this._params._changed = false;
    }
    return this._search;
  }
  set search(v) {
    v = String(v);
    this._search = v === "" || v === "?" ? "" : escapeQuery(v.replace(/^\??/, "?"));
    if (this._params) this._params._list = parseQuery(this._search.slice(1));
  }
  get searchParams() { return this._params || (this._params = new URLSearchParams(this._search)); }
  get hash() { return this._hash; }
  set hash(v) { this._hash = String(v) === "" ? "" : escapeHash(String(v).replace(/^#?/, "#")); }
  get href() {
    const user = this._username === "" && this._password === "" ? ""
      : this._username + (this._password === "" ? "" : ":" + this._password) + "@";
    const slashes = this._hostname === "" ? "" : "//" + user + this.host;
    return this._protocol + slashes + this._path + this.search + this._hash;
  }
  toString() { return this.href; }
  toJSON() { return this.href; }
}

Object.assign(URL.prototype, { _username: "", _password: "", _hostname: "", _port: "", _params: null });

function decodeForm(s) {
  if (s.indexOf("+") >= 0) s = s.replace(/\+/g, " ");
  if (s.indexOf("%") < 0) return s;
  try { return decodeURIComponent(s); } catch { /* not all of it is well-formed */ }
  const bytes = [];
  const raw = utf8(s);
  for (let i = 0; i < raw.length; i++) {
    const hex = raw[i] === 37 ? String.fromCharCode(raw[i + 1], raw[i + 2]) : "";
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(parseInt(hex, 16));
      i += 2;
    } else bytes.push(raw[i]);
  }
  return fromUTF8(new Uint8Array(bytes));
}

function parseQuery(text) {
  const list = [];
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    list.push(at < 0 ? [decodeForm(pair), ""] : [decodeForm(pair.slice(0, at)), decodeForm(pair.slice(at + 1))]);
  }
  return list;
}

const encodeForm = (s) => encodeURIComponent(s).replace(/%20/g, "+").replace(/[!'()~]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());

class URLSearchParams {
  constructor(init = "") {
    this._changed = false;
    if (typeof init === "string") this._list = parseQuery(init.replace(/^\?/, ""));
    else if (init && typeof init[Symbol.iterator] === "function") this._list = Array.from(init, ([n, v]) => [String(n), String(v)]);
    else this._list = Object.keys(init).map((n) => [n, String(init[n])]);
  }
  get size() { return this._list.length; }
  append(n, v) { this._list.push([String(n), String(v)]); this._changed = true; }
  delete(n, v) { this._list = this._list.filter((p) => p[0] !== n || (v !== undefined && p[1] !== v)); this._changed = true; }
  get(n) { for (const p of this._list) if (p[0] === n) return p[1]; return null; }
  getAll(n) { return this._list.filter((p) => p[0] === n).map((p) => p[1]); }
  has(n, v) { return this._list.some((p) => p[0] === n && (v === undefined || p[1] === v)); }
  set(n, v) {
    const at = this._list.findIndex((p) => p[0] === n);
    if (at < 0) return this.append(n, v);
    this._list[at][1] = String(v);
    this._list = this._list.filter((p, i) => i <= at || p[0] !== n);
    this._changed = true;
  }
  sort() { this._list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)); this._changed = true; }
  forEach(f, self) { for (const [n, v] of this._list) f.call(self, v, n, this); }
  *entries() { for (const p of this._list) yield [p[0], p[1]]; }
  *keys() { for (const p of this._list) yield p[0]; }
  *values() { for (const p of this._list) yield p[1]; }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this._list.map((p) => encodeForm(p[0]) + "=" + encodeForm(p[1])).join("&"); }
}

define({ URL, URLSearchParams });
