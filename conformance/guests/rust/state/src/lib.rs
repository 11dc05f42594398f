//! The Rust guest of the suite's state cases: keys, caches, locks, blobs and secrets.

use stackhost::json::{self, Object};
use stackhost::{
    cluster_secret, get, post, BlobOptions, Blobs, Cache, Keep, Kv, Locks, Request, Response,
    Result, Router, Scan, Txn, Write,
};

static ROUTES: Router = Router::new(&[
    get("/t/state", |_| Ok(Response::text("state"))),
    get("/t/state/kv/get", |r| answer(kv_get(r))),
    post("/t/state/kv/set", |r| answer(kv_set(r))),
    post("/t/state/kv/delete", |r| answer(kv_delete(r))),
    post("/t/state/kv/increment", |r| answer(kv_increment(r))),
    get("/t/state/kv/scan", |r| answer(kv_scan(r))),
    post("/t/state/kv/transact", |r| answer(kv_transact(r))),
    post("/t/state/kv/range", |r| answer(kv_range(r))),
    get("/t/state/cache/get", |r| answer(cache_get(r))),
    post("/t/state/cache/put", |r| answer(cache_put(r))),
    post("/t/state/cache/fill", |r| answer(cache_fill(r))),
    post("/t/state/cache/invalidate", |r| answer(cache_invalidate(r))),
    post("/t/state/lock", |r| answer(lock(r))),
    post("/t/state/lock/renew", |r| answer(lock_renew(r))),
    post("/t/state/lock/wait", |r| answer(lock_wait(r))),
    post("/t/state/blob/put", |r| answer(blob_put(r))),
    post("/t/state/blob/create", |r| answer(blob_create(r))),
    post("/t/state/blob/delete", |r| answer(blob_delete(r))),
    get("/t/state/blob/list", |r| answer(blob_list(r))),
    get("/t/state/blob/stat", |r| answer(blob_stat(r))),
    get("/t/state/blob/read", |r| answer(blob_read(r))),
    get("/t/state/blob/sum", |r| answer(blob_sum(r))),
    get("/t/state/secret", |r| answer(secret(r))),
]);

stackhost::http!(ROUTES);

const CACHE: Cache = Cache("conformance");
const LOCKS: Locks = Locks("conformance");
const BLOBS: Blobs = Blobs("conformance");
const MOST: usize = 1 << 20;

/// Errors of host calls are answers.
fn answer(result: Result) -> Result {
    Ok(result.unwrap_or_else(|e| {
        Response::json(json::object(|o| _ = o.int("code", e.code.0).str("error", &e.text)))
    }))
}

fn object(members: impl FnOnce(&mut Object)) -> Result {
    Ok(Response::json(json::object(members)))
}

fn argument(request: &Request, name: &str) -> String {
    request.query(name).unwrap_or_default().into_owned()
}

fn number(request: &Request, name: &str) -> i64 {
    argument(request, name).parse().unwrap_or(0)
}

fn namespace(request: &Request) -> String {
    request.query("namespace").map_or("conformance".into(), |n| n.into_owned())
}

