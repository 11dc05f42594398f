// Compares encodings with the host's: records.txt has records as the host's codec writes them, cut short and damaged. It is
// shared with the Rust SDK. The module in UNIT_WASM and the test host's own codec are judged.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { decode, encode } from "../testing/msgpack.mjs";
import { records } from "../testing/records.mjs";

const text = await readFile(new URL("../../rust/tests/records.txt", import.meta.url), "utf8");
const lines = text.trim().split("\n").map((line) => line.split(" "));

test("the SDK's records", async () => {
  const module = await WebAssembly.compile(await readFile(process.env.UNIT_WASM));
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => -3n;
  const { exports } = new WebAssembly.Instance(module, imports);
  exports._initialize();
  const names = Object.keys(records);
  lines.forEach(([record, hex, want], i) => {
    const bytes = Buffer.from(hex, "hex");
    const ptr = exports.stackhost_alloc(bytes.length) >>> 0;
    new Uint8Array(exports.memory.buffer, ptr, bytes.length).set(bytes);
    const result = exports.recode(names.indexOf(record), ptr, bytes.length);
    const at = Number(result >> 32n);
    const got = result < 0n ? "!" : Buffer.from(exports.memory.buffer, at, Number(result & 0xffffffffn)).toString("hex");
    assert.equal(got, want, `line ${i + 1}`);
  });
});

test("the test host's records", () => {
  lines.forEach(([record, hex, want], i) => {
    // JavaScript has one kind of number, so a float that is whole cannot be told from an integer.
    if (want === "!" || want.includes("cb")) return;
    assert.equal(Buffer.from(encode(record, decode(record, Buffer.from(hex, "hex")))).toString("hex"), want, `line ${i + 1}`);
  });
});
