import assert from "node:assert/strict";
import { CommandError } from "./command.ts";
import { compile } from "./native.ts";

const utf8 = new TextEncoder();

/**
 * Compiles a program around the `deno` executable: what comes out does not start (that takes a
 * `denort`), but all that is baked in is there to be read.
 */
async function compileDemo(flags: readonly string[]): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "portunus-native-" });
  try {
    const output = `${directory}/demo`;
    await compile({
      target: Deno.build.target,
      output,
      files: [
        { path: "main.js", data: utf8.encode(`await import("./chunk.js"); // MAIN MARK`) },
        { path: "chunk.js", data: utf8.encode(`export const chunk = "CHUNK MARK";`) },
        { path: "ui/assets/style.css", data: utf8.encode("/* STYLE MARK */") },
      ],
      flags,
      denort: Deno.execPath(),
    });
    const { mode } = await Deno.stat(output);
    assert.equal((mode ?? 0) & 0o111, 0o111);
    const runtime = await Deno.stat(Deno.execPath());
    return new TextDecoder().decode((await Deno.readFile(output)).subarray(runtime.size));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("compile() bakes in the program, its chunks, its assets and its permissions", async () => {
  const appended = await compileDemo(["--no-prompt", "--allow-env=PORTUNUS_MARK"]);
  for (const mark of ["MAIN MARK", "CHUNK MARK", "STYLE MARK", "PORTUNUS_MARK"]) {
    assert.ok(appended.includes(mark), mark);
  }
});

Deno.test("compile() says why deno compile failed", async () => {
  await assert.rejects(
    compileDemo(["--no-such-flag"]),
    (error) => error instanceof CommandError && error.message.includes("--no-such-flag"),
  );
});
