import assert from "node:assert/strict";
import { isFile } from "../../src/system/process_io.ts";
import { findTool, list, Sandbox, TOOLS } from "./sandbox.ts";

/** The shells of this system that can run the launcher; without one, the kernel chooses `/bin/sh`. */
const SHELLS: readonly (readonly string[])[] = [
  [],
  ["dash"],
  ["bash"],
  ["bash", "--posix"],
  ["busybox", "ash"],
].flatMap(([name, ...args]) => {
  if (name === undefined) return [[]];
  const path = findTool(name);
  return path === undefined ? [] : [[path, ...args]];
});

const ARGUMENTS = [
  "plain",
  "",
  " two  spaces ",
  "line\nbreak\n",
  "*",
  "$HOME `id` \"'\\",
  "--version",
  "--",
  "-A",
  "ünïcode",
];

for (const shell of SHELLS) {
  const name = shell.join(" ") || "the kernel";

  Deno.test(`launcher run by ${name} passes arguments, input and exit status through`, async () => {
    await using sandbox = await Sandbox.open();
    const file = await sandbox.build(`printf '%s\\0' "$@"; /bin/cat; exit 37`);
    const env = { PATH: await sandbox.tools(), HOME: sandbox.dir };
    for (const start of ["first", "second"]) {
      const { code, stdout, stderr } = await sandbox.run([...shell, file, ...ARGUMENTS], {
        env,
        stdin: "input\n",
      });
      assert.equal(stderr, "", start);
      assert.deepEqual(stdout.split("\0"), [...ARGUMENTS, "input\n"], start);
      assert.equal(code, 37, start);
    }
  });

  Deno.test(`launcher run by ${name} keeps the user's settings off the runtime`, async () => {
    await using sandbox = await Sandbox.open();
    const file = await sandbox.build("/usr/bin/env; umask");
    const kept = {
      KEPT: "export DENO_NOT_A_NAME",
      LINES: "one\nexport DENO_EVIL=1\nexport DENO_$(x)=2",
      MY_DENO_DIR: "mine",
      PATH: await sandbox.tools(),
      HOME: sandbox.dir,
    };
    const restricted = ["/bin/sh", "-c", 'umask 027; exec "$@"', "sh"];
    const { code, stdout, stderr } = await sandbox.run([...restricted, ...shell, file], {
      env: {
        ...kept,
        DENO_DIR: "/elsewhere",
        DENO_V8_FLAGS: "--bogus",
        DENO_CERT: "two\nlines",
        NODE_OPTIONS: "--bogus",
        OTEL_DENO: "true",
      },
    });
    assert.equal(stderr, "");
    assert.equal(code, 0);
    for (const [key, value] of Object.entries(kept)) {
      assert.ok(stdout.includes(`${key}=${value}\n`), `${key} is passed on`);
    }
    const names = [...stdout.matchAll(/^((?:DENO|NODE|OTEL)_\w*)=(.*)/gm)];
    assert.deepEqual(names.map(([, key]) => key).sort(), [
      "DENO_DIR",
      "DENO_NO_PACKAGE_JSON",
      "DENO_NO_UPDATE_CHECK",
    ]);
    assert.match(stdout, new RegExp(`^DENO_DIR=${sandbox.dir}/\\.cache/portunus/\\w{64}/`, "m"));
    assert.ok(stdout.endsWith("\n0027\n"), "unpacking leaves the umask alone");
  });
}

Deno.test("launcher gives the runtime its options, word by word", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build(`echo main`);
  const base = sandbox.path("base");
  const env = { PATH: await sandbox.tools(), PORTUNUS_RUNTIME_DIR: base };
  await sandbox.run([file], { env });
  const runtime = (await list(base)).map((name) => `${base}/${name}/deno`).find(isFile);
  assert.ok(runtime);
  await Deno.writeTextFile(runtime, `#!/bin/sh\nprintf '%s\\0' "$@"\n`);
  const { stdout } = await sandbox.run([file, "x"], { env });
  const [command, one, two, program, ...rest] = stdout.split("\0");
  assert.deepEqual([command, one, two], ["run", "--allow-env=A,B", "it's"]);
  assert.match(program ?? "", /\/main\.js$/);
  assert.deepEqual(rest, ["x", ""]);
});

Deno.test("launcher needs no tool at all once everything is unpacked", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("echo started");
  const first = await sandbox.run([file], {
    env: { PATH: await sandbox.tools(), HOME: sandbox.dir },
  });
  assert.equal(first.stdout, "started\n", first.stderr);
  const second = await sandbox.run([file], {
    env: { PATH: await sandbox.tools([]), HOME: sandbox.dir },
  });
  assert.deepEqual(second, { code: 0, stdout: "started\n", stderr: "" });
});

Deno.test("launcher says what the file is within its first 400 bytes", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("");
  const text = new TextDecoder().decode((await Deno.readFile(file)).subarray(0, 400));
  assert.ok(text.startsWith(`#!/bin/sh\n# demo 1.2.3 for ${Deno.build.target}, self-extracting\n`));
  assert.match(text, /^# program sha256 [0-9a-f]{64}$/m);
  assert.match(text, /^# runtime sha256 [0-9a-f]{64} \(Deno \d+\.\d+\.\d+\)$/m);
});

for (const tool of ["shasum", "openssl"]) {
  if (findTool(tool) === undefined) continue;
  Deno.test(`launcher verifies with ${tool} where there is no sha256sum`, async () => {
    await using sandbox = await Sandbox.open();
    const file = await sandbox.build("echo started");
    const tools = [...TOOLS.filter((name) => name !== "sha256sum"), tool];
    const { code, stdout, stderr } = await sandbox.run([file], {
      env: { PATH: await sandbox.tools(tools), HOME: sandbox.dir },
    });
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "started\n", stderr: "" });
  });
}

Deno.test("launcher refuses to unpack what it cannot verify", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("echo started");
  const { code, stdout, stderr } = await sandbox.run([file], {
    env: {
      PATH: await sandbox.tools(TOOLS.filter((name) => name !== "sha256sum")),
      HOME: sandbox.dir,
    },
  });
  assert.equal(stdout, "");
  assert.equal(stderr, "demo: cannot verify this file: needs sha256sum, shasum or openssl\n");
  assert.equal(code, 1);
});
