//! Responses, whole and streamed.

use crate::abi::{imports, HttpResponse, StreamReply};
use crate::error::Result;
use crate::json;
use crate::{host, Stream};
use std::borrow::Cow;

/// Bytes of a response: borrowed for the life of the program, or its own.
type Bytes = Cow<'static, [u8]>;

/// A response: status, headers and a body that is held whole, together at most 1 MiB.
///
/// For a body that is longer or comes into being piece by piece, see [`Response::start`]. A module that
/// never starts a stream does not import `http respond`; so nothing here does it unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(Cow<'static, str>, Bytes)>,
    body: Bytes,
    started: bool,
}

/// Turns text or bytes into a body.
pub trait IntoBytes {
    /// The bytes.
    fn into_bytes(self) -> Bytes;
}

impl IntoBytes for &'static str {
    fn into_bytes(self) -> Bytes {
        Cow::Borrowed(self.as_bytes())
    }
}

impl IntoBytes for String {
    fn into_bytes(self) -> Bytes {
        Cow::Owned(self.into_bytes())
    }
}

impl IntoBytes for Vec<u8> {
    fn into_bytes(self) -> Bytes {
        Cow::Owned(self)
    }
}

impl IntoBytes for &'static [u8] {
    fn into_bytes(self) -> Bytes {
        Cow::Borrowed(self)
    }
}

impl Response {
    /// An empty response.
    pub fn new(status: u16) -> Self {
        Response { status, headers: Vec::new(), body: Cow::Borrowed(&[]), started: false }
    }

    fn of(kind: &'static str, body: impl IntoBytes) -> Self {
        Response::new(200).header("content-type", kind).body(body)
    }

    /// Plain text in UTF-8.
    pub fn text(body: impl IntoBytes) -> Self {
        Response::of("text/plain; charset=utf-8", body)
    }

    /// A page in UTF-8.
    pub fn html(body: impl IntoBytes) -> Self {
        Response::of("text/html; charset=utf-8", body)
    }

    /// A JSON document that is already written; see [`json::object`].
    pub fn json(body: impl IntoBytes) -> Self {
        Response::of("application/json", body)
    }

    /// A problem document (RFC 9457).
    pub fn problem(status: u16, detail: &str) -> Self {
        let body = json::object(|o| {
            o.str("type", "about:blank").str("title", title(status));
            o.int("status", status.into()).str("detail", detail);
        });
        Response::of("application/problem+json", body).status(status)
    }

    /// Sends the client to another place: 303 unless [`Response::status`] says otherwise.
    pub fn redirect(location: impl IntoBytes) -> Self {
        Response::new(303).header("location", location)
    }

    /// Sets the status, 200 to 599.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header; a name may be added several times.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl IntoBytes) -> Self {
        self.headers.push((name.into(), value.into_bytes()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl IntoBytes) -> Self {
        self.body = body.into_bytes();
        self
    }

    /// Sends status, headers and what there is of the body now, and gives the stream for the rest.
    ///
    /// Once in a call. The handler ends with [`Stream::finish`].
    pub fn start(self) -> Result<Stream> {
        let mut request = Vec::with_capacity(64 + self.body.len());
        self.encode(&mut request);
        let reply = host::call(imports::http_respond, &request)?;
        Ok(Stream::new(StreamReply::decode(&reply)?.stream as u32))
    }

    /// Marks the call as answered through a stream.
    pub(crate) fn started() -> Self {
        Response { started: true, ..Response::new(200) }
    }

    pub(crate) fn is_started(&self) -> bool {
        self.started
    }

    /// The record, borrowing from this response.
    pub(crate) fn record(&self) -> HttpResponse<'_> {
        HttpResponse {
            status: self.status.into(),
            headers: self.headers.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect(),
            body: &self.body,
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        self.record().encode(out);
    }
}

/// The registered name of a status (RFC 9110 section 15), or a name for its class.
fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        400..=499 => "Client Error",
        _ => "Error",
    }
}
