//! Several host calls at once.

use crate::abi::{
    self, imports, BatchCall, BatchReply, BatchRequest, Code, ConfigReply, ConfigRequest,
    FetchResponse, SecretReply, SecretRequest, SupportsRequest,
};
use crate::error::{Error, Result};
use crate::fetch::{Fetch, Fetched};
use crate::host;
use crate::settings::Supports;
use crate::value::Value;

/// Calls to run concurrently; their results come in the order of adding.
///
/// Each adding method gives the call's index, to be used with [`Results`].
#[derive(Debug, Default)]
pub struct Batch {
    calls: Vec<(&'static str, &'static str, Vec<u8>)>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Batch::default()
    }

    fn add(
        &mut self,
        capability: &'static str,
        function: &'static str,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> usize {
        let mut request = Vec::new();
        encode(&mut request);
        self.calls.push((capability, function, request));
        self.calls.len() - 1
    }

    /// Adds reading a config value.
    pub fn config(&mut self, key: &str) -> usize {
        self.add("core", "config", |out| ConfigRequest { key }.encode(out))
    }

    /// Adds reading a secret.
    pub fn secret(&mut self, name: &str) -> usize {
        self.add("core", "secret", |out| SecretRequest { name }.encode(out))
    }

    /// Adds asking about a capability.
    pub fn supports(&mut self, capability: &str) -> usize {
        self.add("core", "supports", |out| SupportsRequest { capability }.encode(out))
    }

    /// Adds an outbound request.
    pub fn fetch(&mut self, fetch: &Fetch) -> usize {
        self.add("fetch", "send", |out| fetch.encode(out))
    }

    /// Runs all calls and waits for the last.
    pub fn run(self) -> Result<Results> {
        let calls = self.calls.iter().map(|(capability, function, request)| BatchCall {
            capability,
            function,
            request,
        });
        let mut request = Vec::new();
        BatchRequest { calls: calls.collect() }.encode(&mut request);
        let reply = host::call(imports::core_batch, &request)?;
        let results = BatchReply::decode(&reply)?.results;
        let own = |r: &abi::BatchResult| match r.code {
            code if code < 0 => Err(Error::new(Code(code), r.error.to_string())),
            _ => Ok(r.reply.to_vec()),
        };
        Ok(Results(results.iter().map(own).collect()))
    }
}

/// What the calls of a batch gave, by the index that adding returned.
#[derive(Debug)]
pub struct Results(Vec<Result<Vec<u8>>>);

impl Results {
    fn reply(&self, index: usize) -> Result<&[u8]> {
        match self.0.get(index) {
            Some(Ok(reply)) => Ok(reply),
            Some(Err(e)) => Err(e.clone()),
            None => Err(Error::new(Code::NOT_FOUND, "the batch has no such call")),
        }
    }

    /// Result of a config call.
    pub fn config(&self, index: usize) -> Result<Value<'static>> {
        Ok(ConfigReply::decode(self.reply(index)?)?.value.into_owned())
    }

    /// Result of a secret call.
    pub fn secret(&self, index: usize) -> Result<Vec<u8>> {
        Ok(SecretReply::decode(self.reply(index)?)?.value.to_vec())
    }

    /// Result of a supports call.
    pub fn supports(&self, index: usize) -> Result<Supports> {
        Supports::decode(self.reply(index)?)
    }

    /// Result of an outbound request.
    pub fn fetch(&self, index: usize) -> Result<Fetched> {
        Ok(Fetched::new(FetchResponse::decode(self.reply(index)?)?))
    }
}
