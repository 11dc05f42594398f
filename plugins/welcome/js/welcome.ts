// Answers under /js/ in the welcome app: the same small endpoints that every SDK's language has there.

import { HTTPError, router, type Handler } from "stackhost";

const page: Handler = () =>
  new Response(
    `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>JavaScript on stackhost</title>
<h1>JavaScript</h1>
<p>This page comes from a TypeScript program. Try <a href="/js/hello">hello</a>, <a href="/js/json?a=1">json</a> and
<a href="/js/stream?n=20">stream</a>.</p>
</html>
`,
    { headers: { "content-type": "text/html; charset=utf-8" } },
  );

const hello: Handler = () => new Response("Hello from JavaScript");

const document: Handler = (request) => {
  const url = new URL(request.url);
  const query: Record<string, string> = {};
  for (const [name, value] of url.searchParams) query[name] ??= value;
  return Response.json({
    language: "JavaScript",
    message: "Hello, world",
    path: url.pathname,
    method: request.method,
    query,
    random: hex(Math.random()) + hex(Math.random()),
  });
};

/** Eight hex digits of a random number from 0 to 1. */
const hex = (n: number) => Math.floor(n * 2 ** 32).toString(16).padStart(8, "0");

const form: Handler = async (request) => {
  const fields = await request.formData();
  for (const name of ["name", "message"]) if (!fields.get(name)) throw new HTTPError(422, `${name} is required`);
  const message = fields.get("message")!;
  return Response.json({ language: "JavaScript", name: fields.get("name"), message, length: new TextEncoder().encode(message).length });
};

const stream: Handler = (request) => {
  const n = Number(new URL(request.url).searchParams.get("n") ?? 5);
  if (!Number.isInteger(n) || n < 1 || n > 1000) throw new HTTPError(400, "n must be a number from 1 to 1000");
  async function* lines() {
    for (let i = 1; i <= n; i++) yield `line ${i} of ${n} from JavaScript\n`;
  }
  return new Response(ReadableStream.from(lines()), { headers: { "content-type": "text/plain; charset=utf-8" } });
};

const echo: Handler = async (request, context) => {
  const headers = new Headers();
  const type = request.headers.get("content-type");
  if (type) headers.set("content-type", type);
  const large = context.bodyLength < 0 || context.bodyLength > 65536;
  return new Response(large ? request.body : await request.bytes(), { headers });
};

export default router()
  .get("/js/{$}", page)
  .get("/js/hello", hello)
  .get("/js/json", document)
  .post("/js/form", form)
  .get("/js/stream", stream)
  .post("/js/echo", echo);
