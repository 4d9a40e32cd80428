import assert from "node:assert/strict";
import { PERMISSIONS } from "../../scripts/build/permissions.ts";
import { UNSTABLE_FLAGS } from "../../scripts/build/project.ts";

/** What a program that was taken over would try; each says how it went. */
const PROBES: Readonly<Record<string, string>> = {
  process: `new Deno.Command("/bin/true").outputSync()`,
  library: `Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }).close()`,
  variables: `Deno.env.toObject()`,
  path: `Deno.env.get("PATH")`,
  preload: `Deno.env.set("LD_PRELOAD", "/tmp/x.so")`,
  users: `Deno.uid()`,
  load: `Deno.loadavg()`,
  memory: `Deno.systemMemoryInfo()`,
  kernel: `Deno.osRelease()`,
  kill: `Deno.kill(Deno.ppid, "SIGCONT")`,
  permission:
    `{ if (Deno.permissions.requestSync({ name: "run" }).state !== "granted") throw new Deno.errors.NotCapable("no"); }`,
};

/** The names of the probes that succeed for a program of `name`. */
async function granted(name: "server" | "client"): Promise<string[]> {
  const lines = Object.entries(PROBES).map(([probe, code]) =>
    `try { ${code}; console.log("${probe}"); }
     catch (error) { if (!(error instanceof Deno.errors.NotCapable)) console.log("${probe}", error); }`
  );
  const file = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(file, lines.join("\n"));
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...UNSTABLE_FLAGS, ...PERMISSIONS[name], file],
    }).output();
    const text = new TextDecoder();
    assert.equal(text.decode(stderr), "");
    return text.decode(stdout).split("\n").filter((line) => line !== "");
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("the server can start nothing, load nothing, and look at nothing beyond its needs", async () => {
  // server.toml may name any variable, for the address of a shared database.
  assert.deepEqual(await granted("server"), ["variables", "path", "preload"]);
});

Deno.test("the client can load libc, and nothing else of that", async () => {
  const expected = Deno.build.os === "linux" ? ["library"] : [];
  assert.deepEqual(await granted("client"), expected);
});

Deno.test("no program is given everything, or more by a wide option", () => {
  for (const flags of Object.values(PERMISSIONS)) {
    for (const flag of flags) {
      assert.doesNotMatch(
        flag,
        /^(-A|--allow-all|--allow-run|--allow-import|--allow-sys$)/,
      );
    }
  }
});
