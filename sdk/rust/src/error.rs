//! The one error type: a stable code and a text for people.

use crate::abi::Code;
use crate::msgpack::DecodeError;
use std::borrow::Cow;
use std::fmt;

/// What a handler gives: a [`Response`](crate::Response) unless stated otherwise, or an [`Error`].
pub type Result<T = crate::Response> = std::result::Result<T, Error>;

/// A failure with a stable code.
///
/// A handler that returns one ends the call with its code: the host answers with the code's HTTP
/// status (500 for codes from -1000 down, which belong to the guest), and the text goes to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Decide by this.
    pub code: Code,
    /// Show this to people; it may be empty.
    pub text: Cow<'static, str>,
}

impl Error {
    /// An error of this code.
    pub fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Error { code, text: text.into() }
    }

    /// A malformed argument.
    pub fn invalid(text: impl Into<Cow<'static, str>>) -> Self {
        Error::new(Code::INVALID, text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.as_ref() {
            "" => write!(f, "{}", self.code.name()),
            text => write!(f, "{}: {}", self.code.name(), text),
        }
    }
}

impl std::error::Error for Error {}

impl From<DecodeError> for Error {
    fn from(e: DecodeError) -> Self {
        Error::new(e.code, e.text)
    }
}

impl From<Error> for std::io::Error {
    fn from(e: Error) -> Self {
        std::io::Error::other(e)
    }
}

impl From<std::io::Error> for Error {
    /// Gets back an error of this crate that went through `std::io`; others become `internal`.
    fn from(e: std::io::Error) -> Self {
        let text = e.to_string();
        match e.into_inner().map(|inner| inner.downcast::<Error>()) {
            Some(Ok(own)) => *own,
            _ => Error::new(Code::INTERNAL, text),
        }
    }
}
