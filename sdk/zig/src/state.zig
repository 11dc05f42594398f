//! Keys and values, caches, locks, blobs and secrets. Each function takes and gives the records of its call (see abi.zig); the manifest
//! grants the capability and its namespaces.

const abi = @import("../abi.zig");
const host = @import("host.zig");

const imports = abi.imports;

/// Keys and values, replicated: what was acknowledged survives the loss of a minority of nodes.
pub const kv = struct {
    /// Reads a key.
    pub fn get(request: abi.KvGetRequest) abi.Error!abi.KvGetReply {
        return host.call(imports.kv_get, request, abi.KvGetReply);
    }
    /// Writes a key. conflict: the guard does not hold; quota; storage_full.
    pub fn set(request: abi.KvSetRequest) abi.Error!abi.KvSetReply {
        return host.call(imports.kv_set, request, abi.KvSetReply);
    }
    /// Deletes a key.
    pub fn delete(request: abi.KvDeleteRequest) abi.Error!abi.KvDeleteReply {
        return host.call(imports.kv_delete, request, abi.KvDeleteReply);
    }
    /// Adds to a counter. conflict: the value is not a number.
    pub fn increment(request: abi.KvIncrementRequest) abi.Error!abi.KvIncrementReply {
        return host.call(imports.kv_increment, request, abi.KvIncrementReply);
    }
    /// Reads keys in order, a page at a time.
    pub fn scan(request: abi.KvScanRequest) abi.Error!abi.KvScanReply {
        return host.call(imports.kv_scan, request, abi.KvScanReply);
    }
    /// Does several writes under conditions, together or not at all.
    pub fn transact(request: abi.KvTransactRequest) abi.Error!abi.KvTransactReply {
        return host.call(imports.kv_transact, request, abi.KvTransactReply);
    }
};

/// Values that can be made again, shared by the cluster, with tags.
pub const cache = struct {
    /// Reads a key, without asking other nodes.
    pub fn get(request: abi.CacheGetRequest) abi.Error!abi.CacheGetReply {
        return host.call(imports.cache_get, request, abi.CacheGetReply);
    }
    /// Reads a key or, for one caller in the cluster, gives the right to make it.
    pub fn fill(request: abi.CacheFillRequest) abi.Error!abi.CacheFillReply {
        return host.call(imports.cache_fill, request, abi.CacheFillReply);
    }
    /// Stores a value.
    pub fn put(request: abi.CachePutRequest) abi.Error!abi.CachePutReply {
        return host.call(imports.cache_put, request, abi.CachePutReply);
    }
    /// Invalidates all entries with a tag.
    pub fn invalidate(request: abi.CacheInvalidateRequest) abi.Error!void {
        try host.send(imports.cache_invalidate, request);
    }
    /// Deletes a key.
    pub fn delete(request: abi.CacheDeleteRequest) abi.Error!abi.CacheDeleteReply {
        return host.call(imports.cache_delete, request, abi.CacheDeleteReply);
    }
    /// Empties a namespace.
    pub fn clear(request: abi.CacheClearRequest) abi.Error!void {
        try host.send(imports.cache_clear, request);
    }
};

/// Leases with fencing tokens, given in the order of asking.
pub const lock = struct {
    /// Takes a lock. conflict: somebody else holds it.
    pub fn acquire(request: abi.LockAcquireRequest) abi.Error!abi.LockAcquireReply {
        return host.call(imports.lock_acquire, request, abi.LockAcquireReply);
    }
    /// Makes a lease last longer. conflict: it has ended.
    pub fn renew(request: abi.LockRenewRequest) abi.Error!abi.LockRenewReply {
        return host.call(imports.lock_renew, request, abi.LockRenewReply);
    }
    /// Ends a lease.
    pub fn release(request: abi.LockReleaseRequest) abi.Error!abi.LockReleaseReply {
        return host.call(imports.lock_release, request, abi.LockReleaseReply);
    }
};

/// Long content, stored in chunks and visible as a whole.
pub const blob = struct {
    /// Stores a short blob in one call.
    pub fn put(request: abi.BlobPutRequest) abi.Error!abi.BlobInfo {
        return host.call(imports.blob_put, request, abi.BlobInfo);
    }
    /// Begins a blob: write its content to the stream, then commit. Closing the stream gives it up.
    pub fn write(request: abi.BlobWriteRequest) abi.Error!abi.StreamReply {
        return host.call(imports.blob_write, request, abi.StreamReply);
    }
    /// Makes a written blob visible. conflict: the guard does not hold.
    pub fn commit(request: abi.BlobCommitRequest) abi.Error!abi.BlobInfo {
        return host.call(imports.blob_commit, request, abi.BlobInfo);
    }
    /// Reads a blob or a part of it.
    pub fn read(request: abi.BlobReadRequest) abi.Error!abi.BlobReadReply {
        return host.call(imports.blob_read, request, abi.BlobReadReply);
    }
    /// Tells what is known of a blob.
    pub fn stat(request: abi.BlobStatRequest) abi.Error!abi.BlobInfo {
        return host.call(imports.blob_stat, request, abi.BlobInfo);
    }
    /// Deletes a blob.
    pub fn delete(request: abi.BlobDeleteRequest) abi.Error!abi.BlobDeleteReply {
        return host.call(imports.blob_delete, request, abi.BlobDeleteReply);
    }
    /// Lists blobs in order of their keys.
    pub fn list(request: abi.BlobListRequest) abi.Error!abi.BlobListReply {
        return host.call(imports.blob_list, request, abi.BlobListReply);
    }
};

/// A secret that the operator set, by its name. NotFound: it is not set.
pub fn clusterSecret(name: []const u8) abi.Error![]const u8 {
    return (try host.call(imports.secret_get, abi.SecretGetRequest{ .name = name }, abi.SecretGetReply)).value;
}
