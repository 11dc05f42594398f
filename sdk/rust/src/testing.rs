//! A host made of a few tables, for unit tests with plain `cargo test`.
//!
//! ```
//! use stackhost::testing::{Call, Host};
//! use stackhost::{Request, Response, Result};
//!
//! fn hello(_: &mut Request) -> Result {
//!     let greeting = stackhost::config("greeting")?;
//!     Ok(Response::text(greeting.as_str().unwrap_or("Hello").to_string()))
//! }
//!
//! Host::new().config("greeting", "Good day");
//! let reply = Call::get("/").send(&hello);
//! assert_eq!((reply.status, reply.text()), (200, "Good day"));
//! ```
//!
//! Each thread, and so each test, has a host of its own. Requests and answers go through the same
//! encoding as with a real host.

use crate::abi::*;
use crate::error::{Error, Result};
use crate::guest::{self, Answer};
use crate::middleware::Verdict;
use crate::router::Handle;
use crate::value::Value;
use crate::{Commands, Job, Request, Response};
use std::cell::RefCell;
use std::collections::BTreeMap;

mod stores;

type Fetcher = Box<dyn Fn(&FetchRequest) -> Result<Response>>;

#[derive(Default)]
struct State {
    config: BTreeMap<String, Value<'static>>,
    secrets: BTreeMap<String, Vec<u8>>,
    granted: Vec<String>,
    fetcher: Option<Fetcher>,
    logs: Vec<(LogLevel, String, Value<'static>)>,
    streams: BTreeMap<u32, Vec<u8>>,
    opened: u32,
    response: Option<(u32, Reply)>,
    outputs: BTreeMap<u32, Vec<u8>>,
    kept: Option<Vec<u8>>,
    error: String,
    calls: u64,
    stores: stores::Stores,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// The host of this thread.
pub struct Host(());

impl Host {
    /// Starts again with empty tables.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        STATE.take();
        Host(())
    }

    /// Sets a config value under its whole key, such as `"mail.sender"`.
    pub fn config(self, key: &str, value: impl Into<Value<'static>>) -> Self {
        STATE.with_borrow_mut(|s| _ = s.config.insert(key.into(), value.into()));
        self
    }

    /// Sets a secret.
    pub fn secret(self, name: &str, value: &[u8]) -> Self {
        STATE.with_borrow_mut(|s| _ = s.secrets.insert(name.into(), value.into()));
        self
    }

    /// Sets a secret of the cluster, for [`cluster_secret`](crate::cluster_secret).
    pub fn cluster_secret(self, name: &str, value: &[u8]) -> Self {
        STATE.with_borrow_mut(|s| _ = s.stores.secrets.insert(name.into(), value.into()));
        self
    }

    /// Grants fetch and answers outbound requests.
    pub fn fetch(self, answer: impl Fn(&FetchRequest) -> Result<Response> + 'static) -> Self {
        STATE.with_borrow_mut(|s| {
            s.granted.push("fetch".into());
            s.fetcher = Some(Box::new(answer));
        });
        self
    }

    /// The log records written so far: level, message, fields.
    pub fn logs(&self) -> Vec<(LogLevel, String, Value<'static>)> {
        STATE.with_borrow(|s| s.logs.clone())
    }
}

/// What came back from a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// Status code; 0 when the handler failed with `code`.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// The code that the handler failed with.
    pub code: Option<Code>,
    /// How often a streamed response was flushed.
    pub flushes: usize,
}

impl Reply {
    /// The body as text; it has to be UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// First value of a header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or("", |(_, v)| std::str::from_utf8(v).unwrap_or(""))
    }

    fn of(r: HttpResponse) -> Self {
        Reply {
            status: if r.status == 0 { 200 } else { r.status as u16 },
            headers: r.headers.iter().map(|(n, v)| (n.to_string(), v.to_vec())).collect(),
            body: r.body.to_vec(),
            ..Reply::default()
        }
    }
}

/// A request to be sent to a handler or a middleware.
#[derive(Clone, Debug, Default)]
pub struct Call {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    params: Vec<(String, String)>,
    body: Vec<u8>,
    streamed: bool,
}

impl Call {
    /// A request with any method; the target is a path, with a query perhaps.
    pub fn new(method: &str, target: &str) -> Self {
        Call { method: method.into(), target: target.into(), ..Call::default() }
    }

