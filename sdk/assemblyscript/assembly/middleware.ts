// What a middleware decides.

import { MiddlewareAction } from "./abi";
import { Headers } from "./fields";
import { Writer } from "./msgpack";
import { Response } from "./response";

/** Pass the request on, perhaps changed, or answer it. */
export class Verdict {
  private response: Response | null = null;
  private set: Headers = new Headers();
  private remove: string[] = [];
  private newPath: string = "";
  private responseHeaders: Headers = new Headers();

  /** Passes the request on. */
  static pass(): Verdict {
    return new Verdict();
  }

  /** Answers the request; its handler is not called. A failing response fails the call. */
  static answer(response: Response): Verdict {
    const v = new Verdict();
    v.response = response;
    return v;
  }

  /** Replaces all fields of this name in the request. */
  setHeader(name: string, value: string): Verdict {
    this.set.add(name, value);
    return this;
  }

  /** Removes all fields of this name from the request. */
  removeHeader(name: string): Verdict {
    this.remove.push(name);
    return this;
  }

  /** Gives the handler another path. The route stays the one that matched. */
  path(path: string): Verdict {
    this.newPath = path;
    return this;
  }

  /** Sets a header of the response that the handler will give. */
  responseHeader(name: string, value: string): Verdict {
    this.responseHeaders.add(name, value);
    return this;
  }

  /** The code to fail with, or 0. */
  get code(): i64 {
    const response = this.response;
    return response ? response.code : 0;
  }

  get changesNothing(): bool {
    return !this.response && !this.set.length && !this.remove.length && !this.newPath.length && !this.responseHeaders.length;
  }

  /** Appends the MiddlewareResult record. */
  write(w: Writer): void {
    const response = this.response;
    w.array(6);
    w.uint(response ? MiddlewareAction.ANSWER : MiddlewareAction.PASS);
    if (response) response.write(w);
    else new Response().write(w);
    w.fields(this.set);
    w.array(this.remove.length);
    for (let i = 0; i < this.remove.length; i++) w.str(this.remove[i]);
    w.str(this.newPath);
    w.fields(this.responseHeaders);
  }
}
