/** Write stackhost handlers, middleware, jobs and console commands in AssemblyScript. */

export { BootRequest, Code, HttpRequest, JobRequest, LogLevel, Redirect, SupportsReply } from "./abi";
export { Batch, Results } from "./batch";
export { Body } from "./body";
export { Fetch, Fetched } from "./fetch";
export { Fields, Headers, Pairs } from "./fields";
export {
  abort, nowMicros, onBoot, onJob, onMiddleware, onRequest, serve,
  stackhost_abi_1, stackhost_alloc, stackhost_boot, stackhost_http, stackhost_job, stackhost_middleware,
} from "./guest";
export { Json } from "./json";
export { Log } from "./log";
export { Verdict } from "./middleware";
export { Reader, Writer } from "./msgpack";
export { randomBelow, randomBytes, randomHex, randomU64, seed } from "./random";
export { FORM_LIMIT, Request } from "./request";
export { Response } from "./response";
export { Result } from "./result";
export { Handler, Router } from "./router";
export { config, secret, supports } from "./settings";
export {
  BlobCommitRequest, BlobDeleteRequest, BlobInfo, BlobListRequest, BlobPutRequest, BlobReadRequest, BlobStatRequest, BlobWriteRequest,
  CacheClearRequest, CacheDeleteRequest, CacheFillRequest, CacheGetRequest, CacheInvalidateRequest, CachePutRequest, CacheState, Consistency,
  KvCheck, KvDeleteRequest, KvEntry, KvGetRequest, KvGuard, KvIncrementRequest, KvRange, KvScanRequest, KvSetRequest, KvTransactRequest,
  KvWrite, KvWriteKind, LockAcquireRequest, LockReleaseRequest, LockRenewRequest, SecretGetRequest,
} from "./abi";
export {
  blobCommit, blobDelete, blobList, blobPut, blobRead, blobStat, blobWrite, cacheClear, cacheDelete, cacheFill, cacheGet, cacheInvalidate,
  cachePut, kvDelete, kvGet, kvIncrement, kvScan, kvSet, kvTransact, lockAcquire, lockRelease, lockRenew, secretGet,
} from "./state";
export { Stream } from "./stream";
export { base64, bytesOf, Form, hex, percentDecode, percentEncode, textOf } from "./text";
export { Kind, Value } from "./value";
export { Command, onCommand, Progress, stackhost_command, table } from "./command";
