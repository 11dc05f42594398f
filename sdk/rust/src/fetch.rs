//! Outbound HTTP to the hosts that the manifest grants.

use crate::abi::{imports, FetchRequest, FetchResponse, Redirect};
use crate::body::Body;
use crate::error::Result;
use crate::host;

/// An outbound request.
#[derive(Clone, Debug, Default)]
pub struct Fetch {
    method: String,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    timeout_ms: u64,
    redirect: Redirect,
    max_bytes: u64,
}

impl Fetch {
    /// A request with any method; the URL is absolute.
    pub fn new(method: &str, url: &str) -> Self {
        Fetch { method: method.into(), url: url.into(), ..Fetch::default() }
    }

    /// A GET request.
    pub fn get(url: &str) -> Self {
        Fetch::new("GET", url)
    }

    /// A POST request with a body.
    pub fn post(url: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Fetch::new("POST", url).header("content-type", content_type).body(body)
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.as_ref().to_vec()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Milliseconds for the whole exchange, never beyond this call's own deadline.
    pub fn timeout_ms(mut self, ms: u64) -> Self {
        self.timeout_ms = ms;
        self
    }

    /// What to do with redirects; they are followed otherwise.
    pub fn redirect(mut self, redirect: Redirect) -> Self {
        self.redirect = redirect;
        self
    }

    /// Most response body bytes to accept.
    pub fn max_bytes(mut self, n: u64) -> Self {
        self.max_bytes = n;
        self
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let record = FetchRequest {
            method: &self.method,
            url: &self.url,
            headers: self.headers.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect(),
            body: &self.body,
            body_stream: 0,
            timeout_ms: self.timeout_ms,
            redirect: self.redirect,
            max_bytes: self.max_bytes,
        };
        record.encode(out);
    }

    /// Sends it and waits. An HTTP error status is a response, not an error.
    pub fn send(&self) -> Result<Fetched> {
        let mut request = Vec::with_capacity(128 + self.body.len());
        self.encode(&mut request);
        let reply = host::call(imports::fetch_send, &request)?;
        Ok(Fetched::new(FetchResponse::decode(&reply)?))
    }
}

/// The response to an outbound request.
#[derive(Debug)]
pub struct Fetched {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, to be read as it comes or whole.
    pub body: Body<'static>,
    /// URL of the last hop.
    pub url: String,
}

impl Fetched {
    pub(crate) fn new(r: FetchResponse) -> Self {
        let length = (r.body_stream == 0).then_some(r.body.len() as u64);
        Fetched {
            status: r.status as u16,
            headers: r.headers.iter().map(|(n, v)| (n.to_string(), v.to_vec())).collect(),
            body: Body::new(r.body.to_vec(), r.body_stream, length),
            url: r.url.to_string(),
        }
    }

    /// First value of a header that is UTF-8, in whatever case the name is given.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.and_then(|(_, v)| std::str::from_utf8(v).ok())
    }
}
