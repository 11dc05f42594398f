//! Keys and values that all requests, modules and nodes of the app share.

use crate::abi::*;
use crate::error::{Error, Result};
use crate::host;

/// How often [`Kv::update`] and [`transact`] begin again.
const TRIES: usize = 16;

/// A namespace of keys and values; `grants.kv` of the manifest names it.
///
/// ```
/// # use stackhost::{Kv, Result};
/// # fn f() -> Result<()> {
/// let version = Kv("posts").set("hello", "world")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kv<'a>(pub &'a str);

/// A key with its value. `version` rises with each write of the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// The value; empty when only keys were asked for.
    pub value: Vec<u8>,
    /// The version.
    pub version: u64,
    /// When it goes, in milliseconds since 1970; 0 is never.
    pub expires_ms: u64,
}

/// How to write: [`Write::default`] always writes and keeps the value for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Write {
    ttl_ms: u64,
    pub(crate) guard: KvGuard,
    pub(crate) version: u64,
}

impl Write {
    /// Makes the key go after so many milliseconds.
    pub fn ttl_ms(mut self, ms: u64) -> Self {
        self.ttl_ms = ms;
        self
    }

    /// Writes only when there is nothing; otherwise the error has code `conflict`.
    pub fn if_absent(mut self) -> Self {
        self.guard = KvGuard::ABSENT;
        self
    }

    /// Writes only when that is the version there; 0 means that there is nothing. Otherwise the error has code `conflict`.
    pub fn if_version(mut self, version: u64) -> Self {
        (self.guard, self.version) = (KvGuard::VERSION, version);
        self
    }
}

/// Which keys to read; `limit` is up to 1,000, and 0 means 100.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan<'a> {
    /// What the keys begin with.
    pub prefix: &'a [u8],
    /// [`Page::next`] of the page before.
    pub after: &'a [u8],
    /// Most entries to get.
    pub limit: u64,
    /// Leaves values out.
    pub keys_only: bool,
    /// From the last key to the first.
    pub reverse: bool,
    /// How fresh the answer has to be.
    pub consistency: Consistency,
}

/// A run of keys in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where the next page begins; empty after the last.
    pub next: Vec<u8>,
    /// For [`Txn::unchanged`].
    pub index: u64,
}

impl<'a> Kv<'a> {
    /// Reads a key, with every write that was acknowledged before.
    pub fn get(self, key: impl AsRef<[u8]>) -> Result<Option<Entry>> {
        self.read(key, Consistency::LINEARIZABLE)
    }

    /// As `get`, with another consistency.
    pub fn read(self, key: impl AsRef<[u8]>, consistency: Consistency) -> Result<Option<Entry>> {
        let (key, mut request) = (key.as_ref(), Vec::new());
        KvGetRequest { namespace: self.0, key, consistency, ..Default::default() }
            .encode(&mut request);
        let reply = host::call(imports::kv_get, &request)?;
        let KvGetReply { found, value, version, expires_ms } = KvGetReply::decode(&reply)?;
        Ok(found.then(|| Entry { key: key.to_vec(), value: value.to_vec(), version, expires_ms }))
    }

    /// Writes a key and returns its version.
    pub fn set(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<u64> {
        self.set_with(key, value, Write::default())
    }

    /// As `set`, under conditions.
    pub fn set_with(
        self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        how: Write,
    ) -> Result<u64> {
        let (key, value) = (key.as_ref(), value.as_ref());
        let Write { ttl_ms, guard, version } = how;
        let mut request = Vec::with_capacity(key.len() + value.len() + 64);
        KvSetRequest { namespace: self.0, key, value, ttl_ms, guard, version }.encode(&mut request);
        Ok(KvSetReply::decode(&host::call(imports::kv_set, &request)?)?.version)
    }

    /// Removes a key and tells whether it was there.
    pub fn delete(self, key: impl AsRef<[u8]>) -> Result<bool> {
        self.delete_with(key, Write::default())
    }

    /// As `delete`, under a condition.
    pub fn delete_with(self, key: impl AsRef<[u8]>, how: Write) -> Result<bool> {
        let mut request = Vec::new();
        let Write { guard, version, .. } = how;
        KvDeleteRequest { namespace: self.0, key: key.as_ref(), guard, version }
            .encode(&mut request);
        Ok(KvDeleteReply::decode(&host::call(imports::kv_delete, &request)?)?.existed)
    }

    /// Adds to a counter, a decimal number kept as text, and returns the sum.
    pub fn increment(self, key: impl AsRef<[u8]>, delta: i64) -> Result<i64> {
        let mut request = Vec::new();
        KvIncrementRequest { namespace: self.0, key: key.as_ref(), delta }.encode(&mut request);
        Ok(KvIncrementReply::decode(&host::call(imports::kv_increment, &request)?)?.value)
    }

    /// Reads a page of keys.
    pub fn scan(self, s: &Scan) -> Result<Page> {
        let mut request = Vec::new();
        KvScanRequest {
            namespace: self.0,
            prefix: s.prefix,
            after: s.after,
            limit: s.limit,
            keys_only: s.keys_only,
            reverse: s.reverse,
            consistency: s.consistency,
            ..Default::default()
        }
        .encode(&mut request);
        let reply = host::call(imports::kv_scan, &request)?;
        let r = KvScanReply::decode(&reply)?;
        let entry = |e: &KvEntry| Entry {
            key: e.key.to_vec(),
            value: e.value.to_vec(),
            version: e.version,
            expires_ms: e.expires_ms,
        };
        let entries = r.entries.iter().map(entry).collect();
        Ok(Page { entries, next: r.next.to_vec(), index: r.index })
    }

    /// Calls `take` with every key that `s` asks for, page after page.
    pub fn each(self, s: &Scan, mut take: impl FnMut(Entry) -> Result<()>) -> Result<()> {
        let mut after = s.after.to_vec();
        loop {
            let page = self.scan(&Scan { after: &after, ..*s })?;
            page.entries.into_iter().try_for_each(&mut take)?;
            if page.next.is_empty() {
                return Ok(());
            }
            after = page.next;
        }
    }

    /// Reads a key, lets `change` make the new value, and writes it if nobody else has written in
    /// the meantime; else it begins again. `change` gets `None` for a key that is not there, and
    /// leaves everything as it is by returning `None`.
    pub fn update(
        self,
        key: impl AsRef<[u8]>,
        mut change: impl FnMut(Option<&[u8]>) -> Result<Option<Vec<u8>>>,
    ) -> Result<()> {
        let key = key.as_ref();
        again(|| {
            let now = self.get(key)?;
            let version = now.as_ref().map_or(0, |e| e.version);
            match change(now.as_ref().map(|e| &e.value[..]))? {
                None => Ok(()),
                Some(next) => {
                    self.set_with(key, next, Write::default().if_version(version)).map(drop)
                }
            }
        })
    }
}

fn again<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 0..TRIES {
        match attempt() {
            Err(Error { code: Code::CONFLICT, .. }) => continue,
            done => return done,
        }
    }
    attempt()
}

