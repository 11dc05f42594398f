//! What a middleware decides.

use crate::abi::{MiddlewareAction, MiddlewareResult};
use crate::response::{IntoBytes, Response};
use std::borrow::Cow;

type Header = (Cow<'static, str>, Cow<'static, [u8]>);

/// Pass the request on, perhaps changed, or answer it.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    answer: Option<Response>,
    set: Vec<Header>,
    remove: Vec<Cow<'static, str>>,
    path: String,
    response: Vec<Header>,
}

impl Verdict {
    /// Passes the request on.
    pub fn pass() -> Self {
        Verdict::default()
    }

    /// Answers the request; its handler is not called.
    pub fn answer(response: Response) -> Self {
        Verdict { answer: Some(response), ..Verdict::default() }
    }

    /// Replaces all fields of this name in the request.
    pub fn set_header(mut self, name: impl Into<Cow<'static, str>>, value: impl IntoBytes) -> Self {
        self.set.push((name.into(), value.into_bytes()));
        self
    }

    /// Removes all fields of this name from the request.
    pub fn remove_header(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.remove.push(name.into());
        self
    }

    /// Gives the handler another path. The route stays the one that matched.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets a header of the response that the handler will give.
    pub fn response_header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl IntoBytes,
    ) -> Self {
        self.response.push((name.into(), value.into_bytes()));
        self
    }

    fn changes_nothing(&self) -> bool {
        let Verdict { answer, set, remove, path, response } = self;
        answer.is_none()
            && set.is_empty()
            && remove.is_empty()
            && path.is_empty()
            && response.is_empty()
    }

    /// Encodes the result record and says whether there was anything to say.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> bool {
        if self.changes_nothing() {
            return false;
        }
        let record = MiddlewareResult {
            action: match self.answer {
                Some(_) => MiddlewareAction::ANSWER,
                None => MiddlewareAction::PASS,
            },
            response: self.answer.as_ref().map(Response::record).unwrap_or_default(),
            set_headers: self.set.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect(),
            remove_headers: self.remove.iter().map(|n| n.as_ref()).collect(),
            path: &self.path,
            response_headers: self.response.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect(),
        };
        record.encode(out);
        true
    }
}
