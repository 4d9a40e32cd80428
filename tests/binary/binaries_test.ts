import assert from "node:assert/strict";
import { VERSION } from "../../scripts/build/project.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { binaryPrograms, CLIENT, SERVER } from "./binaries.ts";
import { list, Sandbox } from "./sandbox.ts";

const test = (name: string, run: (lab: Lab) => Promise<void>) => labTest(name, run, binaryPrograms);

test("the binaries say their version and what they can do", async (lab) => {
  for (const name of ["server", "client"] as const) {
    const command = (args: string[]) =>
      name === "server" ? lab.serverCommand(args) : lab.clientCommand(args);
    assert.deepEqual(await command(["--version"]), {
      code: 0,
      stdout: `portunus-${name} ${VERSION}\n`,
      stderr: "",
    });
    const help = await command(["--help"]);
    assert.match(help.stdout, new RegExp(`^Usage: portunus-${name} `));
    assert.equal(help.stderr, "");
    assert.equal(help.code, 0);
  }
});

test("the binaries refuse usage errors with status 2, and echo them as they were given", async (lab) => {
  for (const argument of ["two  words", "line\nbreak", "*", "", "$HOME"]) {
    const { code, stdout, stderr } = await lab.serverCommand([argument]);
    assert.equal(stdout, "");
    assert.ok(stderr.startsWith(`error: unknown command '${argument}'\n`), stderr);
    assert.equal(code, 2);
  }
  const { code, stderr } = await lab.clientCommand(["--no-such-option"]);
  assert.match(stderr, /--no-such-option/);
  assert.equal(code, 2);
});

test("the binaries pass on the status of a command that fails", async (lab) => {
  const { code, stderr } = await lab.serverCommand(["list-clients"]);
  assert.equal(code, 4, stderr);
});

test("a binary is the process that gets the signals", async (lab) => {
  const server = await lab.server();
  assert.equal(await server.process.stop(), 0);
  await server.process.event("server.stopped");

  const killed = await lab.server();
  await killed.process.kill();
  assert.equal(await killed.process.status, 137);
});

test("both binaries start at once on an empty cache", async (lab) => {
  const env = { PORTUNUS_RUNTIME_DIR: lab.path("runtime") };
  const results = await Promise.all([
    lab.serverCommand(["--version"], env),
    lab.serverCommand(["--version"], env),
    lab.clientCommand(["--version"], env),
    lab.clientCommand(["--version"], env),
  ]);
  assert.deepEqual(results.map(({ stdout }) => stdout), [
    ...Array(2).fill(`portunus-server ${VERSION}\n`),
    ...Array(2).fill(`portunus-client ${VERSION}\n`),
  ], results.map(({ stderr }) => stderr).join());
  if (await isSelfExtracting(SERVER)) {
    // Two programs, one runtime.
    assert.equal((await list(lab.path("runtime"))).length, 3);
  }
});

Deno.test("a binary with a damaged payload does not start on an empty cache", async () => {
  const { env } = binaryPrograms();
  if (!await isSelfExtracting(CLIENT)) return;
  await using sandbox = await Sandbox.open();
  const file = sandbox.path("portunus-client");
  const data = await Deno.readFile(CLIENT);
  const middle = data.length >> 1;
  await Deno.writeFile(file, data.with(middle, ~(data[middle] ?? 0)), { mode: 0o755 });
  assert.deepEqual(
    await sandbox.run([file, "--version"], {
      env: { ...env, PORTUNUS_RUNTIME_DIR: sandbox.path("runtime") },
    }),
    {
      code: 1,
      stdout: "",
      stderr: `portunus-client: ${file} is damaged: its checksum does not match\n`,
    },
  );
});

async function isSelfExtracting(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  const start = new Uint8Array(2);
  await file.read(start);
  return new TextDecoder().decode(start) === "#!";
}
