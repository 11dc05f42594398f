// The golden vectors of the ABI, abi/testdata/vectors.json, for the module in UNIT_WASM and the test host's own codec.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { encode } from "../testing/msgpack.mjs";
import { codes, records } from "../testing/records.mjs";

const { cases } = JSON.parse(await readFile(new URL("../../../abi/testdata/vectors.json", import.meta.url), "utf8"));
assert.ok(cases.length > 100);

/** A free-form value or a field as the test host takes it. A whole float, which JavaScript cannot tell from an integer, throws. */
function plain(v) {
  if (Array.isArray(v)) return v.map(plain);
  if (v === null || typeof v !== "object") return v;
  if ("hex" in v) return new Uint8Array(Buffer.from(v.hex, "hex"));
  if ("int" in v) return BigInt(v.int);
  if ("map" in v) return Object.fromEntries(v.map.map(([name, value]) => [name, plain(value)]));
  if (!("float" in v)) return Object.fromEntries(Object.entries(v).map(([name, value]) => [name, plain(value)]));
  if (Number.isInteger(Number(v.float))) throw new RangeError("a whole float");
  return Number(v.float);
}

const inputOf = ({ hex, repeat, end = "" }) => Buffer.from(hex + (repeat ? repeat.hex.repeat(repeat.times) : "") + end, "hex");

test("the SDK's records", async () => {
  const module = await WebAssembly.compile(await readFile(process.env.UNIT_WASM));
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => -3n;
  const names = Object.keys(records);
  let exports;
  const recode = (record, bytes) => {
    const ptr = exports.stackhost_alloc(bytes.length) >>> 0;
    new Uint8Array(exports.memory.buffer, ptr, bytes.length).set(bytes);
    const result = exports.recode(names.indexOf(record), ptr, bytes.length);
    if (result < 0n) return Object.keys(codes).find((name) => codes[name] === Number(result));
    return Buffer.from(exports.memory.buffer, Number(result >> 32n), Number(result & 0xffffffffn)).toString("hex");
  };
  const canonical = new Map();
  for (const c of cases) {
    ({ exports } = new WebAssembly.Instance(module, imports));
    exports._initialize();
    const input = inputOf(c);
    const got = recode(c.record, input);
    if (c.error) {
      assert.equal(got, c.error, c.name);
      continue;
    }
    if (c.may_refuse && got === "invalid") continue;
    if (c.encodes) assert.equal(got, input.toString("hex"), c.name);
    // All encodings of one value have to become the same bytes.
    const value = c.record + JSON.stringify(c.value);
    if (!canonical.has(value)) canonical.set(value, got);
    assert.equal(got, canonical.get(value), c.name);
    if (c.truncations) for (let n = 0; n < input.length; n++) assert.equal(recode(c.record, input.subarray(0, n)), c.truncations, c.name);
  }
});

test("the test host's records", () => {
  for (const c of cases.filter((c) => c.encodes && !c.may_refuse)) {
    let value;
    try {
      value = plain(c.value);
    } catch (e) {
      assert.match(e.message, /whole float/);
      continue;
    }
    assert.equal(Buffer.from(encode(c.record, value)).toString("hex"), inputOf(c).toString("hex"), c.name);
  }
});
