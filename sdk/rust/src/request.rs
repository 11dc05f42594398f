//! The request that a handler or middleware sees.

use crate::abi::HttpRequest;
use crate::body::Body;
use crate::error::Result;
use crate::urlencoded::{self, Form};
use std::borrow::Cow;

/// The most bytes that [`Request::form`] reads: 1 MiB.
pub const FORM_LIMIT: usize = 1 << 20;

/// An HTTP request. Text that is as sent says so; everything else is decoded.
#[derive(Debug)]
pub struct Request<'a> {
    record: HttpRequest<'a>,
    pub(crate) params: Vec<(&'static str, String)>,
    body: Body<'a>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(mut record: HttpRequest<'a>) -> Self {
        let length = u64::try_from(record.body_length).ok();
        let body = Body::new(std::mem::take(&mut record.body), record.body_stream, length);
        Request { record, params: Vec::new(), body }
    }

    /// The record as the host sent it, without its `body`, which is in [`Request::body`].
    pub fn record(&self) -> &HttpRequest<'a> {
        &self.record
    }

    /// The method, as sent: `GET`, `POST` …
    pub fn method(&self) -> &'a str {
        self.record.method
    }

    /// The path as sent, still percent-encoded.
    pub fn path(&self) -> &'a str {
        self.record.path
    }

    /// The query as sent, without the question mark.
    pub fn query_string(&self) -> &'a str {
        self.record.query
    }

    /// First value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<Cow<'a, str>> {
        self.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// Names and values of the query in their order, decoded.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
        urlencoded::pairs(self.record.query)
    }

    /// Value of a wildcard: of the pattern that matched inside this module, else of the host's
    /// route. Empty when neither has the name.
    pub fn param(&self, name: &str) -> &str {
        let own = self.params.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str());
        own.or_else(|| self.record.params.iter().find(|(n, _)| *n == name).map(|(_, v)| *v))
            .unwrap_or("")
    }

    /// First value of a header, in whatever case the name is given; `None` also for a value that
    /// is not UTF-8.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.header_bytes(name).and_then(|v| std::str::from_utf8(v).ok())
    }

    /// First value of a header as the bytes received.
    pub fn header_bytes(&self, name: &str) -> Option<&'a [u8]> {
        self.record.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| *v)
    }

    /// All headers in the order received, repeats kept, names in lower case.
    pub fn headers(&self) -> &[(&'a str, &'a [u8])] {
        &self.record.headers
    }

    /// The body, to be read as it comes or whole.
    pub fn body(&mut self) -> &mut Body<'a> {
        &mut self.body
    }

    /// The fields of an urlencoded body of at most [`FORM_LIMIT`] bytes.
    pub fn form(&mut self) -> Result<Form> {
        Ok(Form::parse(&self.body.text(FORM_LIMIT)?))
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'a str {
        self.record.scheme
    }

    /// The Host header, with the port when one was sent.
    pub fn host(&self) -> &'a str {
        self.record.host
    }

    /// IP address of the client.
    pub fn remote(&self) -> &'a str {
        self.record.remote
    }

    /// Request id, also in the host's records.
    pub fn id(&self) -> &'a str {
        self.record.id
    }
}
