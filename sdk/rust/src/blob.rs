//! Long content, each visible as a whole or not at all.

use crate::abi::{self, imports, Consistency};
use crate::body::Body;
use crate::error::Result;
use crate::host;
use crate::kv::Write;
use std::io;

/// A namespace of blobs; `grants.blob` of the manifest names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blobs<'a>(pub &'a str);

/// What is known of a blob.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlobInfo {
    /// The key.
    pub key: String,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of the content.
    pub sha256: Vec<u8>,
    /// Content type.
    pub content_type: String,
    /// What was stored along.
    pub meta: Vec<(String, String)>,
    /// The version.
    pub version: u64,
    /// When it was committed, in milliseconds since 1970.
    pub created_ms: u64,
}

impl BlobInfo {
    fn of(r: &abi::BlobInfo) -> Self {
        BlobInfo {
            key: r.key.into(),
            size: r.size,
            sha256: r.sha256.to_vec(),
            content_type: r.content_type.into(),
            meta: r.meta.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
            version: r.version,
            created_ms: r.created_ms,
        }
    }

    fn ask(function: host::Function, request: &[u8]) -> Result<Self> {
        Ok(BlobInfo::of(&abi::BlobInfo::decode(&host::call(function, request)?)?))
    }
}

/// How to store a blob. Of `write` the condition counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlobOptions<'a> {
    /// Content type.
    pub content_type: &'a str,
    /// Stored along.
    pub meta: &'a [(&'a str, &'a str)],
    /// The condition.
    pub write: Write,
}

impl<'a> Blobs<'a> {
    /// Stores a blob of at most half a megabyte in one call.
    pub fn put(self, key: &str, body: impl AsRef<[u8]>, o: BlobOptions) -> Result<BlobInfo> {
        let body = body.as_ref();
        let mut request = Vec::with_capacity(body.len() + 256);
        abi::BlobPutRequest {
            namespace: self.0,
            key,
            body,
            content_type: o.content_type,
            meta: o.meta.to_vec(),
            guard: o.write.guard,
            version: o.write.version,
        }
        .encode(&mut request);
        BlobInfo::ask(imports::blob_put, &request)
    }

    /// Begins a blob of any length.
    pub fn create(self, key: &str, o: BlobOptions) -> Result<BlobWriter> {
        let mut request = Vec::new();
        abi::BlobWriteRequest {
            namespace: self.0,
            key,
            content_type: o.content_type,
            meta: o.meta.to_vec(),
            guard: o.write.guard,
            version: o.write.version,
        }
        .encode(&mut request);
        let reply = host::call(imports::blob_write, &request)?;
        Ok(BlobWriter { stream: abi::StreamReply::decode(&reply)?.stream as u32, open: true })
    }

    /// Reads `length` bytes of a blob from `offset` on; length 0 is to the end. Code `not_found`: there is none.
    pub fn read(self, key: &str, offset: u64, length: u64) -> Result<(BlobInfo, Body<'static>)> {
        let mut request = Vec::new();
        abi::BlobReadRequest { namespace: self.0, key, offset, length, ..Default::default() }
            .encode(&mut request);
        let reply = host::call(imports::blob_read, &request)?;
        let r = abi::BlobReadReply::decode(&reply)?;
        let known = (r.body_stream == 0).then_some(r.body.len() as u64);
        Ok((BlobInfo::of(&r.info), Body::new(r.body.to_vec(), r.body_stream, known)))
    }

    /// What is known of a blob. Code `not_found`: there is none.
    pub fn stat(self, key: &str) -> Result<BlobInfo> {
        let mut request = Vec::new();
        abi::BlobStatRequest { namespace: self.0, key, ..Default::default() }.encode(&mut request);
        BlobInfo::ask(imports::blob_stat, &request)
    }

    /// Removes a blob and tells whether there was one. Of `how` the condition counts.
    pub fn delete(self, key: &str, how: Write) -> Result<bool> {
        let mut request = Vec::new();
        let Write { guard, version, .. } = how;
        abi::BlobDeleteRequest { namespace: self.0, key, guard, version }.encode(&mut request);
        Ok(abi::BlobDeleteReply::decode(&host::call(imports::blob_delete, &request)?)?.existed)
    }

    /// A page of the blobs whose keys begin with `prefix`, in order, and where the next page
    /// begins: empty after the last.
    pub fn list(self, prefix: &str, after: &str, limit: u64) -> Result<(Vec<BlobInfo>, String)> {
        let mut request = Vec::new();
        let consistency = Consistency::LINEARIZABLE;
        abi::BlobListRequest {
            namespace: self.0,
            prefix,
            after,
            limit,
            consistency,
            ..Default::default()
        }
        .encode(&mut request);
        let reply = host::call(imports::blob_list, &request)?;
        let r = abi::BlobListReply::decode(&reply)?;
        Ok((r.blobs.iter().map(BlobInfo::of).collect(), r.next.into()))
    }
}

/// A blob that is being written. It is there once [`BlobWriter::commit`] has returned; dropping
/// the writer before that gives it up. Implements [`std::io::Write`].
#[derive(Debug)]
pub struct BlobWriter {
    stream: u32,
    open: bool,
}

impl BlobWriter {
    /// Adds to the content.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match bytes {
            [] => Ok(()),
            _ => host::write(self.stream, bytes),
        }
    }

    /// Makes the blob visible, in the place of the one before.
    pub fn commit(mut self) -> Result<BlobInfo> {
        self.open = false;
        let mut request = Vec::new();
        abi::BlobCommitRequest { stream: self.stream.into() }.encode(&mut request);
        BlobInfo::ask(imports::blob_commit, &request)
    }

    /// Gives the blob up.
    pub fn abandon(self) {}
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if self.open {
            let _ = host::close(self.stream);
        }
    }
}

impl io::Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        BlobWriter::write(self, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
