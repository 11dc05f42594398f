// Unit tests that run inside the module: each exported test_ function aborts when something is not as it should be. The harness
// is unit.test.mjs.

import { Code, DEPTH, FetchRequest, HttpRequest, HttpResponse, RECORD_BYTES } from "stackhost/assembly/abi";
import { Headers } from "stackhost/assembly/fields";
import { Reader, Writer } from "stackhost/assembly/msgpack";
import { begin } from "stackhost/assembly/random";
import {
  base64, bytesOf, Form, hex, Json, percentDecode, percentEncode, randomBelow, randomBytes, randomHex, Request, Response, Router,
  textOf, Value,
} from "stackhost/assembly/index";
export { stackhost_abi_1, stackhost_alloc } from "stackhost/assembly/index";
export { recode } from "./records";

function equal<T>(got: T, want: T, what: string = ""): void {
  if (got == want) return;
  if (isString<T>()) assert(false, what + ": got " + <string>got + ", want " + <string>want);
  else assert(false, what);
}

export function test_json(): void {
  const json = new Json().open();
  json.key("s").str('a"b\\c\n\u0001é').key("i").int(-5).key("f").float(1.5).key("n").float(NaN).key("b").bool(true);
  json.key("z").null().key("r").raw("[1]").key("o").open().close();
  json.key("a").openArray().str("x").int(2).openArray().closeArray().closeArray();
  json.key("v").value(Value.map().set("k", Value.bin(bytesOf("fo"))).set("l", Value.list().push(Value.nil())));
  json.close();
  const want = '{"s":"a\\"b\\\\c\\n\\u0001é","i":-5,"f":1.5,"n":null,"b":true,"z":null,"r":[1],"o":{},"a":["x",2,[]],"v":{"k":"Zm8=","l":[null]}}';
  equal(json.toString(), want, "json");
}

export function test_base64_and_hex(): void {
  // RFC 4648 section 10.
  const want = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
  for (let i = 0; i < want.length; i++) equal(base64(bytesOf("foobar".substring(0, i))), want[i], "base64");
  equal(hex(bytesOf("a\n")), "610a", "hex");
}

export function test_percent_encoding(): void {
  equal(percentDecode("a+b", true), "a b", "plus");
  equal(percentDecode("a+b", false), "a+b", "no plus");
  equal(percentDecode("caf%C3%A9 %41%6a", false), "café Aj", "utf-8");
  equal(percentDecode("100%", false), "100%", "lone percent");
  equal(percentDecode("%zz%4", false), "%zz%4", "no hex digits");
  equal(percentDecode("%ff", false), "\u00ff", "not utf-8");
  equal(percentDecode(percentEncode("a b/ü?&=+%*'"), false), "a b/ü?&=+%*'", "and back");
  const form = Form.parse("name=A+B&&x&name=C&y=%3D");
  equal(form.get("name"), "A B", "first value");
  equal(form.get("y"), "=", "escaped");
  equal(form.get("absent", "-"), "-", "absent");
  equal(form.names.length, 4, "names");
}

export function test_chacha20(): void {
  // draft-strombergson-chacha-test-vectors-01, TC1, 20 rounds, 128-bit key.
  begin(new Uint8Array(16));
  const want = "89670952608364fd00b2f90936f031c8e756e15dba04b8493d00429259b20f46cc04f111246b6c2ce066be3bfb32d9aa0fddfbc12123d4b9e44f34dca05a103f";
  equal(randomHex(64), want, "key stream");
  for (let i = 0; i < 100; i++) assert(randomBelow(3) < 3);
  equal(randomBelow(0), <u64>0, "empty range");
  begin(new Uint8Array(16));
  equal(hex(randomBytes(4)), "89670952", "begins again");
}

function answer(method: string, path: string): Response {
  const record = new HttpRequest();
  record.method = method;
  record.path = path;
  const router = new Router()
    .get("/", (r: Request) => Response.text("root"))
    .get("/a/{x}", (r: Request) => Response.text("x=" + r.param("x")))
    .post("/a/{x}", (r: Request) => Response.text("posted"))
    .get("/a/{x}/c", (r: Request) => Response.text("c of " + r.param("x")))
    .get("/f/{rest...}", (r: Request) => Response.text("rest=" + r.param("rest")))
    .get("/café", (r: Request) => Response.text("coffee"));
  return router.handle(new Request(record));
}

function body(r: Response): string {
  return textOf(r.body.dataStart, r.body.length);
}

export function test_router(): void {
  equal(body(answer("GET", "/")), "root");
  equal(body(answer("GET", "/a/b")), "x=b");
  equal(body(answer("HEAD", "/a/b")), "x=b");
  equal(body(answer("POST", "/a/b")), "posted");
  equal(body(answer("GET", "/a/b%2Fb/c")), "c of b/b");
  equal(body(answer("GET", "/f/1/2%20")), "rest=1/2 ");
  equal(body(answer("GET", "/f/")), "rest=");
  equal(body(answer("GET", "/caf%C3%A9")), "coffee");
  equal(answer("GET", "/a/").status, 404);
  equal(answer("GET", "/a").status, 404);
  equal(answer("GET", "/a/b/").status, 404);
  const refused = answer("PUT", "/a/b");
  equal(refused.status, 405);
  equal(refused.headers.get("Allow"), "GET, POST", "allow");
}

export function test_headers(): void {
  const h = new Headers();
  h.add("x-a", "1");
  h.add("x-a", "2");
  h.addBytes("x-bin", new Uint8Array(300));
  equal(h.length, 3);
  equal(h.get("X-A"), "1", "first");
  equal(h.text(1), "2", "second");
  equal(h.value(2).length, 300);
  assert(!h.has("x"));

  const r = new HttpResponse();
  r.headers = h;
  const w = new Writer();
  r.write(w);
  const again = HttpResponse.read(new Reader(w.pointer, w.length));
  equal(again.status, <u64>200);
  equal(again.headers.get("x-A"), "1", "viewed");
  again.headers.add("x-b", "3");
  equal(again.headers.length, 4);
  equal(again.headers.get("x-b"), "3", "added to a view");
}

export function test_readers_refuse(): void {
  const w = new Writer();
  for (let i = 0; i <= DEPTH; i++) w.array(1);
  w.nil();
  let reader = new Reader(w.pointer, w.length);
  reader.skip();
  equal(reader.error, "nested too deeply", "skip");
  reader = new Reader(w.pointer, w.length);
  reader.value();
  equal(reader.error, "nested too deeply", "value");
  reader = new Reader(w.pointer, RECORD_BYTES + 1);
  assert(reader.error.length > 0, "too long");

  const lies: string[] = ["", "c1", "dd7fffffff", "91a5", "9190", "91c3", "91a2c328", "91a3eda080", "900f", "91c5ffff00"];
  for (let i = 0; i < lies.length; i++) {
    const bytes = new Writer();
    for (let k = 0; k < lies[i].length; k += 2) bytes.byte(<i32>I32.parseInt(lies[i].substring(k, k + 2), 16));
    reader = new Reader(bytes.pointer, bytes.length);
    FetchRequest.read(reader);
    assert(!reader.finish(), lies[i]);
  }
}

export function test_codes(): void {
  equal(Code.NOT_FOUND, <i64>-5);
  equal(Code.GUEST_FROM, <i64>-1000);
  const problem = Response.problem(422, "name is required");
  equal(body(problem), '{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"name is required"}', "problem");
}
