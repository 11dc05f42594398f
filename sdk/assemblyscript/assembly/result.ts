// Results of what is asked of the host. AssemblyScript has no exceptions to catch.

import { Code } from "./abi";

/** A value, or why there is none. Look at `ok` (or `code`) before `value`. */
export class Result<T> {
  /** 0, or a stable negative code. */
  code: i64;
  /** A text for people that belongs to the code; it may be empty. */
  text: string;

  constructor(public value: T, code: i64 = 0, text: string = "") {
    this.code = code;
    this.text = text;
  }

  get ok(): bool {
    return this.code >= 0;
  }
}

/** Why something failed, without a value. */
export class Failure {
  constructor(public code: i64 = Code.INTERNAL, public text: string = "") {}
}
