// Console commands.

let command = null; // the one that runs

/** Standard output or standard error. What is written arrives at once; an error of it stays. */
class Output {
  constructor(handle) {
    this._handle = handle;
    this._error = undefined;
  }
  write(chunk) {
    if (this._error) throw this._error;
    const bytes = typeof chunk === "object" && chunk !== null ? asBytes(chunk) : utf8(String(chunk));
    try {
      if (bytes.length > 0) check(host(OP.write, this._handle, bytes));
    } catch (e) {
      throw (this._error = e);
    }
  }
}

/** Standard input: a stream, with the readers of a body. */
class Input extends ReadableStream {
  async bytes() {
    const chunks = [];
    for await (const c of this) chunks.push(c);
    return concat(chunks);
  }
  async text() { return fromUTF8(await this.bytes()); }
  async json() { return JSON.parse(await this.text()); }
  async *lines() {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const c of this) {
      const lines = (rest + decoder.decode(c, { stream: true })).split("\n");
      rest = lines.pop();
      for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    }
    rest += decoder.decode();
    if (rest !== "") yield rest;
  }
}

const points = (text) => [...text].length;

class Progress {
  constructor(out, label, total, columns) {
    Object.assign(this, { _out: out, _label: String(label), _total: Number(total) || 0, _columns: columns, _done: 0, _drawn: -1, _at: 0, _width: 0 });
  }
  add(n = 1) { this.set(this._done + n); }
  set(done) {
    this._done = done;
    if (this._columns > 0 && (this._drawn < 0 || Date.now() - this._at >= 100)) this._draw();
  }
  finish() {
    if (this._columns === 0) return this._out.write(`${this._label}: ${this._done} done\n`);
    if (this._drawn !== this._done) this._draw();
    this._leave();
  }
  // _leave goes to the next line when something was drawn.
  _leave() {
    if (this._width > 0) this._out.write("\n");
    this._width = 0;
  }
  _draw() {
    const line = [...this._line()].slice(0, Math.max(0, this._columns - 1));
    this._out.write("\r" + line.join("") + " ".repeat(Math.max(0, this._width - line.length)));
    this._width = line.length;
    this._drawn = this._done;
    this._at = Date.now();
  }
  _line() {
    const { _label: label, _done: done, _total: total } = this;
    if (!(total > 0)) return `${label} ${done}`;
    const part = (of) => Math.floor((Math.max(0, Math.min(done, total)) * of) / total);
    const count = `${String(part(100)).padStart(3)}% ${String(done).padStart(String(total).length)}/${total}`;
    const room = Math.min(40, this._columns - 1 - points(label) - 4 - count.length);
    return room < 10 ? `${label} ${count}` : `${label} [${"=".repeat(part(room)).padEnd(room)}] ${count}`;
  }
}

function columnsOf(rows) {
  const cells = rows.map((r) => r.map(String)), widths = [];
  for (const row of cells) row.forEach((c, i) => { widths[i] = Math.max(widths[i] || 0, points(c)); });
  const padded = (row) => row.map((c, i) => (i + 1 < row.length ? c + " ".repeat(widths[i] + 2 - points(c)) : c)).join("");
  return cells.map((row) => padded(row) + "\n").join("");
}

// JSON has doubles; the host takes integers for handles.
class Command {
  constructor(r) {
    this.name = r.name;
    this.args = r.args || [];
    this.id = r.id;
    this.columns = r.columns;
    this.stdin = new Input(hostSource(r.stdin | 0));
    this.stdout = new Output(r.stdout | 0);
    this.stderr = new Output(r.stderr | 0);
    this._end = Date.now() + r.timeout;
    this._bar = null;
  }
  get timeout() { return Math.max(0, this._end - Date.now()); }
  progress(label, total = 0) {
    this._leave();
    return (this._bar = new Progress(this.stderr, label, total, this.columns));
  }
  table(header, rows) { this.stdout.write(columnsOf(header && header.length > 0 ? [header, ...rows] : [...rows])); }
  _leave() {
    const bar = this._bar;
    this._bar = null;
    if (bar) try { bar._leave(); } catch { /* nobody sees it */ }
  }
}

// commandOf returns the program's handler of a command: one of its commands, else the one for any.
function commandOf(name) {
  const own = app.commands;
  if (own && Object.hasOwn(own, name) && typeof own[name] === "function") return (c) => own[name](c);
  return app.command;
}

function dispatchCommand() {
  begin("");
  const c = (command = new Command(JSON.parse(host(OP.command))));
  const handler = commandOf(c.name);
  if (typeof handler !== "function") {
    c.stderr.write(c.name + ": this module has no such command\n");
    return "127";
  }
  let r;
  try {
    r = handler(c);
  } catch (e) {
    return caught(e);
  }
  return r && typeof r.then === "function" ? settle(r, exitOf) : exitOf(r);
}

// exitOf makes text of what a command returned, so that it is not taken for a state.
function exitOf(v) {
  command._leave();
  const exit = v === undefined || v === null ? 0 : v;
  if (!Number.isInteger(exit) || exit < 0 || exit > 255) throw new TypeError("a command returns an exit code from 0 to 255, not " + show(v).slice(0, 80));
  if (exit === 0 && command.stdout._error) throw command.stdout._error;
  return String(exit);
}
