//! Values that can be made again, shared by the cluster.

use crate::abi::*;
use crate::error::Result;
use crate::host;

/// A namespace of cached values; `grants.cache` of the manifest names it. Reads ask no other node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache<'a>(pub &'a str);

/// How a value is kept. Without `ttl_ms` it stays until it is evicted or invalidated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep<'a> {
    /// Milliseconds for which it is fresh.
    pub ttl_ms: u64,
    /// Milliseconds after that in which it is used by all but the one who makes it anew.
    pub stale_ms: u64,
    /// What [`Cache::invalidate`] finds it by.
    pub tags: &'a [&'a str],
}

impl<'a> Cache<'a> {
    /// A value, unless there is none.
    pub fn get(self, key: &str) -> Result<Option<Vec<u8>>> {
        let mut request = Vec::new();
        CacheGetRequest { namespace: self.0, key }.encode(&mut request);
        let reply = host::call(imports::cache_get, &request)?;
        let r = CacheGetReply::decode(&reply)?;
        Ok((r.state != CacheState::MISS).then(|| r.value.to_vec()))
    }

    /// Stores a value.
    pub fn put(self, key: &str, value: impl AsRef<[u8]>, keep: Keep) -> Result<()> {
        self.store(key, value.as_ref(), keep, 0).map(drop)
    }

    fn store(self, key: &str, value: &[u8], keep: Keep, token: u64) -> Result<bool> {
        let mut request = Vec::with_capacity(key.len() + value.len() + 64);
        let Keep { ttl_ms, stale_ms, tags } = keep;
        let tags = tags.to_vec();
        CachePutRequest { namespace: self.0, key, value, ttl_ms, stale_ms, tags, token }
            .encode(&mut request);
        Ok(CachePutReply::decode(&host::call(imports::cache_put, &request)?)?.stored)
    }

    /// The value of `key`. When there is none, `fill` makes it: in one caller of the whole cluster
    /// at a time, while the others wait for it or get a stale one.
    pub fn remember(
        self,
        key: &str,
        keep: Keep,
        fill: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let mut request = Vec::new();
        CacheFillRequest { namespace: self.0, key, ..Default::default() }.encode(&mut request);
        let reply = host::call(imports::cache_fill, &request)?;
        let r = CacheFillReply::decode(&reply)?;
        if r.token == 0 && r.state != CacheState::MISS {
            return Ok(r.value.to_vec());
        }
        match fill() {
            Err(_) if r.state == CacheState::STALE => Ok(r.value.to_vec()),
            Err(e) => Err(e),
            Ok(value) => {
                if r.token != 0 {
                    // A value that cannot be kept is good for this caller all the same.
                    let _ = self.store(key, &value, keep, r.token);
                }
                Ok(value)
            }
        }
    }

    /// Makes every value that has one of the tags count no more.
    pub fn invalidate(self, tags: &[&str]) -> Result<()> {
        let mut request = Vec::new();
        CacheInvalidateRequest { namespace: self.0, tags: tags.to_vec() }.encode(&mut request);
        host::call(imports::cache_invalidate, &request).map(drop)
    }

    /// Removes a value and tells whether there was one.
    pub fn delete(self, key: &str) -> Result<bool> {
        let mut request = Vec::new();
        CacheDeleteRequest { namespace: self.0, key }.encode(&mut request);
        Ok(CacheDeleteReply::decode(&host::call(imports::cache_delete, &request)?)?.existed)
    }

    /// Empties the namespace.
    pub fn clear(self) -> Result<()> {
        let mut request = Vec::new();
        CacheClearRequest { namespace: self.0 }.encode(&mut request);
        host::call(imports::cache_clear, &request).map(drop)
    }
}
