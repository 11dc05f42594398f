//! The welcome endpoints in Rust. The host's routes send everything under `/rust/` here.

use stackhost::{get, json, post, random, Request, Response, Result, Router};

static ROUTES: Router = Router::new(&[
    get("/rust/", page),
    get("/rust/hello", hello),
    get("/rust/json", describe),
    get("/rust/stream", stream),
    post("/rust/form", form),
    post("/rust/echo", echo),
])
.otherwise(nothing_here);

stackhost::http!(ROUTES);

fn page(_: &mut Request) -> Result {
    Ok(Response::html(include_str!("page.html")))
}

fn hello(_: &mut Request) -> Result {
    Ok(Response::text("Hello from Rust"))
}

fn describe(request: &mut Request) -> Result {
    let mut query: Vec<(_, _)> = Vec::new();
    for (name, value) in request.query_pairs() {
        if !query.iter().any(|(n, _)| *n == name) {
            query.push((name, value));
        }
    }
    Ok(Response::json(json::object(|o| {
        o.str("language", "Rust").str("message", "Hello, world");
        o.str("path", request.path()).str("method", request.method());
        o.object("query", |o| query.iter().for_each(|(n, v)| _ = o.str(n, v)));
        o.str("random", &random::hex(8));
    })))
}

fn form(request: &mut Request) -> Result {
    let form = request.form()?;
    for field in ["name", "message"] {
        if form.get(field).is_empty() {
            return Ok(Response::problem(422, &format!("{field} is required")));
        }
    }
    Ok(Response::json(json::object(|o| {
        o.str("language", "Rust").str("name", form.get("name"));
        o.str("message", form.get("message")).uint("length", form.get("message").len() as u64);
    })))
}

fn stream(request: &mut Request) -> Result {
    let n = match request.query("n") {
        None => 5,
        Some(n) => match n.parse() {
            Ok(n @ 1..=1000) => n,
            _ => return Ok(Response::problem(400, "n is a number from 1 to 1000")),
        },
    };
    let mut out = Response::text("").start()?;
    for i in 1..=n {
        out.write(format!("line {i} of {n} from Rust\n"))?;
        out.flush()?;
    }
    out.finish()
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

fn nothing_here(request: &mut Request) -> Result {
    Ok(Response::problem(404, &format!("there is nothing at {}", request.path())))
}