    /// A GET request.
    pub fn get(target: &str) -> Self {
        Call::new("GET", target)
    }

    /// A POST request with a body.
    pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Call { body: body.into(), ..Call::new("POST", target) }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.as_ref().to_vec()));
        self
    }

    /// Adds a value of a wildcard in the host's route.
    pub fn param(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sends the body through a stream however short it is. A long one always goes there.
    pub fn streamed(mut self) -> Self {
        self.streamed = true;
        self
    }

    fn encode(self) -> Vec<u8> {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let streamed = self.streamed || self.body.len() > INLINE_BODY_BYTES;
        let length = self.body.len() as i64;
        let seed = STATE.with_borrow_mut(|s| {
            s.response = None;
            s.calls += 1;
            s.calls
        });
        let (body, body_stream) = match streamed {
            true => (Vec::new(), open(self.body.clone())),
            false => (self.body.clone(), 0),
        };
        let mut out = Vec::new();
        HttpRequest {
            method: &self.method,
            path,
            query,
            scheme: "http",
            host: "test.example",
            headers: self.headers.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect(),
            params: self.params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect(),
            body: &body,
            body_stream: body_stream.into(),
            body_length: length,
            remote: "192.0.2.1",
            id: "test",
            timeout_ms: 1000,
            time_us: 1_700_000_000_000_000,
            random: &u128::from(seed).to_be_bytes(),
            ..HttpRequest::default()
        }
        .encode(&mut out);
        out
    }

    /// Sends it to a handler.
    pub fn send(self, handler: &dyn Handle) -> Reply {
        match guest::http(&self.encode(), handler) {
            Answer::Code(code) => Reply { code: Some(code), ..Reply::default() },
            Answer::Done => STATE.with_borrow_mut(|s| {
                s.response.take().map(|(_, reply)| reply).expect("an answer was started")
            }),
            Answer::Record => guest::with_output(|out| {
                Reply::of(HttpResponse::decode(out).expect("a response record"))
            }),
        }
    }

    /// Sends it to a middleware and reads what it decided, in the order of the record's fields.
    pub fn decide<T>(
        self,
        decide: fn(&mut Request) -> Result<Verdict>,
        read: impl FnOnce(&MiddlewareResult) -> T,
    ) -> Result<T> {
        match guest::middleware(&self.encode(), decide) {
            Answer::Code(code) => Err(Error::new(code, "")),
            Answer::Done => Ok(read(&MiddlewareResult::default())),
            Answer::Record => guest::with_output(|out| Ok(read(&MiddlewareResult::decode(out)?))),
        }
    }
}

/// Runs a job handler.
pub fn run_job(name: &str, payload: &[u8], work: fn(&Job) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    JobRequest { id: "job", name, payload, attempt: 1, random: &[7; 16], ..JobRequest::default() }
        .encode(&mut request);
    match guest::job(&request, work) {
        Answer::Code(code) => Err(Error::new(code, "")),
        Answer::Done => Ok(Vec::new()),
        Answer::Record => guest::with_output(|out| Ok(JobResult::decode(out)?.result.to_vec())),
    }
}

/// A console command to be run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    name: String,
    args: Vec<String>,
    stdin: Vec<u8>,
    columns: u64,
    closed: bool,
}

/// How a console command ended, and what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The exit code.
    pub exit: u8,
    /// Standard output; it has to be UTF-8.
    pub stdout: String,
    /// Standard error; it has to be UTF-8.
    pub stderr: String,
}

impl Run {
    /// A run of a command with what is written after its name.
    pub fn new(name: &str, args: &[&str]) -> Self {
        let args = args.iter().map(|a| a.to_string()).collect();
        Run { name: name.into(), args, ..Run::default() }
    }

    /// Sets the standard input.
    pub fn stdin(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.stdin = content.into();
        self
    }

    /// Shows standard error on a terminal of this width.
    pub fn columns(mut self, columns: u64) -> Self {
        self.columns = columns;
        self
    }

    /// Refuses what is written to standard output, as when nobody reads it any more.
    pub fn closed(mut self) -> Self {
        self.closed = true;
        self
    }

