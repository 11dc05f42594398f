// Keys and values, caches, locks, blobs and secrets. Each function takes and gives the records of its call; the manifest grants the
// capability and its namespaces.

import {
  BlobCommitRequest, BlobDeleteReply, BlobDeleteRequest, BlobInfo, BlobListReply, BlobListRequest, BlobPutRequest,
  BlobReadReply, BlobReadRequest, BlobStatRequest, BlobWriteRequest, CacheClearRequest, CacheDeleteReply,
  CacheDeleteRequest, CacheFillReply, CacheFillRequest, CacheGetReply, CacheGetRequest, CacheInvalidateRequest,
  CachePutReply, CachePutRequest, KvDeleteReply, KvDeleteRequest, KvGetReply, KvGetRequest, KvIncrementReply,
  KvIncrementRequest, KvScanReply, KvScanRequest, KvSetReply, KvSetRequest, KvTransactReply, KvTransactRequest,
  LockAcquireReply, LockAcquireRequest, LockReleaseReply, LockReleaseRequest, LockRenewReply, LockRenewRequest,
  SecretGetReply, SecretGetRequest, StreamReply, blob_commit, blob_delete, blob_list, blob_put, blob_read, blob_stat,
  blob_write, cache_clear, cache_delete, cache_fill, cache_get, cache_invalidate, cache_put, kv_delete, kv_get,
  kv_increment, kv_scan, kv_set, kv_transact, lock_acquire, lock_release, lock_renew, secret_get,
} from "./abi";
import { Reply } from "./host";
import { Writer } from "./msgpack";
import { Result } from "./result";

/** Reads a key. */
export function kvGet(record: KvGetRequest): Result<KvGetReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(kv_get(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new KvGetReply(), reply.code, reply.text);
  return new Result(KvGetReply.read(reply.reader()));
}

/** Writes a key. conflict: the guard does not hold; quota; storage_full. */
export function kvSet(record: KvSetRequest): Result<KvSetReply> {
  const w = new Writer(256 + record.value.length);
  record.write(w);
  const reply = new Reply();
  reply.settle(kv_set(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new KvSetReply(), reply.code, reply.text);
  return new Result(KvSetReply.read(reply.reader()));
}

/** Deletes a key. */
export function kvDelete(record: KvDeleteRequest): Result<KvDeleteReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(kv_delete(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new KvDeleteReply(), reply.code, reply.text);
  return new Result(KvDeleteReply.read(reply.reader()));
}

/** Adds to a counter. conflict: the value is not a number. */
export function kvIncrement(record: KvIncrementRequest): Result<KvIncrementReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(kv_increment(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new KvIncrementReply(), reply.code, reply.text);
  return new Result(KvIncrementReply.read(reply.reader()));
}

/** Reads keys in order, a page at a time. */
export function kvScan(record: KvScanRequest): Result<KvScanReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(kv_scan(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new KvScanReply(), reply.code, reply.text);
  return new Result(KvScanReply.read(reply.reader()));
}

/** Does several writes under conditions, together or not at all. */
export function kvTransact(record: KvTransactRequest): Result<KvTransactReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(kv_transact(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new KvTransactReply(), reply.code, reply.text);
  return new Result(KvTransactReply.read(reply.reader()));
}

/** Reads a key, without asking other nodes. */
export function cacheGet(record: CacheGetRequest): Result<CacheGetReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(cache_get(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new CacheGetReply(), reply.code, reply.text);
  return new Result(CacheGetReply.read(reply.reader()));
}

/** Reads a key or, for one caller in the cluster, gives the right to make it. */
export function cacheFill(record: CacheFillRequest): Result<CacheFillReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(cache_fill(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new CacheFillReply(), reply.code, reply.text);
  return new Result(CacheFillReply.read(reply.reader()));
}

/** Stores a value. */
export function cachePut(record: CachePutRequest): Result<CachePutReply> {
  const w = new Writer(256 + record.value.length);
  record.write(w);
  const reply = new Reply();
  reply.settle(cache_put(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new CachePutReply(), reply.code, reply.text);
  return new Result(CachePutReply.read(reply.reader()));
}

/** Invalidates all entries with a tag. */
export function cacheInvalidate(record: CacheInvalidateRequest): Result<bool> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(cache_invalidate(w.pointer, w.length, reply.pointer, reply.capacity));
  return new Result(reply.code >= 0, reply.code, reply.text);
}

/** Deletes a key. */
export function cacheDelete(record: CacheDeleteRequest): Result<CacheDeleteReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(cache_delete(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new CacheDeleteReply(), reply.code, reply.text);
  return new Result(CacheDeleteReply.read(reply.reader()));
}

/** Empties a namespace. */
export function cacheClear(record: CacheClearRequest): Result<bool> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(cache_clear(w.pointer, w.length, reply.pointer, reply.capacity));
  return new Result(reply.code >= 0, reply.code, reply.text);
}

