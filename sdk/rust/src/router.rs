//! Routing inside a module: a constant table, so it costs nothing to build.

use crate::error::Result;
use crate::urlencoded::decode;
use crate::{Request, Response};
use std::borrow::Cow;

/// What answers a request.
pub type Handler = fn(&mut Request) -> Result;

/// Anything that answers requests: a function, or a [`Router`].
pub trait Handle {
    /// Answers one request.
    fn handle(&self, request: &mut Request) -> Result;
}

impl<F: Fn(&mut Request) -> Result> Handle for F {
    fn handle(&self, request: &mut Request) -> Result {
        self(request)
    }
}

/// One row of a [`Router`].
#[derive(Clone, Copy)]
pub struct Route {
    method: &'static str,
    pattern: &'static str,
    handler: Handler,
}

/// A route for a method. `{name}` in the pattern matches one path segment, `{name...}` at its end
/// the whole rest; what they matched is in [`Request::param`], percent-decoded.
pub const fn route(method: &'static str, pattern: &'static str, handler: Handler) -> Route {
    Route { method, pattern, handler }
}

/// A route for GET, which also answers HEAD.
pub const fn get(pattern: &'static str, handler: Handler) -> Route {
    route("GET", pattern, handler)
}

/// A route for POST.
pub const fn post(pattern: &'static str, handler: Handler) -> Route {
    route("POST", pattern, handler)
}

/// A route for PUT.
pub const fn put(pattern: &'static str, handler: Handler) -> Route {
    route("PUT", pattern, handler)
}

/// A route for PATCH.
pub const fn patch(pattern: &'static str, handler: Handler) -> Route {
    route("PATCH", pattern, handler)
}

/// A route for DELETE.
pub const fn delete(pattern: &'static str, handler: Handler) -> Route {
    route("DELETE", pattern, handler)
}

/// Chooses the handler: the first route whose method and pattern match.
///
/// Without a match it answers 405 with `Allow` when another method would match, else 404.
#[derive(Clone, Copy)]
pub struct Router {
    routes: &'static [Route],
    otherwise: Option<Handler>,
}

impl Router {
    /// A router over these routes, meant to be a `static`.
    pub const fn new(routes: &'static [Route]) -> Self {
        Router { routes, otherwise: None }
    }

    /// Answers whatever no route matches, in place of 404 and 405.
    pub const fn otherwise(mut self, handler: Handler) -> Self {
        self.otherwise = Some(handler);
        self
    }
}

impl Handle for Router {
    fn handle(&self, request: &mut Request) -> Result {
        let (method, path) = (request.method(), request.path());
        let mut allow = String::new();
        for r in self.routes {
            let fits = r.method == method || (r.method == "GET" && method == "HEAD");
            if !fits && (self.otherwise.is_some() || !matches(r.pattern, path, |_, _| {})) {
                continue;
            }
            if !fits {
                allow += if allow.is_empty() { "" } else { ", " };
                allow += r.method;
                continue;
            }
            let params = &mut request.params;
            params.clear();
            if matches(r.pattern, path, |name, value| params.push((name, value.into_owned()))) {
                return (r.handler)(request);
            }
        }
        request.params.clear();
        match self.otherwise {
            Some(handler) => handler(request),
            None if allow.is_empty() => Ok(Response::problem(404, "no route matches the path")),
            None => {
                let problem = Response::problem(405, "the path has no route for this method");
                Ok(problem.header("allow", allow))
            }
        }
    }
}

/// Compares a path as sent with a pattern and hands out what the wildcards matched.
fn matches<'p>(
    pattern: &'static str,
    path: &'p str,
    mut found: impl FnMut(&'static str, Cow<'p, str>),
) -> bool {
    let (mut pattern, mut path) = (pattern, path);
    loop {
        let (segment, pattern_rest) = split(pattern);
        if let Some(name) = segment.strip_prefix('{').and_then(|s| s.strip_suffix("...}")) {
            found(name, decode(path, false));
            return true;
        }
        let (piece, path_rest) = split(path);
        match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
            Some(_) if piece.is_empty() => return false,
            Some(name) => found(name, decode(piece, false)),
            None if segment == piece || decode(piece, false) == segment => {}
            None => return false,
        }
        match (pattern_rest, path_rest) {
            (Some(a), Some(b)) => (pattern, path) = (a, b),
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// The text up to the next slash, and what comes after it when there is one.
fn split(s: &str) -> (&str, Option<&str>) {
    match s.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (s, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, want) in [
            ("/", "/", Some("")),
            ("/", "/a", None),
            ("/a", "/a", Some("")),
            ("/a", "/a/", None),
            ("/a/", "/a", None),
            ("/a/{x}", "/a/b", Some("x=b;")),
            ("/a/{x}", "/a/", None),
            ("/a/{x}/c", "/a/b%2Fb/c", Some("x=b/b;")),
            ("/a/{x}/{y...}", "/a/1/2/3", Some("x=1;y=2/3;")),
            ("/a/{y...}", "/a/", Some("y=;")),
            ("/a/{y...}", "/a", None),
            ("/caf\u{e9}", "/caf%C3%A9", Some("")),
        ] {
            let mut found = String::new();
            let matched = matches(pattern, path, |n, v| found += &format!("{n}={v};"));
            assert_eq!(matched.then_some(found.as_str()), want, "{pattern} with {path}");
        }
    }
}
