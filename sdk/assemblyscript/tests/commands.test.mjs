// Runs command guests in the test host: COMMANDS lists their paths, separated by colons.

import assert from "node:assert/strict";
import test from "node:test";
import { load } from "../testing/host.mjs";

for (const path of process.env.COMMANDS.split(":")) {
  const app = await load(path);
  const check = (name, body) => test(`${path.split("/").at(-2)}: ${name}`, body);
  const run = (line, options) => {
    const [name, ...args] = line.split(" ");
    return app.command(name, args, options);
  };
  const rows = "n  square\n1  1\n2  4\n3  9\n";

  check("takes arguments and input", () => {
    assert.deepEqual(run("echo a é 𝄞"), { exit: 0, stdout: "a é 𝄞\n", stderr: "" });
    assert.deepEqual(run("echo"), { exit: 0, stdout: "\n", stderr: "" });
    for (const stdin of ["", "one\n", "0123456789".repeat(20_000)]) assert.deepEqual(run("cat", { stdin }), { exit: 0, stdout: stdin, stderr: "" });
  });

  check("ends with an exit code", () => {
    assert.deepEqual(run("fail"), { exit: 3, stdout: "", stderr: "it failed\n" });
    assert.deepEqual(run("wrong"), { exit: 1, stdout: "", stderr: "wrong: something is wrong\n" });
    assert.deepEqual(run("nothing"), { exit: 127, stdout: "", stderr: "nothing: this module has no such command\n" });
    assert.deepEqual(run("count x"), { exit: 1, stdout: "", stderr: "count: count takes a number\n" });
  });

  check("fails when its output is refused", () => {
    const { exit, stderr } = run("echo a", { closed: true });
    assert.equal(exit, 1);
    assert.match(stderr, /^echo: .*\n$/);
  });

  check("draws progress and tables", () => {
    assert.deepEqual(run("count 250"), { exit: 0, stdout: rows, stderr: "numbers: 250 done\n" });
    assert.equal(run("count 2", { columns: 34 }).stderr, "\rnumbers [=======       ]  50% 1/2\rnumbers [==============] 100% 2/2\n");
    assert.equal(run("count 2", { columns: 20 }).stderr, "\rnumbers  50% 1/2\rnumbers 100% 2/2\n");
    assert.equal(run("count 1", { columns: 10 }).stderr, "\rnumbers 1\n");
    const { stdout, stderr } = run("count 100000", { columns: 80 });
    assert.equal(stdout, rows);
    assert.ok(stderr.split("\r").length <= 103);
    for (const line of stderr.split("\r")) assert.ok(line.trimEnd().length < 80);
  });
}
