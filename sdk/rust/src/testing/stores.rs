//! Keys, caches, locks, blobs and secrets of the test host. Time stands still: nothing ends.

use super::{absent, encoded, open, STATE};
use crate::abi::*;
use crate::error::{Error, Result};
use std::collections::BTreeMap;

type Name<K> = (String, K);

#[derive(Default)]
pub(super) struct Stores {
    version: u64,
    keys: BTreeMap<Name<Vec<u8>>, (Vec<u8>, u64)>,
    cache: BTreeMap<Name<String>, (Vec<u8>, Vec<String>)>,
    fills: BTreeMap<u64, Name<String>>,
    locks: BTreeMap<Name<String>, u64>,
    blobs: BTreeMap<Name<String>, Stored>,
    pub(super) writing: BTreeMap<u32, Writing>,
    pub(super) secrets: BTreeMap<String, Vec<u8>>,
}

struct Stored {
    body: Vec<u8>,
    content_type: String,
    meta: Vec<(String, String)>,
    version: u64,
}

/// A blob that is being written.
pub(super) struct Writing {
    name: Name<String>,
    guard: (KvGuard, u64),
    pub(super) blob: Vec<u8>,
    content_type: String,
    meta: Vec<(String, String)>,
}

fn conflict() -> Error {
    Error::new(Code::CONFLICT, "it is not as the condition says")
}

fn guarded(now: Option<u64>, guard: KvGuard, version: u64) -> Result<()> {
    let want = match guard {
        KvGuard::ANY => return Ok(()),
        KvGuard::ABSENT => 0,
        _ => version,
    };
    if now.unwrap_or(0) == want {
        Ok(())
    } else {
        Err(conflict())
    }
}

fn name<K>(namespace: &str, key: impl Into<K>) -> Name<K> {
    (namespace.into(), key.into())
}

fn owned(meta: &[(&str, &str)]) -> Vec<(String, String)> {
    meta.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect()
}

fn info<'a>(key: &'a str, b: &'a Stored) -> BlobInfo<'a> {
    BlobInfo {
        key,
        size: b.body.len() as u64,
        sha256: &[0; 32], // nothing here can hash
        content_type: &b.content_type,
        meta: b.meta.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect(),
        version: b.version,
        created_ms: 1_700_000_000_000,
    }
}

