// The AssemblyScript guest of the suite's state cases: keys, caches, locks, blobs and secrets.

import {
  blobCommit, BlobCommitRequest, blobDelete, BlobDeleteRequest, BlobInfo, blobList, BlobListRequest, blobPut, BlobPutRequest,
  blobRead, BlobReadRequest, blobStat, BlobStatRequest, blobWrite, BlobWriteRequest, Body, bytesOf, cacheFill, CacheFillRequest,
  cacheGet, CacheGetRequest, cacheInvalidate, CacheInvalidateRequest, cachePut, CachePutRequest, CacheState, Json, KvCheck,
  kvDelete, KvDeleteRequest, kvGet, KvGetRequest, KvGuard, kvIncrement, KvIncrementRequest, KvRange, kvScan, KvScanRequest,
  kvSet, KvSetRequest, kvTransact, KvTransactRequest, KvWrite, KvWriteKind, lockAcquire, LockAcquireRequest, lockRelease,
  LockReleaseRequest, lockRenew, LockRenewRequest, Request, Response, Result, Router, secretGet, SecretGetRequest, serve,
  Stream, textOf,
} from "stackhost";
export { stackhost_abi_1, stackhost_alloc, stackhost_boot, stackhost_http } from "stackhost";

const SPACE = "conformance";
const MOST = 1 << 20;

serve(
  new Router()
    .get("/t/state", (r: Request) => Response.text("state"))
    .get("/t/state/kv/get", getKey)
    .post("/t/state/kv/set", setKey)
    .post("/t/state/kv/delete", deleteKey)
    .post("/t/state/kv/increment", increment)
    .get("/t/state/kv/scan", scan)
    .post("/t/state/kv/transact", transact)
    .post("/t/state/kv/range", range)
    .get("/t/state/cache/get", getCached)
    .post("/t/state/cache/put", putCached)
    .post("/t/state/cache/fill", fill)
    .post("/t/state/cache/invalidate", invalidate)
    .post("/t/state/lock", lock)
    .post("/t/state/lock/renew", renew)
    .post("/t/state/lock/wait", wait)
    .post("/t/state/blob/put", putBlob)
    .post("/t/state/blob/create", createBlob)
    .post("/t/state/blob/delete", deleteBlob)
    .get("/t/state/blob/list", listBlobs)
    .get("/t/state/blob/stat", statBlob)
    .get("/t/state/blob/read", readBlob)
    .get("/t/state/blob/sum", sumBlob)
    .get("/t/state/secret", secret),
);

/** Errors of host calls are answers. */
function failed<T>(result: Result<T>): Response {
  return Response.json(new Json().open().key("code").int(result.code).key("error").str(result.text).close());
}

function flag(name: string, value: bool): Response {
  return Response.json(new Json().open().key(name).bool(value).close());
}

function integer(name: string, value: i64): Response {
  return Response.json(new Json().open().key(name).int(value).close());
}

/** {name: flag, "value": value} */
function flagged(name: string, flag: bool, value: Uint8Array): Response {
  return Response.json(new Json().open().key(name).bool(flag).key("value").str(text(value)).close());
}

function text(bytes: Uint8Array): string {
  return textOf(bytes.dataStart, bytes.length);
}

function number(r: Request, name: string): i64 {
  const s = r.query.get(name);
  return s.length ? I64.parseInt(s) : 0;
}

function space(r: Request): string {
  return r.query.has("namespace") ? r.query.get("namespace") : SPACE;
}

function key(r: Request): Uint8Array {
  return bytesOf(r.query.get("key"));
}

function getKey(r: Request): Response {
  const get = new KvGetRequest();
  get.namespace = space(r);
  get.key = key(r);
  const reply = kvGet(get);
  return reply.ok ? flagged("found", reply.value.found, reply.value.value) : failed(reply);
}

