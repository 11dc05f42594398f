// The stream of a response that was started.

import { core_close, core_write, http_flush } from "./abi";
import { Response } from "./response";

/**
 * Where the rest of a started response's body goes. Writing blocks while the client is slow. Each method gives 0 or
 * a code; once something failed, the others give that code too, so it is enough to look at the end.
 */
export class Stream {
  /** 0, or the code of what failed first. */
  code: i64;

  constructor(private handle: u32, code: i64) {
    this.code = code;
  }

  private note(result: i64): i64 {
    if (result < 0) this.code = result;
    return min(result, 0);
  }

  /** Writes a text in UTF-8. */
  write(text: string): i64 {
    const bytes = String.UTF8.encode(text);
    return this.writeRaw(changetype<usize>(bytes), bytes.byteLength);
  }

  /** Writes bytes. */
  writeBytes(bytes: Uint8Array): i64 {
    return this.writePart(bytes, bytes.length);
  }

  /** Writes the first n bytes. */
  writePart(bytes: Uint8Array, n: i32): i64 {
    return this.writeRaw(bytes.dataStart, min(n, bytes.length));
  }

  private writeRaw(ptr: usize, n: i32): i64 {
    return this.code < 0 ? this.code : this.note(core_write(this.handle, ptr, n));
  }

  /** Makes what was written so far leave the host now. */
  flush(): i64 {
    return this.code < 0 ? this.code : this.note(http_flush(this.handle));
  }

  /** Ends the body. What it gives is the handler's result. */
  finish(): Response {
    if (this.code >= 0) this.note(core_close(this.handle));
    return this.code < 0 ? Response.fail(this.code) : Response.started();
  }
}
