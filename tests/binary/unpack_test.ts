import assert from "node:assert/strict";
import { skip } from "../kit/skip.ts";
import { list, Sandbox, TOOLS, withMount } from "./sandbox.ts";

const STARTED = { code: 0, stdout: "started\n", stderr: "" };

/** The directories of the program and the runtime, and nothing else. */
async function assertUnpacked(base: string): Promise<void> {
  const names = await list(base);
  assert.equal(names.length, 2, names.join());
  for (const name of names) {
    assert.match(name, /^[0-9a-f]{64}$/);
    assert.deepEqual((await list(`${base}/${name}`)).filter((it) => it.startsWith(".unpack")), []);
  }
}

Deno.test("launcher unpacks where it is told, or into the user's cache", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("echo started");
  const PATH = await sandbox.tools();
  const at = (name: string) => sandbox.path(name);
  const places = [
    [{ PORTUNUS_RUNTIME_DIR: at("a/b c"), XDG_CACHE_HOME: at("x"), HOME: at("h") }, "a/b c"],
    [{ PORTUNUS_RUNTIME_DIR: "relative" }, "relative"],
    [{ XDG_CACHE_HOME: at("xdg"), HOME: at("h") }, "xdg/portunus"],
    [{ XDG_CACHE_HOME: "ignored", HOME: at("home") }, "home/.cache/portunus"],
    [{ HOME: at("demo/not-a-directory"), TMPDIR: at(".") }, `portunus-${Deno.uid()}`],
  ] as const;
  for (const [env, place] of places) {
    assert.deepEqual(await sandbox.run([file], { env: { PATH, ...env } }), STARTED, place);
    await assertUnpacked(at(place));
  }
  for (const name of ["x", "h", "ignored"]) await assert.rejects(Deno.stat(at(name)));
});

Deno.test("launcher keeps a directory of its own in the temporary directory private", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("echo started");
  const env = { PATH: await sandbox.tools(), TMPDIR: sandbox.dir };
  const base = sandbox.path(`portunus-${Deno.uid()}`);
  const refused = {
    code: 1,
    stdout: "",
    stderr: `demo: ${base} is not a private directory of user ${Deno.uid()}\n`,
  };

  await Deno.mkdir(base);
  await Deno.chmod(base, 0o755);
  assert.deepEqual(await sandbox.run([file], { env }), refused, "others may read it");
  assert.deepEqual(await list(base), []);

  await Deno.remove(base);
  await Deno.mkdir(sandbox.path("elsewhere"), { mode: 0o700 });
  await Deno.symlink(sandbox.path("elsewhere"), base);
  assert.deepEqual(await sandbox.run([file], { env }), refused, "it is a link");
  assert.deepEqual(await list(sandbox.path("elsewhere")), []);

  await Deno.remove(base);
  assert.deepEqual(await sandbox.run([file], { env }), STARTED);
  assert.equal(((await Deno.stat(base)).mode ?? 0) & 0o777, 0o700);
});

// Only root can give a directory away.
if (Deno.uid() === 0) {
  Deno.test("launcher runs no code from another user's home directory", async () => {
    await using sandbox = await Sandbox.open();
    const file = await sandbox.build("echo started");
    const cache = sandbox.path("home/.cache/portunus");
    await Deno.mkdir(cache, { recursive: true });
    await Deno.chown(cache, 65534, 65534);
    const env = {
      PATH: await sandbox.tools(),
      HOME: sandbox.path("home"),
      TMPDIR: sandbox.dir,
    };
    assert.deepEqual(await sandbox.run([file], { env }), STARTED);
    assert.deepEqual(await list(cache), []);
    await assertUnpacked(sandbox.path("portunus-0"));

    await Deno.chown(sandbox.path("portunus-0"), 65534, 65534);
    assert.deepEqual(await sandbox.run([file], { env }), {
      code: 1,
      stdout: "",
      stderr: `demo: ${sandbox.path("portunus-0")} is not a private directory of user 0\n`,
    });
  });
}