    /// Runs it.
    pub fn send(self, commands: Commands) -> Ran {
        let [stdin, stdout, stderr] = [self.stdin, Vec::new(), Vec::new()].map(open);
        STATE.with_borrow_mut(|s| {
            if !self.closed {
                s.outputs.insert(stdout, Vec::new());
            }
            s.outputs.insert(stderr, Vec::new());
        });
        let mut request = Vec::new();
        CommandRequest {
            name: &self.name,
            args: self.args.iter().map(String::as_str).collect(),
            stdin: stdin.into(),
            stdout: stdout.into(),
            stderr: stderr.into(),
            columns: self.columns,
            id: "run",
            timeout_ms: 1000,
            random: &[7; 16],
            ..CommandRequest::default()
        }
        .encode(&mut request);
        let exit = match crate::command::command(&request, commands) {
            Answer::Code(code) => panic!("the module answered {}", code.name()),
            Answer::Done => 0,
            Answer::Record => guest::with_output(|out| {
                CommandResult::decode(out).expect("a command's result").exit as u8
            }),
        };
        let text = |stream| {
            let bytes = STATE.with_borrow_mut(|s| s.outputs.remove(&stream).unwrap_or_default());
            String::from_utf8(bytes).expect("output in UTF-8")
        };
        Ran { exit, stdout: text(stdout), stderr: text(stderr) }
    }
}

fn open(content: Vec<u8>) -> u32 {
    STATE.with_borrow_mut(|s| {
        s.opened += 1;
        s.streams.insert(s.opened, content);
        s.opened
    })
}

fn fail(e: Error) -> i64 {
    STATE.with_borrow_mut(|s| s.error = e.text.into_owned());
    e.code.0
}

fn absent(what: &str, name: &str) -> Error {
    Error::new(Code::NOT_FOUND, format!("no {what} {name}"))
}

fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    encode(&mut out);
    Ok(out)
}

fn answer(capability: &str, function: &str, request: &[u8]) -> Result<Vec<u8>> {
    match (capability, function) {
        ("core", "log") => {
            let r = LogRecord::decode(request)?;
            let entry = (r.level, r.message.to_string(), r.fields.into_owned());
            STATE.with_borrow_mut(|s| s.logs.push(entry));
            Ok(Vec::new())
        }
        ("core", "config") => {
            let key = ConfigRequest::decode(request)?.key;
            let found = STATE.with_borrow(|s| s.config.get(key).cloned());
            let value = found.ok_or_else(|| absent("config value", key))?;
            encoded(|out| ConfigReply { value }.encode(out))
        }
        ("core", "secret") => {
            let name = SecretRequest::decode(request)?.name;
            let found = STATE.with_borrow(|s| s.secrets.get(name).cloned());
            let value = found.ok_or_else(|| absent("secret", name))?;
            encoded(|out| SecretReply { value: &value }.encode(out))
        }
        ("core", "supports") => {
            let name = SupportsRequest::decode(request)?.capability;
            let stores = matches!(name, "kv" | "cache" | "lock" | "blob" | "secret");
            let known = stores || matches!(name, "core" | "http" | "fetch");
            let granted = name != "fetch" && known
                || STATE.with_borrow(|s| s.granted.iter().any(|g| g == name));
            let reply = SupportsReply { version: known.into(), granted, functions: Vec::new() };
            encoded(|out| reply.encode(out))
        }
        ("core", "batch") => {
            let run = |call: &BatchCall| answer(call.capability, call.function, call.request);
            let done: Vec<_> = BatchRequest::decode(request)?.calls.iter().map(run).collect();
            let row = |r: &'_ Result<Vec<u8>>| -> (i64, Vec<u8>, String) {
                match r {
                    Ok(reply) => (0, reply.clone(), String::new()),
                    Err(e) => (e.code.0, Vec::new(), e.text.to_string()),
                }
            };
            let rows: Vec<_> = done.iter().map(row).collect();
            let results = rows.iter();
            let results =
                results.map(|(code, reply, error)| BatchResult { code: *code, reply, error });
            encoded(|out| BatchReply { results: results.collect() }.encode(out))
        }
        ("http", "respond") => {
            if STATE.with_borrow(|s| s.response.is_some()) {
                return Err(Error::new(Code::CLOSED, "already responded"));
            }
            let reply = Reply::of(HttpResponse::decode(request)?);
            let handle = open(Vec::new());
            STATE.with_borrow_mut(|s| s.response = Some((handle, reply)));
            encoded(|out| StreamReply { stream: handle.into() }.encode(out))
        }
        ("fetch", "send") => {
            let denied = || Error::new(Code::DENIED, "fetch is not granted");
            let fetcher = STATE.with_borrow_mut(|s| s.fetcher.take()).ok_or_else(denied)?;
            let request = FetchRequest::decode(request)?;
            let response = fetcher(&request);
            STATE.with_borrow_mut(|s| s.fetcher = Some(fetcher));
            let response = response?;
            let HttpResponse { status, headers, body } = response.record();
            let url = request.url;
            encoded(|out| FetchResponse { status, headers, body, body_stream: 0, url }.encode(out))
        }
        _ => stores::answer(capability, function, request),
    }
}

