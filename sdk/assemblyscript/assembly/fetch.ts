// Outbound HTTP to the hosts that the manifest grants.

import { fetch_send, FetchRequest, FetchResponse, Redirect } from "./abi";
import { Body } from "./body";
import { Headers } from "./fields";
import { Reply } from "./host";
import { Writer } from "./msgpack";
import { Result } from "./result";
import { bytesOf } from "./text";

/** An outbound request. */
export class Fetch {
  readonly record: FetchRequest = new FetchRequest();

  /** A request with any method; the URL is absolute. */
  constructor(method: string, url: string) {
    this.record.method = method;
    this.record.url = url;
  }

  static get(url: string): Fetch {
    return new Fetch("GET", url);
  }

  static post(url: string, type: string, body: string): Fetch {
    return new Fetch("POST", url).header("content-type", type).body(bytesOf(body));
  }

  header(name: string, value: string): Fetch {
    this.record.headers.add(name.toLowerCase(), value);
    return this;
  }

  body(bytes: Uint8Array): Fetch {
    this.record.body = bytes;
    return this;
  }

  /** Milliseconds for the whole exchange, never beyond this call's own deadline. */
  timeout(ms: u32): Fetch {
    this.record.timeoutMs = ms;
    return this;
  }

  /** What to do with redirects; they are followed otherwise. */
  redirect(what: Redirect): Fetch {
    this.record.redirect = what;
    return this;
  }

  /** Most response body bytes to accept. */
  maxBytes(n: u32): Fetch {
    this.record.maxBytes = n;
    return this;
  }

  /** Sends it and waits. An HTTP error status is a response, not a failure. */
  send(): Result<Fetched> {
    const w = new Writer(256 + this.record.body.length);
    this.record.write(w);
    const reply = new Reply();
    return fetchResult(reply.settle(fetch_send(w.pointer, w.length, reply.pointer, reply.capacity)));
  }
}

/** The response to an outbound request. */
export class Fetched {
  readonly status: i32;
  readonly headers: Headers;
  /** The body, to be read as it comes or whole. */
  readonly body: Body;
  /** URL of the last hop. */
  readonly url: string;
  /** Keeps what `headers` points into. */
  private reply: Reply;

  constructor(record: FetchResponse, reply: Reply) {
    this.status = <i32>record.status;
    this.headers = record.headers;
    this.body = new Body(record.body, <u32>record.bodyStream, record.bodyStream ? -1 : record.body.length);
    this.url = record.url;
    this.reply = reply;
  }
}

export function fetchResult(reply: Reply): Result<Fetched> {
  if (reply.code < 0) return new Result(new Fetched(new FetchResponse(), reply), reply.code, reply.text);
  return new Result(new Fetched(FetchResponse.read(reply.reader()), reply));
}
