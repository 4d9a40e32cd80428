import assert from "node:assert/strict";
import { freePort } from "../kit/ports.ts";
import { TestProcess } from "../kit/process.ts";
import { sourcePrograms } from "../kit/programs.ts";
import { skip } from "../kit/skip.ts";

/** Debian's; nothing but its standard library is needed. */
const PYTHON = "/usr/bin/python3";
const FILTER = new URL("./refused_calls.py", import.meta.url).pathname;

/** `<asm/unistd.h>`: calls of the Linux engine that the runtime itself can do without. */
const NUMBERS: Readonly<Partial<Record<typeof Deno.build.arch, Record<string, number>>>> = {
  x86_64: { splice: 275, recvmmsg: 299, sendmmsg: 307 },
  aarch64: { splice: 76, recvmmsg: 243, sendmmsg: 269 },
};

for (const [call, number] of Object.entries(NUMBERS[Deno.build.arch] ?? {})) {
  Deno.test({
    name: `a client that may not call ${call}() forwards on the portable engine, and says why`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      if (!await hasFilter()) return skip(`refused ${call}()`, "no Python, or no seccomp");
      const directory = await Deno.makeTempDir();
      try {
        const path = `${directory}/portunus.toml`;
        const rule = `[[rule]]\nname = "a"\nlisten_port = ${freePort()}\ntarget = "127.0.0.1:9"\n`;
        await Deno.writeTextFile(path, `[stats]\nenabled = false\n${rule}`);
        const { client, env } = sourcePrograms();
        const standalone = ["standalone", "--config", path, "--log-level", "info"];
        await using process = new TestProcess({
          name: `without ${call}`,
          command: [PYTHON, FILTER, `${number}`, ...client, ...standalone],
          env: { ...env, HOME: directory },
        });
        const { fields } = await process.event("forward.engine");
        assert.equal(fields.engine, "portable");
        assert.equal(fields.reason, `${call}: Operation not permitted (os error 1)`);
        await process.event("standalone.started");
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

async function hasFilter(): Promise<boolean> {
  try {
    const args = [FILTER, "99999", "true"];
    return (await new Deno.Command(PYTHON, { args }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
