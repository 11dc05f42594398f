//! The stream of a response that was started.

use crate::error::Result;
use crate::{host, Response};
use std::io;

/// Where the rest of a started response's body goes. Implements [`std::io::Write`].
///
/// Writing blocks while the client is slow. Dropping it without [`Stream::finish`] leaves closing
/// to the host, which does it when the handler returns.
#[derive(Debug)]
pub struct Stream {
    handle: u32,
}

impl Stream {
    pub(crate) fn new(handle: u32) -> Self {
        Stream { handle }
    }

    /// Writes all bytes.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        host::write(self.handle, bytes.as_ref())
    }

    /// Makes what was written so far leave the host now.
    pub fn flush(&mut self) -> Result<()> {
        host::flush(self.handle)
    }

    /// Ends the body. What it gives is the handler's result.
    pub fn finish(self) -> Result<Response> {
        host::close(self.handle)?;
        Ok(Response::started())
    }
}

impl io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Stream::write(self, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(Stream::flush(self)?)
    }
}
