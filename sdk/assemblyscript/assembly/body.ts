// Bodies: held whole in a record, or read from a stream of the host.

import { Code, core_read } from "./abi";
import { errorText } from "./host";
import { Writer } from "./msgpack";
import { Result } from "./result";
import { Stream } from "./stream";

const CHUNK = 16384;

/** The body of a request or of a fetched response, read from front to back. */
export class Body {
  private at: i32 = 0;

  constructor(
    private whole: Uint8Array,
    private stream: u32,
    /** Length of the whole body in bytes, or -1 when it is not known in advance. */
    readonly length: i64,
  ) {}

  /** Whether the host sent the whole body along, so that reading it never waits. */
  get isWhole(): bool {
    return this.stream == 0;
  }

  /**
   * Fills the front of `buffer` and gives how much: 0 is the end, less is a code. Blocks until there is a byte.
   */
  read(buffer: Uint8Array): i64 {
    if (this.stream) return core_read(this.stream, buffer.dataStart, buffer.length);
    const n = min(this.whole.length - this.at, buffer.length);
    memory.copy(buffer.dataStart, this.whole.dataStart + this.at, n);
    this.at += n;
    return n;
  }

  /** The rest of the body, when it is no longer than `limit` bytes; else the code is LIMIT. */
  bytes(limit: i32): Result<Uint8Array> {
    const tooLong = new Result<Uint8Array>(new Uint8Array(0), Code.LIMIT, "the body is longer than " + limit.toString() + " bytes");
    if (!this.stream) {
      const rest = this.at ? this.whole.slice(this.at) : this.whole;
      this.at = this.whole.length;
      return rest.length > limit ? tooLong : new Result(rest);
    }
    if (this.length > limit) return tooLong;
    const all = new Writer(<i32>max(this.length, CHUNK));
    const buffer = new Uint8Array(CHUNK);
    while (true) {
      const n = this.read(buffer);
      if (n < 0) return new Result(new Uint8Array(0), n, errorText());
      if (!n) return new Result(all.toBytes());
      if (<i64>all.length + n > limit) return tooLong;
      all.raw(buffer.dataStart, <i32>n);
    }
  }

  /** Writes the rest of the body to a response as it comes; gives 0 or a code. */
  copyTo(out: Stream): i64 {
    const buffer = new Uint8Array(CHUNK);
    while (true) {
      const n = this.read(buffer);
      if (n <= 0) return n;
      const code = out.writePart(buffer, <i32>n);
      if (code < 0) return code;
    }
  }
}
