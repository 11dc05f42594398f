// The JavaScript guest for tests of console commands.

import type { Command } from "stackhost";

export const commands = {
  echo(cmd: Command) {
    cmd.stdout.write(cmd.args.join(" ") + "\n");
  },

  async cat(cmd: Command) {
    for await (const chunk of cmd.stdin) cmd.stdout.write(chunk);
  },

  fail(cmd: Command) {
    cmd.stderr.write("it failed\n");
    return 3;
  },

  wrong() {
    throw new Error("something is wrong");
  },

  count(cmd: Command) {
    const n = Number(cmd.args[0] ?? NaN);
    if (!(n >= 0)) throw new Error("count takes a number");
    const bar = cmd.progress("numbers", n);
    for (let i = 0; i < n; i++) bar.add();
    bar.finish();
    cmd.table(["n", "square"], Array.from({ length: Math.min(n, 3) }, (_, i) => [i + 1, (i + 1) ** 2]));
  },
};
