import assert from "node:assert/strict";
import { join } from "node:path";
import { NEW_CONTENT, WRITE_STEPS } from "../../tests/kit/atomic_write_child.ts";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { writeFileAtomic } from "./atomic_file.ts";
import { removeLeftoversOf } from "./leftovers.ts";
import type { AtomicFileSystem } from "./staged_file.ts";

const namesIn = async (directory: string): Promise<string[]> =>
  (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);

interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** Names of the files in it. */
  list(): string[];
}

async function tempDir(): Promise<TempDir> {
  const path = await Deno.makeTempDir({ prefix: "portunus-atomic-" });
  return {
    path,
    list: () => [...Deno.readDirSync(path)].map((entry) => entry.name).sort(),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

Deno.test("writeFileAtomic() creates a file with the mode and leaves nothing beside it", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "key");
  await writeFileAtomic(path, "secret", { mode: 0o600 });
  assert.equal(await Deno.readTextFile(path), "secret");
  assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual(dir.list(), ["key"]);
});

Deno.test("writeFileAtomic() replaces content and mode, bytes and emptiness included", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "file");
  await writeFileAtomic(path, "old", { mode: 0o640 });
  await writeFileAtomic(path, new Uint8Array([0, 255]), { mode: 0o600 });
  assert.deepEqual(await Deno.readFile(path), new Uint8Array([0, 255]));
  assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  await writeFileAtomic(path, "");
  assert.equal((await Deno.stat(path)).size, 0);
});

Deno.test("writeFileAtomic() creates parents only when asked", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "a", "b", "file");
  await assert.rejects(writeFileAtomic(path, "x"), Deno.errors.NotFound);
  await writeFileAtomic(path, "x", { createParents: true });
  assert.equal(await Deno.readTextFile(path), "x");
});

/** The real file system, except that the step named `fails` throws. Records the steps taken. */
function faulty(fails: string, steps: string[] = []): AtomicFileSystem {
  const step = (name: string) => {
    steps.push(name);
    if (name === fails) throw new Error(`injected: ${name}`);
  };
  return {
    async mkdir(path) {
      step("mkdir");
      await Deno.mkdir(path, { recursive: true });
    },
    async create(path, mode) {
      step("create");
      const file = await Deno.open(path, { write: true, createNew: true, mode });
      return {
        // One byte at a time: a short write must not end the loop.
        async write(data) {
          if (data.length === 1) step("write");
          return await file.write(data.subarray(0, 1));
        },
        async sync() {
          step("sync");
          await file.sync();
        },
        [Symbol.dispose]: () => file.close(),
      };
    },
    async rename(from, to) {
      step("rename");
      await Deno.rename(from, to);
    },
    async syncDirectory(_path) {
      step("syncDirectory");
      await Promise.resolve();
    },
    async remove(path) {
      step("remove");
      await Deno.remove(path);
    },
  };
}

Deno.test("writeFileAtomic() takes its steps in the order that survives a crash", async () => {
  await using dir = await tempDir();
  const steps: string[] = [];
  await writeFileAtomic(join(dir.path, "file"), "new", {
    createParents: true,
    fs: faulty("none", steps),
  });
  assert.deepEqual(steps, ["mkdir", "create", "write", "sync", "rename", "syncDirectory"]);
  assert.equal(await Deno.readTextFile(join(dir.path, "file")), "new");
});

for (const step of ["mkdir", "create", "write", "sync", "rename"]) {
  Deno.test(`writeFileAtomic() leaves the old content when ${step} fails`, async () => {
    await using dir = await tempDir();
    const path = join(dir.path, "file");
    await Deno.writeTextFile(path, "old");
    await assert.rejects(
      writeFileAtomic(path, "new", { createParents: true, fs: faulty(step) }),
      { message: `injected: ${step}` },
    );
    assert.equal(await Deno.readTextFile(path), "old");
    assert.deepEqual(dir.list(), ["file"]);
  });
}

Deno.test("writeFileAtomic() reports a directory that could not be synced", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "file");
  await assert.rejects(
    writeFileAtomic(path, "new", { fs: faulty("syncDirectory") }),
    { message: "injected: syncDirectory" },
  );
  assert.equal(await Deno.readTextFile(path), "new");
  assert.deepEqual(dir.list(), ["file"]);
});

Deno.test("a write that is killed after any system call leaves the old content or the new", async () => {
  await using dir = await tempDir();
  const script = new URL("../../tests/kit/atomic_write_child.ts", import.meta.url);
  const renamed = WRITE_STEPS.indexOf("rename");
  await Promise.all(WRITE_STEPS.map(async (step, index) => {
    const directory = join(dir.path, String(index));
    const path = join(directory, "file");
    await Deno.mkdir(directory);
    await Deno.writeTextFile(path, "old", { mode: 0o644 });
    const { signal } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-read",
        "--allow-write",
        "--allow-run",
        script.href,
        path,
        step,
      ],
      stdin: "null",
    }).output();
    assert.equal(signal, "SIGKILL", step);

    const isNew = index >= renamed;
    assert.equal(await Deno.readTextFile(path), isNew ? NEW_CONTENT : "old", step);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, isNew ? 0o600 : 0o644, step);
    // What is left of it is found, once nobody can be writing it any more.
    const left = step === "mkdir" || isNew ? 0 : 1;
    assert.equal((await namesIn(directory)).length, 1 + left, step);
    const later = new FakeClock(Date.now() + 3_600_000);
    assert.equal(await removeLeftoversOf([path], later), left, step);
    assert.deepEqual(await namesIn(directory), ["file"], step);
  }));
});
