// The JavaScript guest of the suite's state cases: keys, caches, locks, blobs and secrets.

import { HostError, blobs, cache, clusterSecret, kv, locks, router, transact } from "stackhost";

const namespace = "conformance";
const pages = cache(namespace);
const leases = locks(namespace);
const files = blobs(namespace);

type Query = (name: string) => string;
const number = (query: Query, name: string) => Number(query(name) || 0);
const space = (query: Query) => query("namespace") || namespace;
const decode = (bytes: Uint8Array | undefined) => (bytes ? new TextDecoder().decode(bytes) : "");

/** The code of the error that a call throws, 0 when it throws none. */
function code(f: () => unknown): number {
  try {
    f();
    return 0;
  } catch (e) {
    if (e instanceof HostError) return e.code;
    throw e;
  }
}

/** A handler that answers with what f gives. Errors of host calls are answers. */
function answer(f: (query: Query, request: Request) => unknown) {
  return async (request: Request) => {
    const search = new URL(request.url).searchParams;
    try {
      const result = await f((name) => search.get(name) ?? "", request);
      return result instanceof Response ? result : Response.json(result);
    } catch (e) {
      if (e instanceof HostError) return Response.json({ code: e.code, error: e.message });
      throw e;
    }
  };
}

function kvGet(query: Query) {
  const entry = kv(space(query)).get(query("key"));
  return { found: entry !== undefined, value: decode(entry?.value) };
}

async function kvSet(query: Query, request: Request) {
  const options = { ttl: number(query, "ttl"), ifAbsent: query("if") === "absent" };
  return { version: kv(space(query)).set(query("key"), await request.bytes(), options) };
}

function kvScan(query: Query) {
  const page = kv(space(query)).page({ limit: number(query, "limit") });
  return { keys: page.entries.map((e) => e.key), more: page.next !== "" };
}

async function kvTransact(query: Query, request: Request) {
  const key = query("key");
  const results = transact({
    checks: [{ namespace, key, version: number(query, "version") }],
    writes: [
      { namespace, key, value: await request.bytes() },
      { kind: "increment", namespace, key: "b", delta: 1 },
    ],
  });
  return { results: results.length, count: results.at(-1)?.value };
}

/** Reads the keys with a prefix, writes a key, and adds to a counter if nothing with the prefix has changed. */
function kvRange(query: Query) {
  const prefix = query("prefix");
  const { index } = kv(namespace).page({ prefix });
  kv(namespace).set(query("between"), "between");
  const [count] = transact({
    unchanged: [{ namespace, prefix, index }],
    writes: [{ kind: "increment", namespace, key: prefix + "count", delta: 1 }],
  });
  return { count: count.value };
}

function cacheGet(query: Query) {
  const value = pages.get(query("key"));
  return { found: value !== undefined, value: decode(value) };
}

async function cachePut(query: Query, request: Request) {
  pages.put(query("key"), await request.bytes(), { ttl: number(query, "ttl"), tags: [query("tag")] });
  return { ok: true };
}

async function cacheFill(query: Query, request: Request) {
  let filled = false;
  const make = () => {
    filled = true;
    return request.bytes();
  };
  const value = await pages.remember(query("key"), make, { tags: [query("tag")] });
  return { value: decode(value), filled };
}

/** Takes a lock, tries to take it a second time, gives it back and takes it again. */
function lock(query: Query) {
  const name = query("name");
  const first = leases.acquire(name, { ttl: 10_000 });
  const second = code(() => leases.acquire(name, { ttl: 10_000 }));
  const held = first.release();
  const again = leases.acquire(name, { ttl: 10_000 });
  return { second, held, again: again.release(), rises: again.fence > first.fence };
}

/** Takes a lock, renews it, gives it back and tries to renew it again. */
function lockRenew(query: Query) {
  const lease = leases.acquire(query("name"), { ttl: 1000 });
  const before = lease.expires;
  const later = lease.renew(10_000) > before;
  lease.release();
  return { later, ended: code(() => lease.renew(10_000)) };
}

/** Takes a lock, and waits for it as another owner. */
function lockWait(query: Query) {
  const first = leases.acquire(query("name"), { ttl: number(query, "ttl") });
  const second = leases.acquire(query("name"), { ttl: 10_000, wait: number(query, "wait") });
  return { held: second.release(), rises: second.fence > first.fence };
}

async function blobPut(query: Query, request: Request) {
  return { size: files.put(query("key"), await request.bytes(), { contentType: "text/plain" }).size };
}

/** Writes a blob in two pieces, and commits it or gives it up. */
async function blobCreate(query: Query, request: Request) {
  const body = await request.bytes();
  const blob = files.create(query("key"), { contentType: "text/plain" });
  blob.write(body.slice(0, body.length / 2));
  blob.write(body.slice(body.length / 2));
  if (query("end") !== "abandon") return { size: blob.commit().size };
  blob.abandon();
  return { ok: true };
}

function blobStat(query: Query) {
  const { size, contentType } = files.stat(query("key"));
  return { size, type: contentType };
}

function blobRead(query: Query) {
  const { body } = files.read(query("key"), { offset: number(query, "offset"), length: number(query, "length") });
  return new Response(body, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** Reads a blob, or a part of it, in pieces, and adds up its bytes. */
async function blobSum(query: Query) {
  const { body } = files.read(query("key"), { offset: number(query, "offset"), length: number(query, "length") });
  let bytes = 0;
  let sum = 0;
  for await (const piece of body) {
    bytes += piece.length;
    for (const b of piece) sum = (sum + b) >>> 0;
  }
  return { bytes, sum };
}

export default router()
  .get("/t/state", () => new Response("state"))
  .get("/t/state/kv/get", answer(kvGet))
  .post("/t/state/kv/set", answer(kvSet))
  .post("/t/state/kv/delete", answer((query) => ({ existed: kv(space(query)).delete(query("key")) })))
  .post("/t/state/kv/increment", answer((query) => ({ value: kv(space(query)).increment(query("key"), number(query, "delta")) })))
  .get("/t/state/kv/scan", answer(kvScan))
  .post("/t/state/kv/transact", answer(kvTransact))
  .post("/t/state/kv/range", answer(kvRange))
  .get("/t/state/cache/get", answer(cacheGet))
  .post("/t/state/cache/put", answer(cachePut))
  .post("/t/state/cache/fill", answer(cacheFill))
  .post(
    "/t/state/cache/invalidate",
    answer((query) => {
      pages.invalidate(query("tag"));
      return { ok: true };
    }),
  )
  .post("/t/state/lock", answer(lock))
  .post("/t/state/lock/renew", answer(lockRenew))
  .post("/t/state/lock/wait", answer(lockWait))
  .post("/t/state/blob/put", answer(blobPut))
  .post("/t/state/blob/create", answer(blobCreate))
  .post("/t/state/blob/delete", answer((query) => ({ existed: files.delete(query("key")) })))
  .get("/t/state/blob/list", answer((query) => ({ keys: [...files.list(query("prefix"))].map((b) => b.key) })))
  .get("/t/state/blob/stat", answer(blobStat))
  .get("/t/state/blob/read", answer(blobRead))
  .get("/t/state/blob/sum", answer(blobSum))
  .get("/t/state/secret", answer((query) => ({ value: clusterSecret(query("name")) })));
