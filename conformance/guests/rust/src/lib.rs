//! The Rust guest of the conformance suite: one route for each thing that the suite looks at. The same
//! routes exist in every SDK's language.

mod calls;
mod leak;

use stackhost::{get, json, post, random, time, BootRequest, Code, Error, Job};
use stackhost::{Request, Response, Result, Router, Verdict};
use std::cell::{Cell, RefCell};
use std::hint::black_box;

static ROUTES: Router = Router::new(&[
    get("/t/echo-request", echo_request),
    post("/t/echo", echo),
    post("/t/sum", sum),
    get("/t/status/{code}", status),
    get("/t/headers", headers),
    get("/t/stream", stream),
    get("/t/empty", |_| Ok(Response::new(204))),
    get("/t/counter", counter),
    get("/t/random", numbers),
    get("/t/log", calls::log),
    get("/t/config", calls::config),
    get("/t/secret", calls::secret),
    get("/t/supports", calls::supports),
    get("/t/fetch", calls::fetch),
    get("/t/batch", calls::batch),
    get("/t/trap", |_| panic!("asked to trap")),
    get("/t/loop", endless),
    get("/t/recurse", |_| Ok(Response::text(recurse(1).to_string()))),
    get("/t/grow", grow),
    get("/t/error", error),
    get("/t/leak", leak::leak),
    get("/t/time", |_| Ok(Response::json(json::object(|o| _ = o.uint("us", time::now_us()))))),
    get("/t/boot", |_| {
        Ok(Response::text(format!("booted once: {}", TABLE.with_borrow(|t| t[0].1))))
    }),
]);

stackhost::http!(ROUTES);
stackhost::middleware!(around);
stackhost::job!(work);
stackhost::boot!(boot);

thread_local! {
    static COUNTER: Cell<u32> = const { Cell::new(0) };
    static ON_HEAP: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    static TABLE: RefCell<Vec<(&'static str, u32)>> = const { RefCell::new(Vec::new()) };
}

fn boot(_: &BootRequest) -> Result<()> {
    TABLE.with_borrow_mut(|table| {
        let boots = table.first().map_or(0, |(_, n)| *n) + 1;
        *table = vec![("booted once", boots)];
    });
    ON_HEAP.set(vec![0]);
    leak::prepare();
    Ok(())
}

fn echo_request(request: &mut Request) -> Result {
    let record = request.record();
    Ok(Response::json(json::object(|o| {
        o.str("method", record.method).str("path", record.path).str("query", record.query);
        o.str("scheme", record.scheme).str("host", record.host);
        o.array("headers", |a| {
            for (name, value) in &record.headers {
                a.array(|a| _ = a.str(name).str(&json::base64(value)));
            }
        });
        o.array("params", |a| {
            for (name, value) in &record.params {
                a.array(|a| _ = a.str(name).str(value));
            }
        });
        o.int("body_length", record.body_length).str("route", record.route);
        o.bool("has_id", !record.id.is_empty());
        o.bool("has_traceparent", !record.traceparent.is_empty());
        o.bool("timeout_positive", record.timeout_ms > 0);
    })))
}

fn echo(request: &mut Request) -> Result {
    let kind = request.header("content-type").unwrap_or("application/octet-stream").to_string();
    let response = Response::new(200).header("content-type", kind);
    let body = request.body();
    if body.is_whole() {
        return Ok(response.body(body.bytes(usize::MAX)?.into_owned()));
    }
    let mut out = response.start()?;
    body.copy_to(&mut out)?;
    out.finish()
}

fn sum(request: &mut Request) -> Result {
    let (mut bytes, mut sum) = (0, 0u32);
    let mut buffer = vec![0; 8192];
    loop {
        let n = request.body().read(&mut buffer)?;
        if n == 0 {
            break;
        }
        bytes += n as u64;
        sum = buffer[..n].iter().fold(sum, |s, b| s.wrapping_add((*b).into()));
    }
    Ok(Response::json(json::object(|o| _ = o.uint("bytes", bytes).uint("sum", sum.into()))))
}

fn status(request: &mut Request) -> Result {
    match request.param("code").parse() {
        Ok(code) => Ok(Response::new(code)),
        Err(_) => Ok(Response::problem(400, "code must be a number")),
    }
}

fn headers(_: &mut Request) -> Result {
    let response = Response::text("headers").header("x-a", "1").header("x-a", "2");
    let response = response.header("x-bin", &b"\xff\xfe"[..]);
    Ok(response.header("connection", "close").header("content-length", "3"))
}

/// A number of the query, or otherwise.
fn number(request: &Request, name: &str, otherwise: usize) -> usize {
    request.query(name).and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

fn stream(request: &mut Request) -> Result {
    let chunk = vec![b'x'; number(request, "size", 1)];
    let mut out = Response::text("").start()?;
    for _ in 0..number(request, "n", 1) {
        out.write(&chunk)?;
        out.flush()?;
    }
    out.finish()
}

fn counter(_: &mut Request) -> Result {
    let global = COUNTER.get() + 1;
    COUNTER.set(global);
    let on_heap = ON_HEAP.with_borrow_mut(|list| {
        list[0] += 1;
        list[0]
    });
    Ok(Response::text(global.max(on_heap).to_string()))
}

/// Rust's standard library has no generator of its own, so `language` is empty.
fn numbers(_: &mut Request) -> Result {
    let number = random::hex(8);
    Ok(Response::json(json::object(|o| _ = o.str("request", &number).str("language", ""))))
}

fn endless(_: &mut Request) -> Result {
    loop {
        COUNTER.set(black_box(COUNTER.get().wrapping_add(1)));
    }
}

/// Never ends, and does something after each call so that it cannot become a loop.
#[allow(unconditional_recursion)]
fn recurse(n: u32) -> u32 {
    black_box(recurse(black_box(n.wrapping_add(1)))).wrapping_add(COUNTER.get())
}

fn grow(request: &mut Request) -> Result {
    let ok = leak::grow(number(request, "mb", 1) * 16).is_some();
    Ok(Response::json(json::object(|o| _ = o.bool("ok", ok))))
}

fn error(request: &mut Request) -> Result {
    match request.query("code").and_then(|code| code.parse().ok()) {
        Some(code @ ..=-1) => Err(Error::new(Code(code), "")),
        _ => Ok(Response::problem(400, "code must be a negative number")),
    }
}

fn around(request: &mut Request) -> Result<Verdict> {
    Ok(match request.header("X-Mw") {
        Some("block") => Verdict::answer(Response::text("blocked").status(403)),
        Some("set") => Verdict::pass().set_header("x-added", "1").response_header("x-mw", "seen"),
        _ => Verdict::pass(),
    })
}

fn work(job: &Job) -> Result<Vec<u8>> {
    match job.name {
        "fail" => Err(Error::new(Code(-1001), "asked to fail")),
        "trap" => panic!("asked to trap"),
        _ => Ok(job.payload.iter().rev().copied().collect()),
    }
}
