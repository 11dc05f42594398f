// Calls into the host, one level above the generated import declarations.

import { core_error, core_take, ERROR_TEXT_BYTES } from "./abi";
import { Reader } from "./msgpack";
import { textOf } from "./text";

/** Room for a reply before one more host call is needed to fetch a longer one. */
const REPLY_ROOM = 512;

/** The text that belongs to the last negative code. */
export function errorText(): string {
  const area = new ArrayBuffer(ERROR_TEXT_BYTES);
  const ptr = changetype<usize>(area);
  const n = <i32>core_error(ptr, ERROR_TEXT_BYTES);
  return n > 0 ? textOf(ptr, min(n, ERROR_TEXT_BYTES)) : "";
}

/** A reply: the code, and the bytes when it is not negative. */
export class Reply {
  code: i64 = 0;
  text: string = "";
  private area: ArrayBuffer = new ArrayBuffer(REPLY_ROOM);
  private length: i32 = 0;

  get pointer(): usize {
    return changetype<usize>(this.area);
  }

  get capacity(): i32 {
    return this.area.byteLength;
  }

  /** Takes what a structured host function returned. */
  settle(result: i64): Reply {
    this.code = result;
    if (result > this.capacity) {
      this.area = new ArrayBuffer(<i32>result);
      const taken = core_take(this.pointer, <i32>result);
      if (taken < 0) this.code = taken;
    }
    if (this.code < 0) this.text = errorText();
    else this.length = <i32>result;
    return this;
  }

  /** Uses bytes that came otherwise, such as in a batch. */
  static of(bytes: Uint8Array): Reply {
    const reply = new Reply();
    reply.area = bytes.buffer;
    reply.length = bytes.length;
    return reply;
  }

  reader(): Reader {
    return new Reader(this.pointer, this.length);
  }
}
