// Console commands: what somebody runs with `stackhost run APP NAME`.

import { CommandRequest, CommandResult } from "./abi";
import { Body } from "./body";
import { answer, enter, failed, output } from "./guest";
import { Reader } from "./msgpack";
import { Stream } from "./stream";

// Lazy, so that modules without commands are what they would be without this file.
// @ts-ignore: decorator
@lazy let names: string[] | null = null;
// @ts-ignore: decorator
@lazy let handlers: ((command: Command) => i32)[] | null = null;

/** Makes a function the handler of a console command; it gives the exit code. Export stackhost_command too. */
export function onCommand(name: string, f: (command: Command) => i32): void {
  if (!names) names = [];
  if (!handlers) handlers = [];
  names!.push(name);
  handlers!.push(f);
}

/** A console command that runs. */
export class Command {
  /** The name that it was registered under. */
  readonly name: string;
  /** What was written after the name. */
  readonly args: string[];
  /** Standard input. */
  readonly stdin: Body;
  /** Standard output. What is written arrives at once; `flush` and `finish` are for answers. */
  readonly stdout: Stream;
  /** Standard error, for messages. */
  readonly stderr: Stream;
  /** Width of the terminal that shows standard error; 0 when it is none. */
  readonly columns: i32;
  /** Id of this run, also in the host's records. */
  readonly id: string;
  /** Milliseconds that were left when the run began. */
  readonly timeoutMs: u64;
  private bar: Progress | null = null;

  constructor(r: CommandRequest) {
    this.name = r.name;
    this.args = r.args;
    this.stdin = new Body(new Uint8Array(0), <u32>r.stdin, -1);
    this.stdout = new Stream(<u32>r.stdout, 0);
    this.stderr = new Stream(<u32>r.stderr, 0);
    this.columns = <i32>min<u64>(r.columns, 10000);
    this.id = r.id;
    this.timeoutMs = r.timeoutMs;
  }

  /** Writes `NAME: message` to standard error and gives the exit code to return. */
  fail(message: string, exit: i32 = 1): i32 {
    this.leaveBar();
    this.stderr.write(this.name + ": " + message + "\n");
    return exit;
  }

  /** Starts a progress bar on standard error; with a total of 0 it only counts. */
  progress(label: string, total: u64): Progress {
    this.leaveBar();
    const bar = new Progress(this.stderr, label, total, this.columns);
    this.bar = bar;
    return bar;
  }

  /** Goes to the next line when a bar was drawn and not finished. */
  leaveBar(): void {
    const bar = this.bar;
    if (bar) bar.leave();
    this.bar = null;
  }
}

/** Widest bar, and the narrowest that is drawn. */
const BAR = 40;
const SHORTEST_BAR = 10;

/**
 * How far a command is, on standard error. A terminal shows a line that is drawn again at each hundredth of the total: time
 * stands still during a call. Elsewhere there is one line at the end. Each method gives 0 or a code.
 */
export class Progress {
  private done: u64 = 0;
  private drawn: u64 = 0; // what was done then
  private width: i32 = -1; // of what was drawn

  constructor(private out: Stream, private label: string, private total: u64, private columns: i32) {}

  /** Adds to what is done. */
  add(n: u64 = 1): i64 {
    return this.set(this.done + n);
  }

  /** Says how much is done. */
  set(done: u64): i64 {
    this.done = done;
    const step = max<u64>((this.total ? this.total : this.drawn) / 100, 1);
    const due = this.width < 0 || done < this.drawn || done - this.drawn >= step;
    return this.columns && due ? this.draw() : min(this.out.code, 0);
  }

  /** Draws the end and goes to the next line. */
  finish(): i64 {
    if (!this.columns) return this.out.write(this.label + ": " + this.done.toString() + " done\n");
    if (this.width < 0 || this.drawn != this.done) this.draw();
    return this.leave();
  }

  /** Goes to the next line when something was drawn. */
  leave(): i64 {
    if (this.width <= 0) return 0;
    this.width = 0;
    return this.out.write("\n");
  }

  private draw(): i64 {
    const line = cut(this.line(), this.columns - 1);
    const width = points(line);
    const code = this.out.write("\r" + line + " ".repeat(max(this.width - width, 0)));
    this.width = width;
    this.drawn = this.done;
    return code;
  }

  private line(): string {
    if (!this.total) return this.label + " " + this.done.toString();
    const done = <f64>min(this.done, this.total);
    const total = <f64>this.total;
    const whole = this.total.toString();
    const count = (<i32>(done * 100 / total)).toString().padStart(3) + "% " + this.done.toString().padStart(whole.length) + "/" + whole;
    const room = min(this.columns - 1 - points(this.label) - 4 - count.length, BAR);
    if (room < SHORTEST_BAR) return this.label + " " + count;
    return this.label + " [" + "=".repeat(<i32>(done * room / total)).padEnd(room) + "] " + count;
  }
}

/** Writes rows in columns with two spaces between them; without a header when it is empty. Gives 0 or a code. */
export function table(out: Stream, header: string[], rows: string[][]): i64 {
  const all = header.length ? [header].concat(rows) : rows;
  const widths: i32[] = [];
  for (let i = 0; i < all.length; i++) {
    const row = all[i];
    for (let j = 0; j < row.length; j++) {
      if (j == widths.length) widths.push(0);
      widths[j] = max(widths[j], points(row[j]));
    }
  }
  let text = "";
  for (let i = 0; i < all.length; i++) {
    const row = all[i];
    for (let j = 0; j < row.length; j++) {
      text += row[j];
      if (j + 1 < row.length) text += " ".repeat(widths[j] + 2 - points(row[j]));
    }
    text += "\n";
  }
  return out.write(text);
}

/** Whether the UTF-16 unit at i goes on with a code point. */
function goesOn(s: string, i: i32): bool {
  return (s.charCodeAt(i) & 0xfc00) == 0xdc00 && i > 0 && (s.charCodeAt(i - 1) & 0xfc00) == 0xd800;
}

/** Code points of a text. */
function points(s: string): i32 {
  let n = 0;
  for (let i = 0; i < s.length; i++) if (!goesOn(s, i)) n++;
  return n;
}

/** At most n code points of a text. */
function cut(s: string, n: i32): string {
  for (let i = 0; i < s.length; i++) {
    if (!goesOn(s, i) && --n < 0) return s.substring(0, i);
  }
  return s;
}

function run(c: Command): i32 {
  const known = names;
  const at = known ? known.indexOf(c.name) : -1;
  if (at < 0) return c.fail("this module has no such command", 127);
  const exit = handlers![at](c);
  c.leaveBar();
  if (exit < 0 || exit > 255) return c.fail("the exit code " + exit.toString() + " is not 0 to 255");
  if (!exit && c.stdout.code < 0) return c.fail("the output was refused with code " + c.stdout.code.toString());
  return exit;
}

export function stackhost_command(ptr: usize, length: i32): i64 {
  const reader = new Reader(ptr, length);
  const record = CommandRequest.read(reader);
  if (!reader.finish()) return failed(reader.code, reader.error);
  enter(record.random, record.timeUs);
  const exit = run(new Command(record));
  if (!exit) return 0;
  const result = new CommandResult();
  result.exit = exit;
  output.length = 0;
  result.write(output);
  return answer();
}
