// The welcome endpoints in AssemblyScript. The host's routes send everything under /assemblyscript/ here.

import { Json, randomHex, Request, Response, Router, serve } from "stackhost";
export { stackhost_abi_1, stackhost_alloc, stackhost_http } from "stackhost";

serve(
  new Router()
    .get("/assemblyscript/", page)
    .get("/assemblyscript/hello", hello)
    .get("/assemblyscript/json", describe)
    .get("/assemblyscript/stream", stream)
    .post("/assemblyscript/form", form)
    .post("/assemblyscript/echo", echo)
    .otherwise(nothingHere),
);

function page(request: Request): Response {
  return Response.html(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>AssemblyScript on stackhost</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>
<h1>AssemblyScript</h1>
<p>This page is the answer of a WebAssembly module written in AssemblyScript.</p>
<ul>
<li><a href="/assemblyscript/hello">/assemblyscript/hello</a>: plain text</li>
<li><a href="/assemblyscript/json?a=1">/assemblyscript/json?a=1</a>: the request as JSON</li>
<li><a href="/assemblyscript/stream?n=5">/assemblyscript/stream?n=5</a>: lines, one by one</li>
</ul>
<form method="post" action="/assemblyscript/form">
<label>Name <input name="name"></label>
<label>Message <input name="message"></label>
<button>Send</button>
</form>
</html>
`);
}

function hello(request: Request): Response {
  return Response.text("Hello from AssemblyScript");
}

function describe(request: Request): Response {
  const json = new Json().open();
  json.key("language").str("AssemblyScript").key("message").str("Hello, world");
  json.key("path").str(request.path).key("method").str(request.method);
  json.key("query").open();
  const query = request.query;
  for (let i = 0; i < query.names.length; i++) {
    const name = query.names[i];
    if (query.names.indexOf(name) == i) json.key(name).str(query.values[i]);
  }
  json.close();
  return Response.json(json.key("random").str(randomHex(8)).close());
}

function form(request: Request): Response {
  const body = request.form();
  if (!body.ok) return Response.fail(body.code, body.text);
  const name = body.value.get("name");
  const message = body.value.get("message");
  if (!name.length) return Response.problem(422, "name is required");
  if (!message.length) return Response.problem(422, "message is required");
  const json = new Json().open();
  json.key("language").str("AssemblyScript").key("name").str(name).key("message").str(message);
  return Response.json(json.key("length").int(String.UTF8.byteLength(message)).close());
}

/** The number that n is, or 0 when it is not one from 1 to 1000. */
function lines(n: string): i32 {
  if (!n.length || n.length > 4) return 0;
  for (let i = 0; i < n.length; i++) {
    const c = n.charCodeAt(i);
    if (c < 48 || c > 57) return 0;
  }
  const value = I32.parseInt(n);
  return value <= 1000 ? value : 0;
}

function stream(request: Request): Response {
  const n = lines(request.query.get("n", "5"));
  if (!n) return Response.problem(400, "n is a number from 1 to 1000");
  const out = Response.text("").start();
  for (let i = 1; i <= n; i++) {
    out.write("line " + i.toString() + " of " + n.toString() + " from AssemblyScript\n");
    out.flush();
  }
  return out.finish();
}

function echo(request: Request): Response {
  const response = new Response().header("content-type", request.header("content-type", "application/octet-stream"));
  if (request.body.isWhole) {
    response.body = request.body.bytes(i32.MAX_VALUE).value;
    return response;
  }
  const out = response.start();
  const code = request.body.copyTo(out);
  return code < 0 ? Response.fail(code) : out.finish();
}

function nothingHere(request: Request): Response {
  return Response.problem(404, "there is nothing at " + request.path);
}
