// Runs conformance guests in the test host: GUESTS lists their paths, separated by colons.

import assert from "node:assert/strict";
import test from "node:test";
import { load } from "../testing/host.mjs";

const options = {
  config: { name: "app", nested: { n: 1.5, list: [1, "two", null] }, long: "z".repeat(5000) },
  secrets: { key: "s3" },
  fetch: (r) => ({ status: 418, body: `${r.method} ${r.url}`, streamed: r.url.endsWith("streamed") }),
};

for (const path of process.env.GUESTS.split(":")) {
  const app = await load(path, options);
  const get = (target, more) => app.request("GET", target, more);
  const json = (target, more) => get(target, more).json();
  const check = (name, body) => test(`${path.split("/").at(-2)}: ${name}`, body);

  check("sees the whole request", () => {
    const headers = [["X-One", "1"], ["x-two", "a"], ["x-two", Uint8Array.of(0xff, 0xfe)]];
    const seen = json("/t/echo-request?a=1&b=%20", { headers, params: [["id", "7"], ["é", "ü"]] });
    assert.deepEqual(seen, {
      method: "GET", path: "/t/echo-request", query: "a=1&b=%20", scheme: "http", host: "test.example",
      headers: [["x-one", "MQ=="], ["x-two", "YQ=="], ["x-two", "//4="]],
      params: [["id", "7"], ["é", "ü"]],
      body_length: 0, route: "/t/echo-request", has_id: true, has_traceparent: true, timeout_positive: true,
    });
  });

  check("echoes bodies of every size", () => {
    for (const size of [0, 1, 1000, 65536, 65537, 300_000]) {
      for (const streamed of [false, true]) {
        const body = Buffer.alloc(size, "abcdefg\xff", "latin1");
        const reply = app.request("POST", "/t/echo", { body, streamed, headers: [["Content-Type", "x/y"]] });
        assert.equal(reply.header("content-type"), "x/y");
        assert.equal(Buffer.compare(reply.bytes(), body), 0, `${size} bytes`);
        const sum = body.reduce((s, b) => (s + b) >>> 0, 0);
        assert.deepEqual(app.request("POST", "/t/sum", { body, streamed }).json(), { bytes: size, sum });
      }
    }
  });

  check("sets status and headers", () => {
    assert.equal(get("/t/status/418").status, 418);
    assert.equal(get("/t/status/x").status, 400);
    assert.equal(get("/t/empty").status, 204);
    const { headers } = get("/t/headers");
    const values = (name) => headers.filter(([n]) => n === name).map(([, v]) => Buffer.from(v).toString("latin1"));
    assert.deepEqual([values("x-a"), values("x-bin"), values("connection")], [["1", "2"], ["\xff\xfe"], ["close"]]);
    assert.equal(get("/t/nothing").status, 404);
    assert.equal(app.request("PUT", "/t/echo").header("allow"), "POST");
  });

  check("streams", () => {
    const reply = get("/t/stream?n=7&size=1000");
    assert.deepEqual([reply.flushes, reply.text()], [7, "x".repeat(7000)]);
  });

  check("starts clean each time", () => {
    for (let i = 0; i < 3; i++) {
      assert.equal(get("/t/counter").text(), "1");
      assert.equal(get("/t/leak", { headers: [["X-Marker", `marker-${i}`]] }).text(), "clean");
      assert.equal(get("/t/boot").text(), "booted once: 1");
    }
  });

  check("shows a leak when memory is kept", async () => {
    const kept = await load(path, { ...options, pristine: false });
    assert.equal(kept.request("GET", "/t/leak", { headers: [["x-marker", "first"]] }).text(), "clean");
    assert.match(kept.request("GET", "/t/leak").text(), /^leak: static buffer at 0: .*firstfirst/);
    assert.equal(kept.request("GET", "/t/counter").text(), "1");
    assert.equal(kept.request("GET", "/t/counter").text(), "2");
  });

  check("draws other numbers in each call", () => {
    const [a, b] = [json("/t/random"), json("/t/random")];
    assert.match(a.request, /^[0-9a-f]{16}$/);
    assert.notEqual(a.request, b.request);
    if (a.language) assert.notEqual(a.language, b.language);
    // ChaCha20 with a key of zeros: every SDK has the same generator.
    assert.equal(json("/t/random", { random: new Uint8Array(16) }).request, "89670952608364fd");
  });

  check("calls the host", () => {
    get("/t/log?level=warn");
    assert.deepEqual(app.logs.at(-1), { level: 3, message: "conformance", fields: { text: "value", number: 7, flag: true, list: [1, "two"] } });
    assert.equal(json("/t/config?key=name"), "app");
    assert.equal(json("/t/config?key=long").length, 5000);
    assert.deepEqual(json("/t/config?key=nested"), options.config.nested);
    assert.deepEqual(json("/t/config?key=absent"), { code: -5, error: "no config value absent" });
    assert.equal(json("/t/secret?name=key"), "s3");
    assert.equal(json("/t/secret?name=absent").code, -5);
    assert.deepEqual(json("/t/supports?name=core"), { version: 1, granted: true });
    assert.deepEqual(json("/t/supports?name=teapot"), { version: 0, granted: false });
    assert.deepEqual(json("/t/batch"), { config: options.config, supports: { version: 1, granted: true } });
    assert.deepEqual(json("/t/fetch?url=https://x.test/a"), { status: 418, body: "GET https://x.test/a" });
    assert.deepEqual(json("/t/fetch?url=https://x.test/streamed"), { status: 418, body: "GET https://x.test/streamed" });
    assert.ok(Math.abs(json("/t/time").us / 1000 - Date.now()) < 60_000);
  });

  check("reports what is denied", async () => {
    const poor = await load(path);
    assert.deepEqual(poor.request("GET", "/t/fetch?url=http://x/").json(), { code: -4, error: "fetch is not granted" });
    assert.deepEqual(poor.request("GET", "/t/supports?name=fetch").json(), { version: 1, granted: false });
  });

  check("fails with a code", () => {
    for (const code of [-1, -5, -1000, -123456]) assert.equal(get(`/t/error?code=${code}`).code, code);
    assert.equal(get("/t/error?code=5").status, 400);
  });

  check("traps with a reason in the log", () => {
    assert.throws(() => get("/t/trap"), WebAssembly.RuntimeError);
    assert.equal(app.logs.at(-1).level, 4);
    assert.match(app.logs.at(-1).message, /asked to trap/);
    assert.throws(() => get("/t/recurse"), Error);
    assert.deepEqual(json("/t/grow?mb=1"), { ok: true });
  });

  check("decides as middleware", () => {
    const decide = (wish) => app.middleware("GET", "/", { headers: [["x-mw", wish]] });
    assert.equal(decide("").action, 0);
    const blocked = decide("block");
    assert.deepEqual([blocked.action, blocked.response.status, Buffer.from(blocked.response.body).toString()], [1, 403, "blocked"]);
    const set = decide("set");
    const text = (pairs) => pairs.map(([n, v]) => `${n}: ${Buffer.from(v)}`);
    assert.deepEqual([set.action, text(set.set_headers), text(set.response_headers)], [0, ["x-added: 1"], ["x-mw: seen"]]);
  });

  check("does jobs", () => {
    assert.equal(Buffer.from(app.job("reverse", "abc")).toString(), "cba");
    assert.equal(app.job("reverse", "").length, 0);
    assert.equal(app.job("fail", "x"), -1001);
    assert.throws(() => app.job("trap", "x"), WebAssembly.RuntimeError);
  });
}