Deno.test("launcher starts many times at once on an empty cache", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("echo started", 1_000_000);
  const base = sandbox.path("base");
  const env = { PATH: await sandbox.tools(), PORTUNUS_RUNTIME_DIR: base };
  const results = await Promise.all(
    Array.from({ length: 8 }, () => sandbox.run([file], { env })),
  );
  for (const result of results) assert.deepEqual(result, STARTED);
  await assertUnpacked(base);
});

Deno.test("launcher is content with what another start unpacked first", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("echo started");
  const base = sandbox.path("base");
  // While this start syncs, just before it renames, another one does everything.
  const other = { PATH: await sandbox.tools(), PORTUNUS_RUNTIME_DIR: base };
  const PATH = await sandbox.tools(TOOLS, {
    sync: `PATH=${other.PATH} ${file} >>${sandbox.path("other")}`,
  });
  const result = await sandbox.run([file], { env: { ...other, PATH } });
  assert.deepEqual(result, STARTED);
  assert.equal(await Deno.readTextFile(sandbox.path("other")), "started\n");
  await assertUnpacked(base);
});

for (const [signal, code] of [["KILL", 137], ["TERM", 143]] as const) {
  Deno.test(`launcher uses nothing of an unpacking that SIG${signal} ended`, async () => {
    await using sandbox = await Sandbox.open();
    const file = await sandbox.build("echo started");
    const base = sandbox.path("base");
    const env = { PORTUNUS_RUNTIME_DIR: base };
    const killed = await sandbox.run([file], {
      env: { ...env, PATH: await sandbox.tools(TOOLS, { sync: `kill -${signal} $PPID` }) },
    });
    assert.equal(killed.code, code);
    assert.equal(killed.stdout, "");
    const left = await list(base);
    if (signal === "TERM") assert.deepEqual(left, [], "it cleans up");
    else assert.match(left.join(), /^\.unpack\.\w{6}$/);

    const PATH = await sandbox.tools();
    assert.deepEqual(await sandbox.run([file], { env: { ...env, PATH } }), STARTED);
    assert.deepEqual((await list(base)).filter((name) => name.startsWith(".")), left);
  });
}

Deno.test("launcher removes what was left behind hours ago, and nothing younger", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("echo started");
  const base = sandbox.path("base");
  for (const name of [".unpack.old", ".unpack.new"]) {
    await Deno.mkdir(`${base}/${name}/assets`, { recursive: true });
  }
  const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
  await Deno.utime(`${base}/.unpack.old`, hoursAgo, hoursAgo);
  const env = { PATH: await sandbox.tools(), PORTUNUS_RUNTIME_DIR: base };
  assert.deepEqual(await sandbox.run([file], { env }), STARTED);
  assert.deepEqual((await list(base)).filter((name) => name.startsWith(".")), [".unpack.new"]);
});

const DAMAGES: Readonly<Record<string, (data: Uint8Array) => Uint8Array>> = {
  "in the program": (data) => data.with(8_192 + 40, ~(data[8_192 + 40] ?? 0)),
  "in the runtime": (data) => data.with(data.length - 40, ~(data[data.length - 40] ?? 0)),
  "at its end": (data) => data.subarray(0, -1),
};

for (const [where, damage] of Object.entries(DAMAGES)) {
  Deno.test(`launcher refuses a file that is damaged ${where}`, async () => {
    await using sandbox = await Sandbox.open();
    const file = await sandbox.build("echo started");
    await Deno.writeFile(file, damage(await Deno.readFile(file)));
    const { code, stdout, stderr } = await sandbox.run([file], {
      env: { PATH: await sandbox.tools(), PORTUNUS_RUNTIME_DIR: sandbox.path("base") },
    });
    assert.equal(stdout, "");
    assert.equal(stderr, `demo: ${file} is damaged: its checksum does not match\n`);
    assert.equal(code, 1);
  });
}

