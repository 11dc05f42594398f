//! What the manifest gives a module: config values, secrets, capabilities.

use crate::abi::{self, imports, ConfigReply, ConfigRequest, SecretReply, SecretRequest};
use crate::error::Result;
use crate::host;
use crate::value::Value;

/// A value of the module's config table; dots reach into nested tables, an empty key gives the
/// whole table. An absent key is an error with code `not_found`.
pub fn config(key: &str) -> Result<Value<'static>> {
    let mut request = Vec::new();
    ConfigRequest { key }.encode(&mut request);
    let reply = host::call(imports::core_config, &request)?;
    Ok(ConfigReply::decode(&reply)?.value.into_owned())
}

/// A secret that the manifest grants to this module.
pub fn secret(name: &str) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    SecretRequest { name }.encode(&mut request);
    let reply = host::call(imports::core_secret, &request)?;
    Ok(SecretReply::decode(&reply)?.value.to_vec())
}

/// A secret that the operator set with `stackhost secret set` and the manifest grants by
/// `grants.secret`. Code `not_found`: it is not set.
pub fn cluster_secret(name: &str) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    abi::SecretGetRequest { name }.encode(&mut request);
    let reply = host::call(imports::secret_get, &request)?;
    Ok(abi::SecretGetReply::decode(&reply)?.value.to_vec())
}

/// What this host offers of a capability.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supports {
    /// Major version; 0 when the host does not have it.
    pub version: u64,
    /// Whether this module may use it.
    pub granted: bool,
    /// Names of the functions the host knows.
    pub functions: Vec<String>,
}

/// Asks about a capability, such as `"fetch"`.
pub fn supports(capability: &str) -> Result<Supports> {
    let mut request = Vec::new();
    abi::SupportsRequest { capability }.encode(&mut request);
    let reply = host::call(imports::core_supports, &request)?;
    Supports::decode(&reply)
}

impl Supports {
    pub(crate) fn decode(reply: &[u8]) -> Result<Self> {
        let r = abi::SupportsReply::decode(reply)?;
        let functions = r.functions.iter().map(|s| s.to_string()).collect();
        Ok(Supports { version: r.version, granted: r.granted, functions })
    }
}
