//! Calls into the host, one level above the generated import declarations.

use crate::abi::imports;
use crate::abi::{Code, ERROR_TEXT_BYTES};
use crate::error::{Error, Result};

/// A generated import of the uniform shape: request, its length, out area, its capacity.
pub type Function = unsafe extern "C" fn(*const u8, usize, *mut u8, usize) -> i64;

/// Room for a reply before one more host call is needed to fetch a longer one.
const REPLY_ROOM: usize = 512;

/// Turns a negative result into an error with the host's text for it.
pub fn check(result: i64) -> Result<usize> {
    if result >= 0 {
        return Ok(result as usize);
    }
    let mut text = vec![0; ERROR_TEXT_BYTES];
    // SAFETY: the area is ours and as long as stated.
    let n = unsafe { imports::core_error(text.as_mut_ptr(), text.len()) };
    text.truncate(n.clamp(0, text.len() as i64) as usize);
    Err(Error::new(Code(result), String::from_utf8_lossy(&text).into_owned()))
}

/// Calls a structured function and gives its encoded reply.
pub fn call(function: Function, request: &[u8]) -> Result<Vec<u8>> {
    let mut reply = vec![0; REPLY_ROOM];
    // SAFETY: both areas are valid for the lengths given, and the host keeps neither pointer.
    let result =
        unsafe { function(request.as_ptr(), request.len(), reply.as_mut_ptr(), reply.len()) };
    let n = check(result)?;
    if n > reply.len() {
        reply.resize(n, 0);
        // SAFETY: as above.
        check(unsafe { imports::core_take(reply.as_mut_ptr(), n) })?;
    }
    reply.truncate(n);
    Ok(reply)
}

/// Calls a structured function whose reply is empty.
pub fn call_without_reply(function: Function, request: &[u8]) -> Result<()> {
    // SAFETY: as in `call`; an out area of capacity 0 is never written to.
    let result = unsafe {
        function(request.as_ptr(), request.len(), std::ptr::NonNull::dangling().as_ptr(), 0)
    };
    check(result).map(drop)
}

/// Reads up to `buffer.len()` bytes from a stream; 0 is its end.
pub fn read(stream: u32, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: the area is ours and as long as stated.
    check(unsafe { imports::core_read(stream, buffer.as_mut_ptr(), buffer.len()) })
}

/// Writes all bytes to a stream, or none and gives the reason.
pub fn write(stream: u32, bytes: &[u8]) -> Result<()> {
    // SAFETY: the area is valid for its length.
    check(unsafe { imports::core_write(stream, bytes.as_ptr(), bytes.len()) }).map(drop)
}

/// Closes a stream.
pub fn close(stream: u32) -> Result<()> {
    // SAFETY: no pointers.
    check(unsafe { imports::core_close(stream) }).map(drop)
}

/// Makes what was written to a response stream leave now.
pub fn flush(stream: u32) -> Result<()> {
    // SAFETY: no pointers.
    check(unsafe { imports::http_flush(stream) }).map(drop)
}
