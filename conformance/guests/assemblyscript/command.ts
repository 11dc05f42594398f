// The AssemblyScript guest for tests of console commands.

import { Command, onCommand, table } from "stackhost";
export { stackhost_abi_1, stackhost_alloc, stackhost_command } from "stackhost";

onCommand("echo", (c: Command): i32 => {
  c.stdout.write(c.args.join(" ") + "\n");
  return 0;
});

onCommand("cat", (c: Command): i32 => {
  const code = c.stdin.copyTo(c.stdout);
  return code < 0 ? c.fail("copying ended with code " + code.toString()) : 0;
});

onCommand("fail", (c: Command): i32 => {
  c.stderr.write("it failed\n");
  return 3;
});

onCommand("wrong", (c: Command): i32 => c.fail("something is wrong"));

onCommand("count", (c: Command): i32 => {
  const n = c.args.length ? parseInt(c.args[0]) : NaN;
  if (!(n >= 0)) return c.fail("count takes a number");
  const bar = c.progress("numbers", <u64>n);
  for (let i: u64 = 0; i < <u64>n; i++) bar.add();
  bar.finish();
  const rows: string[][] = [];
  for (let i = 1; i <= min(<i32>n, 3); i++) rows.push([i.toString(), (i * i).toString()]);
  table(c.stdout, ["n", "square"], rows);
  return 0;
});