function setKey(r: Request): Response {
  const body = r.body.bytes(MOST);
  if (!body.ok) return failed(body);
  const set = new KvSetRequest();
  set.namespace = space(r);
  set.key = key(r);
  set.value = body.value;
  set.ttlMs = number(r, "ttl");
  if (r.query.get("if") == "absent") set.guard = KvGuard.ABSENT;
  const reply = kvSet(set);
  return reply.ok ? integer("version", reply.value.version) : failed(reply);
}

function deleteKey(r: Request): Response {
  const request = new KvDeleteRequest();
  request.namespace = space(r);
  request.key = key(r);
  const reply = kvDelete(request);
  return reply.ok ? flag("existed", reply.value.existed) : failed(reply);
}

function increment(r: Request): Response {
  const add = new KvIncrementRequest();
  add.namespace = space(r);
  add.key = key(r);
  add.delta = number(r, "delta");
  const reply = kvIncrement(add);
  return reply.ok ? integer("value", reply.value.value) : failed(reply);
}

function scan(r: Request): Response {
  const request = new KvScanRequest();
  request.namespace = space(r);
  request.limit = number(r, "limit");
  const page = kvScan(request);
  if (!page.ok) return failed(page);
  const json = new Json().open().key("keys").openArray();
  for (let i = 0; i < page.value.entries.length; i++) json.str(text(page.value.entries[i].key));
  return Response.json(json.closeArray().key("more").bool(page.value.next.length > 0).close());
}

/** A write that adds 1 to a counter. */
function countUp(key: string): KvWrite {
  const write = new KvWrite();
  write.kind = KvWriteKind.INCREMENT;
  write.namespace = SPACE;
  write.key = bytesOf(key);
  write.delta = 1;
  return write;
}

function transact(r: Request): Response {
  const body = r.body.bytes(MOST);
  if (!body.ok) return failed(body);
  const check = new KvCheck();
  check.namespace = SPACE;
  check.key = key(r);
  check.version = number(r, "version");
  const write = new KvWrite();
  write.namespace = SPACE;
  write.key = check.key;
  write.value = body.value;
  const request = new KvTransactRequest();
  request.checks = [check];
  request.writes = [write, countUp("b")];
  const reply = kvTransact(request);
  if (!reply.ok) return failed(reply);
  const results = reply.value.results;
  const count = results.length ? results[results.length - 1].value : 0;
  return Response.json(new Json().open().key("results").int(results.length).key("count").int(count).close());
}

/** Reads the keys with a prefix, writes a key, and adds to a counter if nothing with the prefix has changed. */
function range(r: Request): Response {
  const unchanged = new KvRange();
  unchanged.namespace = SPACE;
  unchanged.prefix = bytesOf(r.query.get("prefix"));
  const scan = new KvScanRequest();
  scan.namespace = SPACE;
  scan.prefix = unchanged.prefix;
  const page = kvScan(scan);
  if (!page.ok) return failed(page);
  unchanged.index = page.value.index;
  const set = new KvSetRequest();
  set.namespace = SPACE;
  set.key = bytesOf(r.query.get("between"));
  set.value = bytesOf("between");
  const between = kvSet(set);
  if (!between.ok) return failed(between);
  const request = new KvTransactRequest();
  request.ranges = [unchanged];
  request.writes = [countUp(r.query.get("prefix") + "count")];
  const reply = kvTransact(request);
  if (!reply.ok) return failed(reply);
  return integer("count", reply.value.results.length ? reply.value.results[0].value : 0);
}

function getCached(r: Request): Response {
  const get = new CacheGetRequest();
  get.namespace = SPACE;
  get.key = r.query.get("key");
  const reply = cacheGet(get);
  return reply.ok ? flagged("found", reply.value.state != CacheState.MISS, reply.value.value) : failed(reply);
}