Deno.test("launcher says that it cannot make its directory", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("echo started");
  const PATH = await sandbox.tools();
  const base = `${file}/base`;
  assert.deepEqual(await sandbox.run([file], { env: { PATH, PORTUNUS_RUNTIME_DIR: base } }), {
    code: 1,
    stdout: "",
    stderr: `demo: cannot write to PORTUNUS_RUNTIME_DIR ${base}\n`,
  });
  assert.deepEqual(await sandbox.run([file], { env: { PATH, TMPDIR: base } }), {
    code: 1,
    stdout: "",
    stderr: `demo: cannot make directory ${base}/portunus-${Deno.uid()}\n`,
  });
});

const MOUNTS = {
  "read-only": {
    options: "ro",
    problem: (base: string) => `cannot write to PORTUNUS_RUNTIME_DIR ${base}`,
  },
  "full": {
    options: "size=512k",
    problem: (base: string) => `cannot unpack into ${base}: disk full, 4 MB needed`,
  },
  "mounted noexec": {
    options: "noexec",
    problem: (base: string) =>
      `cannot run programs in ${base}: mounted noexec, or not a system for ${Deno.build.target}`,
  },
};

for (const [what, { options, problem }] of Object.entries(MOUNTS)) {
  Deno.test(`launcher says in one line that the file system is ${what}`, async () => {
    await using sandbox = await Sandbox.open();
    const file = await sandbox.build("echo started", 4 * 1024 * 1024);
    const base = sandbox.path("mounted");
    await Deno.mkdir(base);
    const mounted = (command: string[]) => withMount({ directory: base, options }, command);
    if ((await sandbox.run(mounted(["/bin/true"]))).code !== 0) {
      skip(`a file system that is ${what}`, "mounting is not allowed here");
      return;
    }
    const env = { PATH: await sandbox.tools(), PORTUNUS_RUNTIME_DIR: base };
    assert.deepEqual(await sandbox.run(mounted([file]), { env }), {
      code: 1,
      stdout: "",
      stderr: `demo: ${problem(base)}\n`,
    });
  });
}

Deno.test("launcher says in one line what a tool complained of", async () => {
  await using sandbox = await Sandbox.open();
  const file = await sandbox.build("echo started");
  const base = sandbox.path("base");
  const PATH = await sandbox.tools(TOOLS, { tar: "printf 'tar: no\\ngiving up\\n' >&2; exit 2" });
  assert.deepEqual(await sandbox.run([file], { env: { PATH, PORTUNUS_RUNTIME_DIR: base } }), {
    code: 1,
    stdout: "",
    stderr: `demo: cannot unpack into ${base}: tar: no\n`,
  });
  assert.deepEqual(await list(base), []);
});

const REMOUNTS = {
  ro: () => ({ code: 0, stdout: "started\nstarted\n", stderr: "" }),
  noexec: (base: string) => ({
    code: 1,
    stdout: "started\n",
    stderr: `demo: cannot run programs in ${base}: mounted noexec?\n`,
  }),
};

for (const [option, expected] of Object.entries(REMOUNTS)) {
  Deno.test(`launcher looks again when its directory has been remounted ${option}`, async () => {
    await using sandbox = await Sandbox.open();
    const file = await sandbox.build("echo started");
    const base = sandbox.path("mounted");
    await Deno.mkdir(base);
    const script = '"$1" && PATH=/usr/bin:/bin mount -o "remount,bind,$3" "$2" && exec "$1"';
    const command = ["/bin/sh", "-c", script, "sh", file, base, option];
    const env = { PATH: await sandbox.tools(), PORTUNUS_RUNTIME_DIR: base };
    const result = await sandbox.run(withMount({ directory: base, options: "mode=755" }, command), {
      env,
    });
    if (result.stdout === "") {
      skip(`remounting ${option}`, "mounting is not allowed here");
      return;
    }
    assert.deepEqual(result, expected(base));
  });
}
