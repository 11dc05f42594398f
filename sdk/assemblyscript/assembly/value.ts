// Free-form data: config values, fields of log records.

/** What a Value holds. */
export enum Kind {
  Nil,
  Bool,
  Int,
  /** An integer beyond i64.MAX_VALUE. */
  Uint,
  Float,
  Str,
  Bin,
  List,
  Map,
}

/** A value of any type, one to one with JSON plus bytes. */
export class Value {
  kind: Kind = Kind.Nil;
  /** The integer, or 1 for true. */
  int: i64 = 0;
  float: f64 = 0;
  str: string = "";
  private bytes: Uint8Array | null = null;
  private items: Value[] | null = null;
  private names: string[] | null = null;

  /** The bytes; none when it is not of that kind. */
  get bin(): Uint8Array {
    const bytes = this.bytes;
    return bytes ? bytes : new Uint8Array(0);
  }

  /** Elements of a list, or values of a map; none otherwise. */
  get list(): Value[] {
    const items = this.items;
    return items ? items : [];
  }

  /** Keys of a map, in the order of `list`; none otherwise. */
  get keys(): string[] {
    const names = this.names;
    return names ? names : [];
  }

  static nil(): Value {
    return new Value();
  }

  static bool(v: bool): Value {
    const value = new Value();
    value.kind = Kind.Bool;
    value.int = v ? 1 : 0;
    return value;
  }

  static int(v: i64): Value {
    const value = new Value();
    value.kind = Kind.Int;
    value.int = v;
    return value;
  }

  static uint(v: u64): Value {
    const value = Value.int(v);
    if (<i64>v < 0) value.kind = Kind.Uint;
    return value;
  }

  static float(v: f64): Value {
    const value = new Value();
    value.kind = Kind.Float;
    value.float = v;
    return value;
  }

  static str(v: string): Value {
    const value = new Value();
    value.kind = Kind.Str;
    value.str = v;
    return value;
  }

  static bin(v: Uint8Array): Value {
    const value = new Value();
    value.kind = Kind.Bin;
    value.bytes = v;
    return value;
  }

  static list(): Value {
    const value = new Value();
    value.kind = Kind.List;
    value.items = [];
    return value;
  }

  static map(): Value {
    const value = new Value();
    value.kind = Kind.Map;
    value.items = [];
    value.names = [];
    return value;
  }

  /** Appends to a list; does nothing to other kinds. */
  push(v: Value): Value {
    this.list.push(v);
    return this;
  }

  /** Sets a key of a map; does nothing to other kinds. */
  set(key: string, v: Value): Value {
    const i = this.keys.indexOf(key);
    if (i >= 0) this.list[i] = v;
    else {
      this.keys.push(key);
      this.list.push(v);
    }
    return this;
  }

  /** The value of a key of a map, or nil. */
  get(key: string): Value {
    const i = this.keys.indexOf(key);
    return i < 0 ? Value.nil() : this.list[i];
  }

  /** Whether it is true; false for everything that is not a truth value. */
  get isTrue(): bool {
    return this.kind == Kind.Bool && this.int != 0;
  }
}