/** Takes a lock. conflict: somebody else holds it. */
export function lockAcquire(record: LockAcquireRequest): Result<LockAcquireReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(lock_acquire(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new LockAcquireReply(), reply.code, reply.text);
  return new Result(LockAcquireReply.read(reply.reader()));
}

/** Makes a lease last longer. conflict: it has ended. */
export function lockRenew(record: LockRenewRequest): Result<LockRenewReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(lock_renew(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new LockRenewReply(), reply.code, reply.text);
  return new Result(LockRenewReply.read(reply.reader()));
}

/** Ends a lease. */
export function lockRelease(record: LockReleaseRequest): Result<LockReleaseReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(lock_release(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new LockReleaseReply(), reply.code, reply.text);
  return new Result(LockReleaseReply.read(reply.reader()));
}

/** Stores a short blob in one call. */
export function blobPut(record: BlobPutRequest): Result<BlobInfo> {
  const w = new Writer(256 + record.body.length);
  record.write(w);
  const reply = new Reply();
  reply.settle(blob_put(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new BlobInfo(), reply.code, reply.text);
  return new Result(BlobInfo.read(reply.reader()));
}

/** Begins a blob: write its content to the stream, then commit. Closing the stream gives it up. */
export function blobWrite(record: BlobWriteRequest): Result<StreamReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(blob_write(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new StreamReply(), reply.code, reply.text);
  return new Result(StreamReply.read(reply.reader()));
}

/** Makes a written blob visible. conflict: the guard does not hold. */
export function blobCommit(record: BlobCommitRequest): Result<BlobInfo> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(blob_commit(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new BlobInfo(), reply.code, reply.text);
  return new Result(BlobInfo.read(reply.reader()));
}

/** Reads a blob or a part of it. */
export function blobRead(record: BlobReadRequest): Result<BlobReadReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(blob_read(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new BlobReadReply(), reply.code, reply.text);
  return new Result(BlobReadReply.read(reply.reader()));
}

/** Tells what is known of a blob. */
export function blobStat(record: BlobStatRequest): Result<BlobInfo> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(blob_stat(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new BlobInfo(), reply.code, reply.text);
  return new Result(BlobInfo.read(reply.reader()));
}

/** Deletes a blob. */
export function blobDelete(record: BlobDeleteRequest): Result<BlobDeleteReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(blob_delete(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new BlobDeleteReply(), reply.code, reply.text);
  return new Result(BlobDeleteReply.read(reply.reader()));
}

/** Lists blobs in order of their keys. */
export function blobList(record: BlobListRequest): Result<BlobListReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(blob_list(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new BlobListReply(), reply.code, reply.text);
  return new Result(BlobListReply.read(reply.reader()));
}

/** Reads a secret. not_found: it is not set. */
export function secretGet(record: SecretGetRequest): Result<SecretGetReply> {
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  reply.settle(secret_get(w.pointer, w.length, reply.pointer, reply.capacity));
  if (reply.code < 0) return new Result(new SecretGetReply(), reply.code, reply.text);
  return new Result(SecretGetReply.read(reply.reader()));
}
