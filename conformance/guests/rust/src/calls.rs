//! What the host offers, with failures shown as the suite wants to see them.

use stackhost::json::{self, Object};
use stackhost::{Batch, Error, Fetch, LogLevel, Request, Response, Result, Supports, Value};

fn answer(result: Result<String>) -> Result {
    Ok(Response::json(result.unwrap_or_else(|e| failure(&e))))
}

fn failure(e: &Error) -> String {
    json::object(|o| _ = o.int("code", e.code.0).str("error", &e.text))
}

fn argument(request: &Request, name: &str) -> String {
    request.query(name).unwrap_or_default().into_owned()
}

pub fn log(request: &mut Request) -> Result {
    let level = match argument(request, "level").as_str() {
        "trace" => LogLevel::TRACE,
        "debug" => LogLevel::DEBUG,
        "warn" => LogLevel::WARN,
        "error" => LogLevel::ERROR,
        _ => LogLevel::INFO,
    };
    let list = Value::Array(vec![1.into(), "two".into()]);
    let fields =
        [("text", "value".into()), ("number", 7.into()), ("flag", true.into()), ("list", list)];
    stackhost::log::write(level, "conformance", &fields);
    Ok(Response::text("logged"))
}

pub fn config(request: &mut Request) -> Result {
    answer(stackhost::config(&argument(request, "key")).map(|v| json::value(&v)))
}

pub fn secret(request: &mut Request) -> Result {
    let text = |v: Vec<u8>| json::value(&Value::from(String::from_utf8_lossy(&v).into_owned()));
    answer(stackhost::secret(&argument(request, "name")).map(text))
}

fn write_supports(o: &mut Object, s: &Supports) {
    o.uint("version", s.version).bool("granted", s.granted);
}

pub fn supports(request: &mut Request) -> Result {
    let text = |s| json::object(|o| write_supports(o, &s));
    answer(stackhost::supports(&argument(request, "name")).map(text))
}

pub fn fetch(request: &mut Request) -> Result {
    let get = || -> Result<String> {
        let mut response = Fetch::get(&argument(request, "url")).send()?;
        let body = response.body.bytes(1 << 20)?;
        let (status, body) = (response.status, String::from_utf8_lossy(&body));
        Ok(json::object(|o| _ = o.int("status", status.into()).str("body", &body)))
    };
    answer(get())
}

pub fn batch(_: &mut Request) -> Result {
    let mut batch = Batch::new();
    let config = batch.config("");
    let core = batch.supports("core");
    answer(batch.run().map(|results| {
        json::object(|o| {
            match results.config(config) {
                Ok(v) => o.value("config", &v),
                Err(e) => o.raw("config", &failure(&e)),
            };
            match results.supports(core) {
                Ok(s) => o.object("supports", |o| write_supports(o, &s)),
                Err(e) => o.raw("supports", &failure(&e)),
            };
        })
    }))
}
