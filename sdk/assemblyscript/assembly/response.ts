// Responses, whole and streamed.

import { http_respond, StreamReply } from "./abi";
import { Headers } from "./fields";
import { Reply } from "./host";
import { Json } from "./json";
import { Writer } from "./msgpack";
import { Stream } from "./stream";
import { bytesOf } from "./text";

/**
 * A response: status, headers and a body that is held whole, together at most 1 MiB. For a body that is longer or comes into being
 * piece by piece, see `start`. A module that never starts a stream does not import `http respond`; so nothing here does it unasked.
 */
export class Response {
  headers: Headers = new Headers();
  body: Uint8Array = new Uint8Array(0);
  /** A negative code that the call fails with, instead of this response. */
  code: i64 = 0;
  /** A text for the log that belongs to the code. */
  reason: string = "";
  /** Whether the call was answered through a stream. */
  isStarted: bool = false;

  constructor(public status: i32 = 200) {}

  private static of(type: string, body: Uint8Array): Response {
    const r = new Response();
    r.headers.add("content-type", type);
    r.body = body;
    return r;
  }

  /** Plain text. */
  static text(body: string): Response {
    return Response.of("text/plain; charset=utf-8", bytesOf(body));
  }

  /** A page. */
  static html(body: string): Response {
    return Response.of("text/html; charset=utf-8", bytesOf(body));
  }

  /** A JSON document. */
  static json(body: Json): Response {
    return Response.of("application/json", body.toBytes());
  }

  /** Bytes of some media type. */
  static bytes(type: string, body: Uint8Array): Response {
    return Response.of(type, body);
  }

  /** A problem document (RFC 9457). */
  static problem(status: i32, detail: string): Response {
    const body = new Json().open();
    body.key("type").str("about:blank").key("title").str(title(status));
    body.key("status").int(status).key("detail").str(detail).close();
    return Response.of("application/problem+json", body.toBytes()).withStatus(status);
  }

  /** Sends the client to another place. */
  static redirect(location: string, status: i32 = 303): Response {
    return new Response(status).header("location", location);
  }

  /**
   * Fails the call with a negative code: the host answers with the code's HTTP status, or 500 for codes from -1000 down,
   * which belong to the guest. The text goes to the log.
   */
  static fail(code: i64, text: string = ""): Response {
    const r = new Response();
    r.code = code;
    r.reason = text;
    return r;
  }

  static started(): Response {
    const r = new Response();
    r.isStarted = true;
    return r;
  }

  withStatus(status: i32): Response {
    this.status = status;
    return this;
  }

  /** Adds a header; a name may be added several times. */
  header(name: string, value: string): Response {
    this.headers.add(name, value);
    return this;
  }

  /**
   * Sends status, headers and what there is of the body now, and gives the stream for the rest. Once in a call; the
   * handler ends with `return stream.finish()`.
   */
  start(): Stream {
    const w = new Writer(128 + this.body.length);
    this.write(w);
    const reply = new Reply();
    reply.settle(http_respond(w.pointer, w.length, reply.pointer, reply.capacity));
    if (reply.code < 0) return new Stream(0, reply.code);
    return new Stream(<u32>StreamReply.read(reply.reader()).stream, 0);
  }

  /** Appends the HttpResponse record. */
  write(w: Writer): void {
    w.array(3);
    w.uint(this.status);
    w.fields(this.headers);
    w.bin(this.body);
  }
}

/** The registered name of a status (RFC 9110 section 15), or a name for its class. */
function title(status: i32): string {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
  }
  return status < 500 ? "Client Error" : "Error";
}
