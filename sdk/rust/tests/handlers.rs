//! The public interface, used as a guest uses it, against the test host.

use stackhost::testing::{run_job, Call, Host};
use stackhost::{
    config, get, log, post, random, secret, supports, time, Batch, Code, Error, Fetch, Handle, Job,
    LogLevel, Request, Response, Result, Router, Value, Verdict,
};
use std::io::{Read, Write};

static ROUTES: Router = Router::new(&[
    get("/hello/{name}", |r| Ok(Response::text(format!("Hello, {}!", r.param("name"))))),
    get("/files/{path...}", |r| Ok(Response::text(r.param("path").to_string()))),
    post("/hello/{name}", |_| Ok(Response::new(201))),
    get("/query", |r| Ok(Response::text(r.query("a").unwrap_or_default().into_owned()))),
    get("/header", |r| Ok(Response::text(r.header("X-Thing").unwrap_or("none").to_string()))),
]);

#[test]
fn routes() {
    Host::new();
    for (method, target, status, body) in [
        ("GET", "/hello/Ada", 200, "Hello, Ada!"),
        ("HEAD", "/hello/Ada", 200, "Hello, Ada!"),
        ("GET", "/hello/A%20%C3%A9", 200, "Hello, A é!"),
        ("POST", "/hello/Ada", 201, ""),
        ("GET", "/files/a/b%2Fc", 200, "a/b/c"),
        ("GET", "/query?b=2&a=x+y%21&a=z", 200, "x y!"),
        ("GET", "/header", 200, "v"),
    ] {
        let reply = Call::new(method, target).header("x-THING", "v").send(&ROUTES);
        assert_eq!((reply.status, reply.text()), (status, body), "{method} {target}");
    }
    let reply = Call::new("PUT", "/hello/Ada").send(&ROUTES);
    assert_eq!((reply.status, reply.header("Allow")), (405, "GET, POST"));
    let reply = Call::get("/nothing").send(&ROUTES);
    assert_eq!((reply.status, reply.header("content-type")), (404, "application/problem+json"));
    assert!(reply.text().contains(r#""title":"Not Found","status":404"#));
}

#[test]
fn params_of_the_route_of_the_host() {
    Host::new();
    let handler = |r: &mut Request| Ok(Response::text(r.param("id").to_string()));
    assert_eq!(Call::get("/x").param("id", "7").send(&handler).text(), "7");
}

#[test]
fn bodies_inline_and_streamed() {
    Host::new();
    fn length(r: &mut Request) -> Result {
        let whole = r.body().is_whole();
        let body = r.body().bytes(100_000)?;
        Ok(Response::text(format!("{whole} {}", body.len())))
    }
    fn read_all(r: &mut Request) -> Result {
        let mut text = String::new();
        r.body().read_to_string(&mut text)?;
        Ok(Response::text(text))
    }
    let send = |n: usize| Call::post("/", vec![b'x'; n]);
    assert_eq!(send(10).send(&length).text(), "true 10");
    assert_eq!(send(10).streamed().send(&length).text(), "false 10");
    assert_eq!(send(70_000).send(&length).text(), "false 70000");
    assert_eq!(send(100_001).send(&length).code, Some(Code::LIMIT));
    assert_eq!(send(2500).streamed().send(&read_all).body.len(), 2500);
    assert_eq!(send(2500).send(&read_all).body.len(), 2500);
}

#[test]
fn forms() {
    Host::new();
    fn form(r: &mut Request) -> Result {
        let form = r.form()?;
        Ok(Response::text(format!("{}/{}", form.get("name"), form.get("message"))))
    }
    assert_eq!(Call::post("/", "name=Ada&message=a+b%26c").send(&form).text(), "Ada/a b&c");
    assert_eq!(Call::post("/", vec![0xff]).send(&form).code, Some(Code::INVALID));
}

#[test]
fn streamed_responses() {
    Host::new();
    fn lines(_: &mut Request) -> Result {
        let mut out = Response::text("begin\n").status(202).start()?;
        for i in 0..3 {
            writeln!(out, "line {i}")?;
            out.flush()?;
        }
        out.finish()
    }
    let reply = Call::get("/").send(&lines);
    assert_eq!((reply.status, reply.flushes), (202, 3));
    assert_eq!(reply.text(), "begin\nline 0\nline 1\nline 2\n");

    let twice = |_: &mut Request| {
        let out = Response::new(200).start()?;
        assert_eq!(Response::new(200).start().unwrap_err().code, Code::CLOSED);
        out.finish()
    };
    assert_eq!(Call::get("/").send(&twice).status, 200);

    let long = |r: &mut Request| Ok(Response::text("y".repeat(r.param("n").parse().unwrap())));
    assert_eq!(Call::get("/").param("n", "200000").send(&long).body.len(), 200_000);
    assert_eq!(Call::get("/").param("n", "1048576").send(&long).code, Some(Code::INTERNAL));
}

#[test]
fn failures_become_codes_and_log_records() {
    let host = Host::new();
    let fail = |_: &mut Request| Err(Error::new(Code::CONFLICT, "already there"));
    assert_eq!(Call::get("/").send(&fail).code, Some(Code::CONFLICT));
    let (level, text, fields) = host.logs().remove(0);
    assert_eq!((level, text.as_str()), (LogLevel::ERROR, "already there"));
    assert_eq!(fields.get("code").and_then(Value::as_int), Some(-6));

    let wrong = |_: &mut Request| Err(Error::new(Code(5), ""));
    assert_eq!(Call::get("/").send(&wrong).code, Some(Code::INTERNAL));
    assert_eq!(Code::DEADLINE.status(), 504);
    assert!(Code::DEADLINE.retry() && !Code::DENIED.retry());
    assert_eq!((Code::NOT_FOUND.name(), Code(-1001).name()), ("not_found", "guest"));
}

#[test]
fn settings_and_log() {
    let host =
        Host::new().config("greeting", "Hi").config("long", "z".repeat(5000)).secret("key", b"s3");
    assert_eq!(config("greeting").unwrap().as_str(), Some("Hi"));
    assert_eq!(config("long").unwrap().as_str().map(str::len), Some(5000), "through core take");
    let absent = config("absent").unwrap_err();
    assert_eq!(
        (absent.code, absent.to_string().as_str()),
        (Code::NOT_FOUND, "not_found: no config value absent")
    );
    assert_eq!(secret("key").unwrap(), b"s3");
    assert_eq!(secret("other").unwrap_err().code, Code::NOT_FOUND);
    let core = supports("core").unwrap();
    assert_eq!((core.version, core.granted), (1, true));
    assert!(!supports("fetch").unwrap().granted);
    assert_eq!(supports("teapot").unwrap().version, 0);
    log::warn("careful", &[("n", 1.into()), ("ok", true.into())]);
    assert_eq!(host.logs()[0].0, LogLevel::WARN);
    assert_eq!(host.logs()[0].2.get("ok"), Some(&Value::Bool(true)));
}

#[test]
fn fetching() {
    Host::new();
    assert_eq!(Fetch::get("https://example.test/").send().unwrap_err().code, Code::DENIED);
    Host::new().fetch(|r| {
        assert_eq!(
            (r.method, r.headers.as_slice()),
            ("POST", &[("content-type", &b"text/plain"[..])][..])
        );
        Ok(Response::text(format!("{} {}", r.url, r.body.len())).status(418))
    });
    let mut reply = Fetch::post("https://example.test/", "text/plain", "body").send().unwrap();
    assert_eq!(
        (reply.status, reply.header("Content-Type")),
        (418, Some("text/plain; charset=utf-8"))
    );
    assert_eq!(reply.body.text(100).unwrap(), "https://example.test/ 4");
}

#[test]
fn batches_answer_in_order() {
    Host::new().config("a", 5).fetch(|_| Ok(Response::text("fetched")));
    let mut batch = Batch::new();
    let a = batch.config("a");
    let b = batch.config("b");
    let core = batch.supports("core");
    let page = batch.fetch(&Fetch::get("https://example.test/"));
    let results = batch.run().unwrap();
    assert_eq!(results.config(a).unwrap().as_int(), Some(5));
    assert_eq!(results.config(b).unwrap_err().code, Code::NOT_FOUND);
    assert!(results.supports(core).unwrap().granted);
    assert_eq!(results.fetch(page).unwrap().body.text(100).unwrap(), "fetched");
    assert_eq!(results.secret(9).unwrap_err().code, Code::NOT_FOUND);
}

#[test]
fn middleware_decisions() {
    Host::new();
    fn around(r: &mut Request) -> Result<Verdict> {
        Ok(match r.header("x-mw") {
            Some("block") => Verdict::answer(Response::text("blocked").status(403)),
            Some("set") => {
                Verdict::pass().set_header("x-added", "1").remove_header("cookie").path("/new")
            }
            Some("fail") => return Err(Error::new(Code::DENIED, "")),
            _ => Verdict::pass(),
        })
    }
    let ask = |wish: &str| Call::get("/").header("x-mw", wish).decide(around, |r| format!("{r:?}"));
    assert!(ask("").unwrap().contains("set_headers: []"));
    assert!(ask("block").unwrap().contains("status: 403"));
    assert!(ask("set").unwrap().contains(r#"remove_headers: ["cookie"], path: "/new""#));
    assert_eq!(ask("fail").unwrap_err().code, Code::DENIED);
}

#[test]
fn jobs() {
    fn work(job: &Job) -> Result<Vec<u8>> {
        match job.name {
            "fail" => Err(Error::new(Code(-1001), "")),
            _ => Ok(job.payload.iter().rev().copied().collect()),
        }
    }
    Host::new();
    assert_eq!(run_job("reverse", b"abc", work).unwrap(), b"cba");
    assert_eq!(run_job("reverse", b"", work).unwrap(), b"");
    assert_eq!(run_job("fail", b"", work).unwrap_err().code, Code(-1001));
}

#[test]
fn numbers_and_time_belong_to_the_call() {
    Host::new();
    let handler =
        |_: &mut Request| Ok(Response::text(format!("{} {}", random::hex(8), time::now_us())));
    let (first, second) = (Call::get("/").send(&handler), Call::get("/").send(&handler));
    assert_ne!(first.body, second.body);
    assert!(first.text().ends_with(" 1700000000000000"));
}

#[test]
fn malformed_requests_are_refused() {
    Host::new();
    let handler: &dyn Handle = &ROUTES;
    for bytes in
        [&b""[..], b"\x91", b"\xc3", b"\x91\xa2\xff\xff", b"\x90\x00", b"\xdd\xff\xff\xff\xff"]
    {
        let answer = stackhost::guest::http(bytes, handler);
        assert_eq!(answer, stackhost::guest::Answer::Code(Code::INVALID), "{bytes:?}");
    }
    assert_eq!(
        stackhost::guest::http(b"\x90", handler),
        stackhost::guest::Answer::Record,
        "all defaults"
    );
}

#[test]
fn the_input_area_is_aligned_and_reused() {
    let first = stackhost::guest::alloc(100);
    assert_eq!(first as usize % 8, 0);
    assert_eq!(first, stackhost::guest::alloc(1000));
    assert!(stackhost::guest::alloc(isize::MAX as usize - 7).is_null());
}
