//! Locks: leases that one owner in the cluster has at a time.

use crate::abi::*;
use crate::error::Result;
use crate::host;

/// A namespace of locks; `grants.lock` of the manifest names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locks<'a>(pub &'a str);

/// A lock that is held until `expires_ms`; it is not given back when it is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    namespace: String,
    /// The lock's name.
    pub name: String,
    /// Who holds it.
    pub owner: String,
    /// Rises with every lease: let what the lock protects refuse lower ones, since a lease may
    /// end while its owner still works.
    pub fence: u64,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: u64,
}

impl Locks<'_> {
    /// Takes a lock for `ttl_ms`, and waits for it at most `wait_ms`. Code `conflict`: others hold it.
    pub fn acquire(self, name: &str, ttl_ms: u64, wait_ms: u64) -> Result<Lease> {
        let mut request = Vec::new();
        LockAcquireRequest { namespace: self.0, name, ttl_ms, wait_ms, ..Default::default() }
            .encode(&mut request);
        let reply = host::call(imports::lock_acquire, &request)?;
        let LockAcquireReply { owner, fence, expires_ms } = LockAcquireReply::decode(&reply)?;
        let (namespace, name, owner) = (self.0.into(), name.into(), owner.into());
        Ok(Lease { namespace, name, owner, fence, expires_ms })
    }

    /// Runs `f` while the lock is held.
    pub fn with<T>(
        self,
        name: &str,
        ttl_ms: u64,
        wait_ms: u64,
        f: impl FnOnce(&mut Lease) -> Result<T>,
    ) -> Result<T> {
        let mut lease = self.acquire(name, ttl_ms, wait_ms)?;
        let result = f(&mut lease);
        // It ends by itself when it cannot be given back.
        let _ = lease.release();
        result
    }
}

impl Lease {
    /// Makes the lease last `ttl_ms` from now. Code `conflict`: it has ended.
    pub fn renew(&mut self, ttl_ms: u64) -> Result<()> {
        let mut request = Vec::new();
        let Lease { namespace, name, owner, fence, .. } = &*self;
        LockRenewRequest { namespace, name, owner, fence: *fence, ttl_ms }.encode(&mut request);
        let reply = host::call(imports::lock_renew, &request)?;
        self.expires_ms = LockRenewReply::decode(&reply)?.expires_ms;
        Ok(())
    }

    /// Ends the lease and tells whether it was still held.
    pub fn release(self) -> Result<bool> {
        let mut request = Vec::new();
        let Lease { namespace, name, owner, fence, .. } = &self;
        LockReleaseRequest { namespace, name, owner, fence: *fence }.encode(&mut request);
        Ok(LockReleaseReply::decode(&host::call(imports::lock_release, &request)?)?.held)
    }
}
