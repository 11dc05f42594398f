//! Bodies: held whole in a record, or read from a stream of the host.

use crate::abi::Code;
use crate::error::{Error, Result};
use crate::{host, Stream};
use std::borrow::Cow;
use std::io;

const CHUNK: usize = 16 * 1024;

/// The body of a request or of a fetched response, read from front to back.
///
/// It is the same to use whether the host sent the bytes along or keeps them behind a stream.
/// Implements [`std::io::Read`].
#[derive(Debug, Default)]
pub struct Body<'a> {
    rest: Cow<'a, [u8]>,
    at: usize,
    stream: u32,
    length: Option<u64>,
}

impl<'a> Body<'a> {
    pub(crate) fn new(bytes: impl Into<Cow<'a, [u8]>>, stream: u64, length: Option<u64>) -> Self {
        Body { rest: bytes.into(), at: 0, stream: stream as u32, length }
    }

    /// Length of the whole body in bytes, when it is known in advance.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether the host sent the whole body along, so that reading it never waits.
    pub fn is_whole(&self) -> bool {
        self.stream == 0
    }

    /// Fills the front of `buffer` and returns how much; 0 is the end. Blocks until there is a byte.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.stream != 0 {
            return host::read(self.stream, buffer);
        }
        let rest = &self.rest[self.at..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }

    /// Calls `take` with each piece until the end; pieces are at most 64 KiB.
    pub fn each(&mut self, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if self.stream == 0 {
            let at = std::mem::replace(&mut self.at, self.rest.len());
            return match &self.rest[at..] {
                [] => Ok(()),
                rest => take(rest),
            };
        }
        let mut buffer = vec![0; CHUNK];
        loop {
            match host::read(self.stream, &mut buffer)? {
                0 => return Ok(()),
                n => take(&buffer[..n])?,
            }
        }
    }

    /// The rest of the body, when it is no longer than `limit` bytes; otherwise an error with
    /// code `limit`. No copy is made of a body that came whole.
    pub fn bytes(&mut self, limit: usize) -> Result<Cow<'a, [u8]>> {
        let too_long = || Error::new(Code::LIMIT, format!("the body is longer than {limit} bytes"));
        if self.stream == 0 {
            let at = std::mem::replace(&mut self.at, self.rest.len());
            if self.rest.len() - at > limit {
                return Err(too_long());
            }
            return Ok(match &self.rest {
                Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[at..]),
                Cow::Owned(bytes) => Cow::Owned(bytes[at..].to_vec()),
            });
        }
        if self.length.is_some_and(|n| n > limit as u64) {
            return Err(too_long());
        }
        let mut all = Vec::with_capacity(self.length.unwrap_or(0) as usize);
        self.each(|piece| {
            if piece.len() > limit - all.len() {
                return Err(too_long());
            }
            all.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(Cow::Owned(all))
    }

    /// As `bytes`, as text. Bytes that are not UTF-8 are an error with code `invalid`.
    pub fn text(&mut self, limit: usize) -> Result<Cow<'a, str>> {
        let not_text = |_| Error::invalid("the body is not UTF-8");
        match self.bytes(limit)? {
            Cow::Borrowed(b) => std::str::from_utf8(b).map(Cow::Borrowed).map_err(not_text),
            Cow::Owned(b) => match String::from_utf8(b) {
                Ok(s) => Ok(Cow::Owned(s)),
                Err(_) => Err(Error::invalid("the body is not UTF-8")),
            },
        }
    }

    /// Writes the rest of the body to a response as it comes.
    pub fn copy_to(&mut self, out: &mut Stream) -> Result<()> {
        self.each(|piece| out.write(piece))
    }
}

impl io::Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(Body::read(self, buffer)?)
    }
}
