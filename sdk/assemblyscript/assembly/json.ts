// A small JSON writer (RFC 8259).

import { Writer } from "./msgpack";
import { base64 } from "./text";
import { Kind, Value } from "./value";

/**
 * Writes a JSON document piece by piece; commas come by themselves.
 *
 *     new Json().open().key("name").str("Ada").key("tags").openArray().str("x").closeArray().close()
 */
export class Json {
  private out: Writer = new Writer(128);
  private comma: bool = false;

  private next(): Writer {
    if (this.comma) this.out.byte(44);
    this.comma = true;
    return this.out;
  }

  private opening(bracket: i32): Json {
    this.next().byte(bracket);
    this.comma = false;
    return this;
  }

  private closing(bracket: i32): Json {
    this.out.byte(bracket);
    this.comma = true;
    return this;
  }

  /** Begins an object. */
  open(): Json {
    return this.opening(123);
  }

  /** Ends an object. */
  close(): Json {
    return this.closing(125);
  }

  openArray(): Json {
    return this.opening(91);
  }

  closeArray(): Json {
    return this.closing(93);
  }

  /** The name of the member that comes next. */
  key(name: string): Json {
    this.str(name);
    this.out.byte(58);
    this.comma = false;
    return this;
  }

  str(v: string): Json {
    quote(this.next(), v);
    return this;
  }

  int(v: i64): Json {
    this.next().text(v.toString());
    return this;
  }

  uint(v: u64): Json {
    this.next().text(v.toString());
    return this;
  }

  /** A number; one that JSON cannot express becomes null. */
  float(v: f64): Json {
    this.next().text(isFinite(v) ? v.toString() : "null");
    return this;
  }

  bool(v: bool): Json {
    this.next().text(v ? "true" : "false");
    return this;
  }

  null(): Json {
    this.next().text("null");
    return this;
  }

  /** JSON that is already written. */
  raw(json: string): Json {
    this.next().text(json);
    return this;
  }

  /** A free-form value; bytes become base64 text. */
  value(v: Value): Json {
    switch (v.kind) {
      case Kind.Bool:
        return this.bool(v.int != 0);
      case Kind.Int:
        return this.int(v.int);
      case Kind.Uint:
        return this.uint(<u64>v.int);
      case Kind.Float:
        return this.float(v.float);
      case Kind.Str:
        return this.str(v.str);
      case Kind.Bin:
        return this.str(base64(v.bin));
      case Kind.List:
        this.openArray();
        for (let i = 0; i < v.list.length; i++) this.value(v.list[i]);
        return this.closeArray();
      case Kind.Map:
        this.open();
        for (let i = 0; i < v.list.length; i++) this.key(v.keys[i]).value(v.list[i]);
        return this.close();
    }
    return this.null();
  }

  toBytes(): Uint8Array {
    return this.out.toBytes();
  }

  toString(): string {
    return String.UTF8.decodeUnsafe(this.out.pointer, this.out.length);
  }
}

function quote(out: Writer, s: string): void {
  out.byte(34);
  let from = 0;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c >= 32 && c != 34 && c != 92) continue;
    if (i > from) out.text(s.substring(from, i));
    from = i + 1;
    if (c == 34) out.text('\\"');
    else if (c == 92) out.text("\\\\");
    else if (c == 10) out.text("\\n");
    else if (c == 13) out.text("\\r");
    else if (c == 9) out.text("\\t");
    else out.text(c < 16 ? "\\u000" + c.toString(16) : "\\u00" + c.toString(16));
  }
  if (from < s.length) out.text(from ? s.substring(from) : s);
  out.byte(34);
}
