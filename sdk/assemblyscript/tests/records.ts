// Generated from abi/v1.json by abi/internal/gen. Do not edit.

import {
  BootRequest,
  HttpRequest,
  HttpResponse,
  MiddlewareResult,
  JobRequest,
  JobResult,
  CommandRequest,
  CommandResult,
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
  KvGetRequest,
  KvGetReply,
  KvSetRequest,
  KvSetReply,
  KvDeleteRequest,
  KvDeleteReply,
  KvIncrementRequest,
  KvIncrementReply,
  KvScanRequest,
  KvEntry,
  KvScanReply,
  KvCheck,
  KvRange,
  KvWrite,
  KvTransactRequest,
  KvResult,
  KvTransactReply,
  CacheGetRequest,
  CacheGetReply,
  CacheFillRequest,
  CacheFillReply,
  CachePutRequest,
  CachePutReply,
  CacheInvalidateRequest,
  CacheDeleteRequest,
  CacheDeleteReply,
  CacheClearRequest,
  LockAcquireRequest,
  LockAcquireReply,
  LockRenewRequest,
  LockRenewReply,
  LockReleaseRequest,
  LockReleaseReply,
  BlobInfo,
  BlobWriteRequest,
  BlobCommitRequest,
  BlobPutRequest,
  BlobReadRequest,
  BlobReadReply,
  BlobStatRequest,
  BlobDeleteRequest,
  BlobDeleteReply,
  BlobListRequest,
  BlobListReply,
  SecretGetRequest,
  SecretGetReply,
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
      CommandRequest.read(reader).write(w);
      break;
    case 7:
      CommandResult.read(reader).write(w);
      break;
    case 8:
      StreamReply.read(reader).write(w);
      break;
    case 9:
      LogRecord.read(reader).write(w);
      break;
    case 10:
      ConfigRequest.read(reader).write(w);
      break;
    case 11:
      ConfigReply.read(reader).write(w);
      break;
    case 12:
      SecretRequest.read(reader).write(w);
      break;
    case 13:
      SecretReply.read(reader).write(w);
      break;
    case 14:
      SupportsRequest.read(reader).write(w);
      break;
    case 15:
      SupportsReply.read(reader).write(w);
      break;
    case 16:
      BatchRequest.read(reader).write(w);
      break;
    case 17:
      BatchCall.read(reader).write(w);
      break;
    case 18:
      BatchReply.read(reader).write(w);
      break;
    case 19:
      BatchResult.read(reader).write(w);
      break;
    case 20:
      FetchRequest.read(reader).write(w);
      break;
    case 21:
      FetchResponse.read(reader).write(w);
      break;
    case 22:
      KvGetRequest.read(reader).write(w);
      break;
    case 23:
      KvGetReply.read(reader).write(w);
      break;
    case 24:
      KvSetRequest.read(reader).write(w);
      break;
    case 25:
      KvSetReply.read(reader).write(w);
      break;
    case 26:
      KvDeleteRequest.read(reader).write(w);
      break;
    case 27:
      KvDeleteReply.read(reader).write(w);
      break;
    case 28:
      KvIncrementRequest.read(reader).write(w);
      break;
    case 29:
      KvIncrementReply.read(reader).write(w);
      break;
    case 30:
      KvScanRequest.read(reader).write(w);
      break;
    case 31:
      KvEntry.read(reader).write(w);
      break;
    case 32:
      KvScanReply.read(reader).write(w);
      break;
    case 33:
      KvCheck.read(reader).write(w);
      break;
    case 34:
      KvRange.read(reader).write(w);
      break;
    case 35:
      KvWrite.read(reader).write(w);
      break;
    case 36:
      KvTransactRequest.read(reader).write(w);
      break;
    case 37:
      KvResult.read(reader).write(w);
      break;
    case 38:
      KvTransactReply.read(reader).write(w);
      break;
    case 39:
      CacheGetRequest.read(reader).write(w);
      break;
    case 40:
      CacheGetReply.read(reader).write(w);
      break;
    case 41:
      CacheFillRequest.read(reader).write(w);
      break;
    case 42:
      CacheFillReply.read(reader).write(w);
      break;
    case 43:
      CachePutRequest.read(reader).write(w);
      break;
    case 44:
      CachePutReply.read(reader).write(w);
      break;
    case 45:
      CacheInvalidateRequest.read(reader).write(w);
      break;
    case 46:
      CacheDeleteRequest.read(reader).write(w);
      break;
    case 47:
      CacheDeleteReply.read(reader).write(w);
      break;
    case 48:
      CacheClearRequest.read(reader).write(w);
      break;
    case 49:
      LockAcquireRequest.read(reader).write(w);
      break;
    case 50:
      LockAcquireReply.read(reader).write(w);
      break;
    case 51:
      LockRenewRequest.read(reader).write(w);
      break;
    case 52:
      LockRenewReply.read(reader).write(w);
      break;
    case 53:
      LockReleaseRequest.read(reader).write(w);
      break;
    case 54:
      LockReleaseReply.read(reader).write(w);
      break;
    case 55:
      BlobInfo.read(reader).write(w);
      break;
    case 56:
      BlobWriteRequest.read(reader).write(w);
      break;
    case 57:
      BlobCommitRequest.read(reader).write(w);
      break;
    case 58:
      BlobPutRequest.read(reader).write(w);
      break;
    case 59:
      BlobReadRequest.read(reader).write(w);
      break;
    case 60:
      BlobReadReply.read(reader).write(w);
      break;
    case 61:
      BlobStatRequest.read(reader).write(w);
      break;
    case 62:
      BlobDeleteRequest.read(reader).write(w);
      break;
    case 63:
      BlobDeleteReply.read(reader).write(w);
      break;
    case 64:
      BlobListRequest.read(reader).write(w);
      break;
    case 65:
      BlobListReply.read(reader).write(w);
      break;
    case 66:
      SecretGetRequest.read(reader).write(w);
      break;
    case 67:
      SecretGetReply.read(reader).write(w);
      break;
  }
  return reader.finish() ? ((<i64>w.pointer) << 32) | w.length : reader.code;
}
