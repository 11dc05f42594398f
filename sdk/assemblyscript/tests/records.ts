// Generated from abi/v1.json by abi/internal/gen. Do not edit.

import {
  BootRequest,
  HttpRequest,
  HttpResponse,
  MiddlewareResult,
  JobRequest,
  JobResult,
  StreamReply,
  LogRecord,
  ConfigRequest,
  ConfigReply,
  SecretRequest,
  SecretReply,
  SupportsRequest,
  SupportsReply,
  BatchRequest,
  BatchCall,
  BatchReply,
  BatchResult,
  FetchRequest,
  FetchResponse,
} from "stackhost/assembly/abi";
import { Reader, Writer } from "stackhost/assembly/msgpack";

/** Decodes a record given by its place in the description and encodes it again: address << 32 | length, or the code it is refused with. */
export function recode(record: i32, ptr: usize, length: i32): i64 {
  const reader = new Reader(ptr, length);
  const w = new Writer();
  switch (record) {
    case 0:
      BootRequest.read(reader).write(w);
      break;
    case 1:
      HttpRequest.read(reader).write(w);
      break;
    case 2:
      HttpResponse.read(reader).write(w);
      break;
    case 3:
      MiddlewareResult.read(reader).write(w);
      break;
    case 4:
      JobRequest.read(reader).write(w);
      break;
    case 5:
      JobResult.read(reader).write(w);
      break;
    case 6:
      StreamReply.read(reader).write(w);
      break;
    case 7:
      LogRecord.read(reader).write(w);
      break;
    case 8:
      ConfigRequest.read(reader).write(w);
      break;
    case 9:
      ConfigReply.read(reader).write(w);
      break;
    case 10:
      SecretRequest.read(reader).write(w);
      break;
    case 11:
      SecretReply.read(reader).write(w);
      break;
    case 12:
      SupportsRequest.read(reader).write(w);
      break;
    case 13:
      SupportsReply.read(reader).write(w);
      break;
    case 14:
      BatchRequest.read(reader).write(w);
      break;
    case 15:
      BatchCall.read(reader).write(w);
      break;
    case 16:
      BatchReply.read(reader).write(w);
      break;
    case 17:
      BatchResult.read(reader).write(w);
      break;
    case 18:
      FetchRequest.read(reader).write(w);
      break;
    case 19:
      FetchResponse.read(reader).write(w);
      break;
  }
  return reader.finish() ? ((<i64>w.pointer) << 32) | w.length : reader.code;
}