/** Stores the body with a token, 0 for none, and gives it. */
function store(r: Request, token: u64): Result<Uint8Array> {
  const body = r.body.bytes(MOST);
  if (!body.ok) return body;
  const put = new CachePutRequest();
  put.namespace = SPACE;
  put.key = r.query.get("key");
  put.value = body.value;
  put.ttlMs = number(r, "ttl");
  put.tags = [r.query.get("tag")];
  put.token = token;
  const reply = cachePut(put);
  return new Result(body.value, reply.code, reply.text);
}

function putCached(r: Request): Response {
  const stored = store(r, 0);
  return stored.ok ? flag("ok", true) : failed(stored);
}

function fill(r: Request): Response {
  const request = new CacheFillRequest();
  request.namespace = SPACE;
  request.key = r.query.get("key");
  const reply = cacheFill(request);
  if (!reply.ok) return failed(reply);
  if (!reply.value.token) return flagged("filled", false, reply.value.value);
  const stored = store(r, reply.value.token);
  return stored.ok ? flagged("filled", true, stored.value) : failed(stored);
}

function invalidate(r: Request): Response {
  const request = new CacheInvalidateRequest();
  request.namespace = SPACE;
  request.tags = [r.query.get("tag")];
  const done = cacheInvalidate(request);
  return done.ok ? flag("ok", true) : failed(done);
}

function acquire(name: string, ttl: u64, wait: u64 = 0): LockAcquireRequest {
  const request = new LockAcquireRequest();
  request.namespace = SPACE;
  request.name = name;
  request.ttlMs = ttl;
  request.waitMs = wait;
  return request;
}

function release(name: string, owner: string, fence: u64): Result<bool> {
  const request = new LockReleaseRequest();
  request.namespace = SPACE;
  request.name = name;
  request.owner = owner;
  request.fence = fence;
  const reply = lockRelease(request);
  return new Result(reply.value.held, reply.code, reply.text);
}

/** Takes a lock, tries to take it a second time, gives it back and takes it again. */
function lock(r: Request): Response {
  const request = acquire(r.query.get("name"), 10000);
  const first = lockAcquire(request);
  if (!first.ok) return failed(first);
  const second = lockAcquire(request);
  const held = release(request.name, first.value.owner, first.value.fence);
  if (!held.ok) return failed(held);
  const again = lockAcquire(request);
  if (!again.ok) return failed(again);
  const released = release(request.name, again.value.owner, again.value.fence);
  if (!released.ok) return failed(released);
  const json = new Json().open().key("second").int(second.code).key("held").bool(held.value).key("again").bool(released.value);
  return Response.json(json.key("rises").bool(again.value.fence > first.value.fence).close());
}

/** Takes a lock, renews it, gives it back and tries to renew it again. */
function renew(r: Request): Response {
  const lease = lockAcquire(acquire(r.query.get("name"), 1000));
  if (!lease.ok) return failed(lease);
  const request = new LockRenewRequest();
  request.namespace = SPACE;
  request.name = r.query.get("name");
  request.owner = lease.value.owner;
  request.fence = lease.value.fence;
  request.ttlMs = 10000;
  const renewed = lockRenew(request);
  if (!renewed.ok) return failed(renewed);
  const held = release(request.name, request.owner, request.fence);
  if (!held.ok) return failed(held);
  const json = new Json().open().key("later").bool(renewed.value.expiresMs > lease.value.expiresMs);
  return Response.json(json.key("ended").int(lockRenew(request).code).close());
}

/** Takes a lock, and waits for it as another owner. */
function wait(r: Request): Response {
  const name = r.query.get("name");
  const first = lockAcquire(acquire(name, number(r, "ttl")));
  if (!first.ok) return failed(first);
  const second = lockAcquire(acquire(name, 10000, number(r, "wait")));
  if (!second.ok) return failed(second);
  const held = release(name, second.value.owner, second.value.fence);
  if (!held.ok) return failed(held);
  const json = new Json().open().key("held").bool(held.value);
  return Response.json(json.key("rises").bool(second.value.fence > first.value.fence).close());
}