/// Answers an import of the uniform shape.
///
/// # Safety
/// As the import: both areas are valid for their lengths.
pub(crate) unsafe fn call(
    capability: &str,
    function: &str,
    request: (*const u8, usize),
    out: (*mut u8, usize),
) -> i64 {
    // SAFETY: the caller's promise.
    match answer(capability, function, unsafe { guest::input(request.0, request.1) }) {
        Err(e) => fail(e),
        Ok(reply) => {
            let n = reply.len();
            if n > out.1 {
                STATE.with_borrow_mut(|s| s.kept = Some(reply));
            } else {
                // SAFETY: the caller's promise, and it fits.
                unsafe { std::ptr::copy_nonoverlapping(reply.as_ptr(), out.0, n) };
            }
            n as i64
        }
    }
}

/// Answers `core take`.
pub(crate) unsafe fn core_take(ptr: *mut u8, cap: usize) -> i64 {
    match STATE.with_borrow_mut(|s| s.kept.take()) {
        None => fail(Error::new(Code::NOT_FOUND, "no reply is kept")),
        Some(reply) => {
            let n = reply.len();
            if n <= cap {
                // SAFETY: the caller's promise, and it fits.
                unsafe { std::ptr::copy_nonoverlapping(reply.as_ptr(), ptr, n) };
            } else {
                STATE.with_borrow_mut(|s| s.kept = Some(reply));
            }
            n as i64
        }
    }
}

/// Answers `core error`.
pub(crate) unsafe fn core_error(ptr: *mut u8, cap: usize) -> i64 {
    STATE.with_borrow(|s| {
        let n = s.error.len().min(cap);
        // SAFETY: the caller's promise, and it fits.
        unsafe { std::ptr::copy_nonoverlapping(s.error.as_ptr(), ptr, n) };
        s.error.len() as i64
    })
}

/// Answers `core read`.
pub(crate) unsafe fn core_read(stream: u32, ptr: *mut u8, cap: usize) -> i64 {
    STATE.with_borrow_mut(|s| match s.streams.get_mut(&stream) {
        None => Code::CLOSED.0,
        Some(content) => {
            // Short reads, so that a test finds code that relies on long ones.
            let n = content.len().min(cap).min(1000);
            // SAFETY: the caller's promise, and it fits.
            unsafe { std::ptr::copy_nonoverlapping(content.as_ptr(), ptr, n) };
            content.drain(..n);
            n as i64
        }
    })
}

/// Answers `core write`.
pub(crate) unsafe fn core_write(stream: u32, ptr: *const u8, len: usize) -> i64 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { guest::input(ptr, len) };
    STATE.with_borrow_mut(|s| match &mut s.response {
        _ if s.outputs.contains_key(&stream) => {
            s.outputs.entry(stream).or_default().extend_from_slice(bytes);
            len as i64
        }
        Some((handle, reply)) if *handle == stream && s.streams.contains_key(&stream) => {
            reply.body.extend_from_slice(bytes);
            len as i64
        }
        _ => match s.stores.writing.get_mut(&stream) {
            Some(w) => {
                w.blob.extend_from_slice(bytes);
                len as i64
            }
            None => Code::CLOSED.0,
        },
    })
}

/// Answers `core close`.
pub(crate) unsafe fn core_close(stream: u32) -> i64 {
    let close = |s: &mut State| {
        s.stores.writing.remove(&stream);
        s.streams.remove(&stream)
    };
    match STATE.with_borrow_mut(close) {
        Some(_) => 0,
        None => Code::CLOSED.0,
    }
}

/// Answers `http flush`.
pub(crate) unsafe fn http_flush(stream: u32) -> i64 {
    STATE.with_borrow_mut(|s| match &mut s.response {
        Some((handle, reply)) if *handle == stream => {
            reply.flushes += 1;
            0
        }
        _ => Code::CLOSED.0,
    })
}