impl Stores {
    fn next(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    fn version_of(&self, name: &Name<Vec<u8>>) -> Option<u64> {
        self.keys.get(name).map(|e| e.1)
    }

    fn set(&mut self, name: Name<Vec<u8>>, value: &[u8]) -> u64 {
        let version = self.next();
        self.keys.insert(name, (value.to_vec(), version));
        version
    }

    fn sum(&self, name: &Name<Vec<u8>>, delta: i64) -> Result<i64> {
        let text = self.keys.get(name).map_or(Ok("0"), |e| std::str::from_utf8(&e.0));
        let now = text.ok().and_then(|t| t.parse::<i64>().ok());
        now.and_then(|n| n.checked_add(delta))
            .ok_or_else(|| Error::new(Code::CONFLICT, "it is no counter"))
    }

    fn keep(&mut self, w: Writing) -> Result<Vec<u8>> {
        guarded(self.blobs.get(&w.name).map(|b| b.version), w.guard.0, w.guard.1)?;
        let version = self.next();
        let Writing { name, blob: body, content_type, meta, .. } = w;
        let stored = Stored { body, content_type, meta, version };
        let reply = encoded(|out| info(&name.1, &stored).encode(out));
        self.blobs.insert(name, stored);
        reply
    }

    fn blob(&self, namespace: &str, key: &str) -> Result<&Stored> {
        self.blobs.get(&name(namespace, key)).ok_or_else(|| absent("blob", key))
    }

    fn transact(&mut self, r: &KvTransactRequest) -> Result<Vec<u8>> {
        for c in &r.checks {
            guarded(self.version_of(&name(c.namespace, c.key)), KvGuard::VERSION, c.version)?;
        }
        for c in &r.ranges {
            let inside = |n: &Name<Vec<u8>>| n.0 == c.namespace && n.1.starts_with(c.prefix);
            if self.keys.iter().any(|(n, e)| inside(n) && e.1 > c.index) {
                return Err(conflict());
            }
        }
        let before = self.keys.clone();
        let mut results = Vec::new();
        for w in &r.writes {
            let n = name(w.namespace, w.key);
            let existed = self.keys.contains_key(&n);
            results.push(match w.kind {
                KvWriteKind::DELETE => {
                    self.keys.remove(&n);
                    KvResult { existed, ..Default::default() }
                }
                KvWriteKind::INCREMENT => match self.sum(&n, w.delta) {
                    Ok(value) => {
                        let version = self.set(n, value.to_string().as_bytes());
                        KvResult { version, existed, value }
                    }
                    Err(e) => {
                        self.keys = before;
                        return Err(e);
                    }
                },
                _ => KvResult { version: self.set(n, w.value), existed, value: 0 },
            });
        }
        encoded(|out| KvTransactReply { results }.encode(out))
    }

    fn scan(&self, r: &KvScanRequest) -> Result<Vec<u8>> {
        let limit = if r.limit == 0 { 100 } else { r.limit as usize };
        let beyond =
            |k: &[u8]| r.after.is_empty() || if r.reverse { k < r.after } else { k > r.after };
        let inside = |n: &Name<Vec<u8>>| n.0 == r.namespace && n.1.starts_with(r.prefix);
        let found = self.keys.iter().filter(|(n, _)| inside(n) && beyond(&n.1));
        let mut entries: Vec<_> = found
            .map(|(n, e)| KvEntry {
                key: &n.1,
                value: if r.keys_only { &[] } else { &e.0 },
                version: e.1,
                expires_ms: 0,
            })
            .collect();
        if r.reverse {
            entries.reverse();
        }
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map_or(&[][..], |e| e.key);
        encoded(|out| KvScanReply { entries, next, index: self.version }.encode(out))
    }

    fn answer(&mut self, capability: &str, function: &str, request: &[u8]) -> Result<Vec<u8>> {
        match (capability, function) {
            ("kv", "get") => {
                let r = KvGetRequest::decode(request)?;
                let reply = match self.keys.get(&name(r.namespace, r.key)) {
                    None => KvGetReply::default(),
                    Some((value, version)) => {
                        KvGetReply { found: true, value, version: *version, expires_ms: 0 }
                    }
                };
                encoded(|out| reply.encode(out))
            }
            ("kv", "set") => {
                let r = KvSetRequest::decode(request)?;
                let n = name(r.namespace, r.key);
                guarded(self.version_of(&n), r.guard, r.version)?;
                let version = self.set(n, r.value);
                encoded(|out| KvSetReply { version }.encode(out))
            }
            ("kv", "delete") => {
                let r = KvDeleteRequest::decode(request)?;
                let n = name(r.namespace, r.key);
                guarded(self.version_of(&n), r.guard, r.version)?;
                let existed = self.keys.remove(&n).is_some();
                encoded(|out| KvDeleteReply { existed }.encode(out))
            }
            ("kv", "increment") => {
                let r = KvIncrementRequest::decode(request)?;
                let n = name(r.namespace, r.key);
                let value = self.sum(&n, r.delta)?;
                let version = self.set(n, value.to_string().as_bytes());
                encoded(|out| KvIncrementReply { value, version }.encode(out))
            }
            ("kv", "scan") => self.scan(&KvScanRequest::decode(request)?),
            ("kv", "transact") => self.transact(&KvTransactRequest::decode(request)?),
            ("cache", "get") => {
                let r = CacheGetRequest::decode(request)?;
                let reply = match self.cache.get(&name(r.namespace, r.key)) {
                    None => CacheGetReply::default(),
                    Some((value, _)) => CacheGetReply { state: CacheState::FRESH, value },
                };
                encoded(|out| reply.encode(out))
            }
            ("cache", "fill") => {
                let r = CacheFillRequest::decode(request)?;
                let n = name(r.namespace, r.key);
                if let Some((value, _)) = self.cache.get(&n) {
                    let reply = CacheFillReply { state: CacheState::FRESH, value, token: 0 };
                    return encoded(|out| reply.encode(out));
                }
                let token = self.next();
                self.fills.insert(token, n);
                encoded(|out| CacheFillReply { token, ..Default::default() }.encode(out))
            }
            ("cache", "put") => {
                let r = CachePutRequest::decode(request)?;
                let n = name(r.namespace, r.key);
                let stored = r.token == 0 || self.fills.remove(&r.token).as_ref() == Some(&n);
                if stored {
                    let tags = r.tags.iter().map(|t| t.to_string()).collect();
                    self.cache.insert(n, (r.value.to_vec(), tags));
                }
                encoded(|out| CachePutReply { stored }.encode(out))
            }
            ("cache", "invalidate") => {
                let r = CacheInvalidateRequest::decode(request)?;
                let hit = |tags: &[String]| tags.iter().any(|t| r.tags.contains(&t.as_str()));
                self.cache.retain(|n, (_, tags)| n.0 != r.namespace || !hit(tags));
                Ok(Vec::new())
            }
            ("cache", "delete") => {
                let r = CacheDeleteRequest::decode(request)?;
                let existed = self.cache.remove(&name(r.namespace, r.key)).is_some();
                encoded(|out| CacheDeleteReply { existed }.encode(out))
            }
            ("cache", "clear") => {
                let r = CacheClearRequest::decode(request)?;
                self.cache.retain(|n, _| n.0 != r.namespace);
                Ok(Vec::new())
            }
            ("lock", "acquire") => {
                let r = LockAcquireRequest::decode(request)?;
                let n = name(r.namespace, r.name);
                if self.locks.contains_key(&n) {
                    return Err(conflict());
                }
                let fence = self.next();
                self.locks.insert(n, fence);
                let expires_ms = 1_700_000_000_000 + r.ttl_ms;
                encoded(|out| LockAcquireReply { owner: "test", fence, expires_ms }.encode(out))
            }
            ("lock", "renew") => {
                let r = LockRenewRequest::decode(request)?;
                if self.locks.get(&name(r.namespace, r.name)) != Some(&r.fence) {
                    return Err(conflict());
                }
                let expires_ms = 1_700_000_000_000 + r.ttl_ms;
                encoded(|out| LockRenewReply { expires_ms }.encode(out))
            }
            ("lock", "release") => {
                let r = LockReleaseRequest::decode(request)?;
                let n = name(r.namespace, r.name);
                let held = self.locks.get(&n) == Some(&r.fence);
                if held {
                    self.locks.remove(&n);
                }
                encoded(|out| LockReleaseReply { held }.encode(out))
            }
            ("blob", "put") => {
                let r = BlobPutRequest::decode(request)?;
                self.keep(Writing {
                    name: name(r.namespace, r.key),
                    guard: (r.guard, r.version),
                    blob: r.body.to_vec(),
                    content_type: r.content_type.into(),
                    meta: owned(&r.meta),
                })
            }
            ("blob", "commit") => {
                let stream = BlobCommitRequest::decode(request)?.stream as u32;
                let closed = || Error::new(Code::CLOSED, "no blob is being written");
                let w = self.writing.remove(&stream).ok_or_else(closed)?;
                self.keep(w)
            }
            ("blob", "stat") => {
                let r = BlobStatRequest::decode(request)?;
                let b = self.blob(r.namespace, r.key)?;
                encoded(|out| info(r.key, b).encode(out))
            }
            ("blob", "read") => {
                let r = BlobReadRequest::decode(request)?;
                let b = self.blob(r.namespace, r.key)?;
                let from = b.body.len().min(r.offset as usize);
                let rest = &b.body[from..];
                let length = if r.length == 0 { rest.len() } else { r.length as usize };
                let body = &rest[..length.min(rest.len())];
                let info = info(r.key, b);
                encoded(|out| BlobReadReply { info, body, body_stream: 0 }.encode(out))
            }
            ("blob", "delete") => {
                let r = BlobDeleteRequest::decode(request)?;
                let n = name(r.namespace, r.key);
                guarded(self.blobs.get(&n).map(|b| b.version), r.guard, r.version)?;
                let existed = self.blobs.remove(&n).is_some();
                encoded(|out| BlobDeleteReply { existed }.encode(out))
            }
            ("blob", "list") => {
                let r = BlobListRequest::decode(request)?;
                let limit = if r.limit == 0 { 100 } else { r.limit as usize };
                let inside = |n: &Name<String>| {
                    n.0 == r.namespace && n.1.starts_with(r.prefix) && n.1.as_str() > r.after
                };
                let found = self.blobs.iter().filter(|(n, _)| inside(n));
                let mut blobs: Vec<_> = found.map(|(n, b)| info(&n.1, b)).collect();
                let more = blobs.len() > limit;
                blobs.truncate(limit);
                let next = blobs.last().filter(|_| more).map_or("", |b| b.key);
                encoded(|out| BlobListReply { blobs, next }.encode(out))
            }
            ("secret", "get") => {
                let key = SecretGetRequest::decode(request)?.name;
                let value = self.secrets.get(key).ok_or_else(|| absent("secret", key))?;
                encoded(|out| SecretGetReply { value, version: 1 }.encode(out))
            }
            _ => Err(Error::new(Code::UNSUPPORTED, format!("{capability} {function}"))),
        }
    }
}

pub(super) fn answer(capability: &str, function: &str, request: &[u8]) -> Result<Vec<u8>> {
    if (capability, function) == ("blob", "write") {
        let r = BlobWriteRequest::decode(request)?;
        let stream = open(Vec::new());
        let w = Writing {
            name: name(r.namespace, r.key),
            guard: (r.guard, r.version),
            blob: Vec::new(),
            content_type: r.content_type.into(),
            meta: owned(&r.meta),
        };
        STATE.with_borrow_mut(|s| s.stores.writing.insert(stream, w));
        return encoded(|out| StreamReply { stream: stream.into() }.encode(out));
    }
    STATE.with_borrow_mut(|s| s.stores.answer(capability, function, request))
}