function sized(info: Result<BlobInfo>): Response {
  return info.ok ? integer("size", info.value.size) : failed(info);
}

function putBlob(r: Request): Response {
  const body = r.body.bytes(MOST);
  if (!body.ok) return failed(body);
  const put = new BlobPutRequest();
  put.namespace = SPACE;
  put.key = r.query.get("key");
  put.body = body.value;
  put.contentType = "text/plain";
  return sized(blobPut(put));
}

/** Writes a blob in two pieces, and commits it or gives it up. */
function createBlob(r: Request): Response {
  const body = r.body.bytes(MOST);
  if (!body.ok) return failed(body);
  const create = new BlobWriteRequest();
  create.namespace = SPACE;
  create.key = r.query.get("key");
  create.contentType = "text/plain";
  const begun = blobWrite(create);
  if (!begun.ok) return failed(begun);
  const out = new Stream(<u32>begun.value.stream, 0);
  const half = body.value.length / 2;
  out.writeBytes(body.value.subarray(0, half));
  out.writeBytes(body.value.subarray(half));
  const abandon = r.query.get("end") == "abandon";
  if (abandon) out.finish();
  if (out.code < 0) return failed(new Result(false, out.code));
  if (abandon) return flag("ok", true);
  const commit = new BlobCommitRequest();
  commit.stream = begun.value.stream;
  return sized(blobCommit(commit));
}

function deleteBlob(r: Request): Response {
  const request = new BlobDeleteRequest();
  request.namespace = SPACE;
  request.key = r.query.get("key");
  const reply = blobDelete(request);
  return reply.ok ? flag("existed", reply.value.existed) : failed(reply);
}

function listBlobs(r: Request): Response {
  const list = new BlobListRequest();
  list.namespace = SPACE;
  list.prefix = r.query.get("prefix");
  const page = blobList(list);
  if (!page.ok) return failed(page);
  const json = new Json().open().key("keys").openArray();
  for (let i = 0; i < page.value.blobs.length; i++) json.str(page.value.blobs[i].key);
  return Response.json(json.closeArray().close());
}

function statBlob(r: Request): Response {
  const stat = new BlobStatRequest();
  stat.namespace = SPACE;
  stat.key = r.query.get("key");
  const info = blobStat(stat);
  if (!info.ok) return failed(info);
  return Response.json(new Json().open().key("size").uint(info.value.size).key("type").str(info.value.contentType).close());
}

function part(r: Request): BlobReadRequest {
  const read = new BlobReadRequest();
  read.namespace = SPACE;
  read.key = r.query.get("key");
  read.offset = number(r, "offset");
  read.length = number(r, "length");
  return read;
}

/** What is asked for is short, so it comes without a stream. */
function readBlob(r: Request): Response {
  const reply = blobRead(part(r));
  return reply.ok ? Response.text(text(reply.value.body)) : failed(reply);
}

/** Reads a blob, or a part of it, in pieces, and adds up its bytes. */
function sumBlob(r: Request): Response {
  const reply = blobRead(part(r));
  if (!reply.ok) return failed(reply);
  const body = new Body(reply.value.body, <u32>reply.value.bodyStream, -1);
  let bytes: u64 = 0;
  let total: u32 = 0;
  const buffer = new Uint8Array(8192);
  let n = body.read(buffer);
  while (n > 0) {
    for (let i = 0; i < <i32>n; i++) total += buffer[i];
    bytes += n;
    n = body.read(buffer);
  }
  if (n < 0) return failed(new Result(false, n));
  return Response.json(new Json().open().key("bytes").uint(bytes).key("sum").uint(total).close());
}

function secret(r: Request): Response {
  const get = new SecretGetRequest();
  get.name = r.query.get("name");
  const reply = secretGet(get);
  return reply.ok ? flagged("found", true, reply.value.value) : failed(reply);
}
