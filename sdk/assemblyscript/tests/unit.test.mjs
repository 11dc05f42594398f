// Runs the test_ functions of unit.ts, built to the path in UNIT_WASM.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

const module = await WebAssembly.compile(await readFile(process.env.UNIT_WASM));
let memory;
let logged = "";
const core = {
  log: (ptr, length) => {
    logged = Buffer.from(memory.buffer, ptr, length).toString("latin1");
    return 0n;
  },
};
const refuse = () => -3n;
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  (imports[from] ??= {})[name] = (from === "stackhost:core@1" && core[name]) || refuse;
}

const names = WebAssembly.Module.exports(module).map((e) => e.name).filter((name) => name.startsWith("test_"));
assert.notEqual(names.length, 0);
for (const name of names) {
  test(name, () => {
    const { exports } = new WebAssembly.Instance(module, imports);
    memory = exports.memory;
    exports._initialize();
    try {
      exports[name]();
    } catch (e) {
      assert.fail(logged || e.message);
    }
  });
}