/// Runs `f` and commits what it put into the transaction; when somebody else wrote in the
/// meantime, it begins again with an empty one, 16 times at most. An error of `f` ends it, and
/// nothing is done. Read with [`Txn::get`] what the writes depend on.
pub fn transact(mut f: impl FnMut(&mut Txn) -> Result<()>) -> Result<Vec<Written>> {
    again(|| {
        let mut t = Txn::default();
        f(&mut t)?;
        t.commit()
    })
}

/// Several writes, of any namespaces of the app, that are done together when all conditions hold,
/// else not at all.
#[derive(Clone, Debug, Default)]
pub struct Txn {
    checks: Vec<(String, Vec<u8>, u64)>,
    ranges: Vec<(String, Vec<u8>, u64)>,
    writes: Vec<Planned>,
}

#[derive(Clone, Debug, Default)]
struct Planned {
    kind: KvWriteKind,
    namespace: String,
    key: Vec<u8>,
    value: Vec<u8>,
    ttl_ms: u64,
    delta: i64,
}

/// The outcome of one write of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The key's version; 0 after a deletion.
    pub version: u64,
    /// Whether the key was there before.
    pub existed: bool,
    /// The sum, of an increment.
    pub value: i64,
}

impl Txn {
    /// Reads a key and makes it a condition that it stays as it is, there or not, until `commit`.
    pub fn get(&mut self, kv: Kv, key: impl AsRef<[u8]>) -> Result<Option<Entry>> {
        let e = kv.get(key.as_ref())?;
        self.check(kv, key, e.as_ref().map_or(0, |e| e.version));
        Ok(e)
    }

    /// Makes the version of a key a condition; 0: the key is not there.
    pub fn check(&mut self, kv: Kv, key: impl AsRef<[u8]>, version: u64) -> &mut Self {
        self.checks.push((kv.0.into(), key.as_ref().to_vec(), version));
        self
    }

    /// Makes it a condition that no key with the prefix changed since the index of a [`Page`].
    pub fn unchanged(&mut self, kv: Kv, prefix: impl AsRef<[u8]>, index: u64) -> &mut Self {
        self.ranges.push((kv.0.into(), prefix.as_ref().to_vec(), index));
        self
    }

    /// Writes a key, for so many milliseconds, 0 for ever.
    pub fn set(
        &mut self,
        kv: Kv,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        ttl_ms: u64,
    ) -> &mut Self {
        let value = value.as_ref().to_vec();
        self.add(kv, key, Planned { kind: KvWriteKind::SET, value, ttl_ms, ..Default::default() })
    }

    /// Removes a key.
    pub fn delete(&mut self, kv: Kv, key: impl AsRef<[u8]>) -> &mut Self {
        self.add(kv, key, Planned { kind: KvWriteKind::DELETE, ..Default::default() })
    }

    /// Adds to a counter.
    pub fn increment(&mut self, kv: Kv, key: impl AsRef<[u8]>, delta: i64) -> &mut Self {
        self.add(kv, key, Planned { kind: KvWriteKind::INCREMENT, delta, ..Default::default() })
    }

    fn add(&mut self, kv: Kv, key: impl AsRef<[u8]>, write: Planned) -> &mut Self {
        self.writes.push(Planned { namespace: kv.0.into(), key: key.as_ref().to_vec(), ..write });
        self
    }

    /// Does the writes and returns an outcome for each. Code `conflict`: a condition does not
    /// hold, and nothing was done.
    pub fn commit(&self) -> Result<Vec<Written>> {
        let mut request = Vec::new();
        KvTransactRequest {
            checks: self
                .checks
                .iter()
                .map(|(namespace, key, version)| KvCheck { namespace, key, version: *version })
                .collect(),
            ranges: self
                .ranges
                .iter()
                .map(|(namespace, prefix, index)| KvRange { namespace, prefix, index: *index })
                .collect(),
            writes: self
                .writes
                .iter()
                .map(|w| KvWrite {
                    kind: w.kind,
                    namespace: &w.namespace,
                    key: &w.key,
                    value: &w.value,
                    ttl_ms: w.ttl_ms,
                    delta: w.delta,
                })
                .collect(),
        }
        .encode(&mut request);
        let r = KvTransactReply::decode(&host::call(imports::kv_transact, &request)?)?;
        let written =
            |w: &KvResult| Written { version: w.version, existed: w.existed, value: w.value };
        Ok(r.results.iter().map(written).collect())
    }
}