fn body(request: &mut Request) -> Result<Vec<u8>> {
    Ok(request.body().bytes(MOST)?.into_owned())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn kv_get(r: &mut Request) -> Result {
    let e = Kv(&namespace(r)).get(argument(r, "key"))?;
    let value = e.as_ref().map_or(String::new(), |e| text(&e.value));
    object(|o| _ = o.bool("found", e.is_some()).str("value", &value))
}

fn kv_set(r: &mut Request) -> Result {
    let mut how = Write::default().ttl_ms(number(r, "ttl") as u64);
    if argument(r, "if") == "absent" {
        how = how.if_absent();
    }
    let body = body(r)?;
    let version = Kv(&namespace(r)).set_with(argument(r, "key"), body, how)?;
    object(|o| _ = o.uint("version", version))
}

fn kv_delete(r: &mut Request) -> Result {
    let existed = Kv(&namespace(r)).delete(argument(r, "key"))?;
    object(|o| _ = o.bool("existed", existed))
}

fn kv_increment(r: &mut Request) -> Result {
    let sum = Kv(&namespace(r)).increment(argument(r, "key"), number(r, "delta"))?;
    object(|o| _ = o.int("value", sum))
}

fn kv_scan(r: &mut Request) -> Result {
    let limit = number(r, "limit") as u64;
    let page = Kv(&namespace(r)).scan(&Scan { limit, ..Scan::default() })?;
    object(|o| {
        o.array("keys", |a| page.entries.iter().for_each(|e| _ = a.str(&text(&e.key))));
        o.bool("more", !page.next.is_empty());
    })
}

fn kv_transact(r: &mut Request) -> Result {
    let (namespace, key, body) = (namespace(r), argument(r, "key"), body(r)?);
    let (kv, mut t) = (Kv(&namespace), Txn::default());
    t.check(kv, &key, number(r, "version") as u64).set(kv, &key, body, 0).increment(kv, "b", 1);
    let written = t.commit()?;
    let count = written.last().map_or(0, |w| w.value);
    object(|o| _ = o.uint("results", written.len() as u64).int("count", count))
}

/// Reads the keys with a prefix, writes a key, and adds to a counter if nothing with the prefix has changed.
fn kv_range(r: &mut Request) -> Result {
    let (namespace, prefix) = (namespace(r), argument(r, "prefix"));
    let (kv, mut t) = (Kv(&namespace), Txn::default());
    let page = kv.scan(&Scan { prefix: prefix.as_bytes(), ..Scan::default() })?;
    kv.set(argument(r, "between"), "between")?;
    t.unchanged(kv, &prefix, page.index).increment(kv, format!("{prefix}count"), 1);
    let written = t.commit()?;
    object(|o| _ = o.int("count", written[0].value))
}

fn cache_get(r: &mut Request) -> Result {
    let value = CACHE.get(&argument(r, "key"))?;
    let content = value.as_ref().map_or(String::new(), |v| text(v));
    object(|o| _ = o.bool("found", value.is_some()).str("value", &content))
}

fn cache_put(r: &mut Request) -> Result {
    let (key, tag, body) = (argument(r, "key"), argument(r, "tag"), body(r)?);
    let ttl_ms = number(r, "ttl") as u64;
    CACHE.put(&key, body, Keep { ttl_ms, tags: &[&tag], ..Keep::default() })?;
    object(|o| _ = o.bool("ok", true))
}

fn cache_fill(r: &mut Request) -> Result {
    let (key, tag, mut filled) = (argument(r, "key"), argument(r, "tag"), false);
    let value = CACHE.remember(&key, Keep { tags: &[&tag], ..Keep::default() }, || {
        filled = true;
        body(r)
    })?;
    object(|o| _ = o.str("value", &text(&value)).bool("filled", filled))
}

fn cache_invalidate(r: &mut Request) -> Result {
    CACHE.invalidate(&[&argument(r, "tag")])?;
    object(|o| _ = o.bool("ok", true))
}

/// Takes a lock, tries to take it a second time, gives it back and takes it again.
fn lock(r: &mut Request) -> Result {
    let name = argument(r, "name");
    let first = LOCKS.acquire(&name, 10_000, 0)?;
    let second = LOCKS.acquire(&name, 10_000, 0).map_or_else(|e| e.code.0, |_| 0);
    let fence = first.fence;
    let held = first.release()?;
    let again = LOCKS.acquire(&name, 10_000, 0)?;
    let rises = again.fence > fence;
    let released = again.release()?;
    object(|o| {
        o.int("second", second).bool("held", held).bool("again", released).bool("rises", rises);
    })
}

/// Takes a lock, renews it, gives it back and tries to renew it again.
fn lock_renew(r: &mut Request) -> Result {
    let mut lease = LOCKS.acquire(&argument(r, "name"), 1_000, 0)?;
    let before = lease.expires_ms;
    lease.renew(10_000)?;
    let later = lease.expires_ms > before;
    lease.clone().release()?;
    let ended = lease.renew(10_000).map_or_else(|e| e.code.0, |_| 0);
    object(|o| _ = o.bool("later", later).int("ended", ended))
}

/// Takes a lock, and waits for it as another owner.
fn lock_wait(r: &mut Request) -> Result {
    let name = argument(r, "name");
    let first = LOCKS.acquire(&name, number(r, "ttl") as u64, 0)?;
    let second = LOCKS.acquire(&name, 10_000, number(r, "wait") as u64)?;
    let rises = second.fence > first.fence;
    let held = second.release()?;
    object(|o| _ = o.bool("held", held).bool("rises", rises))
}

fn blob_put(r: &mut Request) -> Result {
    let body = body(r)?;
    let options = BlobOptions { content_type: "text/plain", ..Default::default() };
    let info = BLOBS.put(&argument(r, "key"), body, options)?;
    object(|o| _ = o.uint("size", info.size))
}

/// Writes a blob in two pieces, and commits it or gives it up.
fn blob_create(r: &mut Request) -> Result {
    let body = body(r)?;
    let options = BlobOptions { content_type: "text/plain", ..Default::default() };
    let mut blob = BLOBS.create(&argument(r, "key"), options)?;
    let (front, back) = body.split_at(body.len() / 2);
    blob.write(front)?;
    blob.write(back)?;
    if argument(r, "end") == "abandon" {
        blob.abandon();
        return object(|o| _ = o.bool("ok", true));
    }
    let info = blob.commit()?;
    object(|o| _ = o.uint("size", info.size))
}

fn blob_delete(r: &mut Request) -> Result {
    let existed = BLOBS.delete(&argument(r, "key"), Write::default())?;
    object(|o| _ = o.bool("existed", existed))
}

fn blob_list(r: &mut Request) -> Result {
    let (blobs, _) = BLOBS.list(&argument(r, "prefix"), "", 0)?;
    object(|o| _ = o.array("keys", |a| blobs.iter().for_each(|b| _ = a.str(&b.key))))
}

fn blob_stat(r: &mut Request) -> Result {
    let info = BLOBS.stat(&argument(r, "key"))?;
    object(|o| _ = o.uint("size", info.size).str("type", &info.content_type))
}

fn blob_read(r: &mut Request) -> Result {
    let (offset, length) = (number(r, "offset") as u64, number(r, "length") as u64);
    let (_, mut body) = BLOBS.read(&argument(r, "key"), offset, length)?;
    Ok(Response::text(text(&body.bytes(MOST)?)))
}

/// Reads a blob, or a part of it, in pieces, and adds up its bytes.
fn blob_sum(r: &mut Request) -> Result {
    let (offset, length) = (number(r, "offset") as u64, number(r, "length") as u64);
    let (_, mut body) = BLOBS.read(&argument(r, "key"), offset, length)?;
    let (mut bytes, mut sum) = (0, 0u32);
    body.each(|piece| {
        bytes += piece.len() as u64;
        sum = piece.iter().fold(sum, |s, b| s.wrapping_add((*b).into()));
        Ok(())
    })?;
    object(|o| _ = o.uint("bytes", bytes).uint("sum", sum.into()))
}

fn secret(r: &mut Request) -> Result {
    let value = cluster_secret(&argument(r, "name"))?;
    object(|o| _ = o.str("value", &text(&value)))
}
