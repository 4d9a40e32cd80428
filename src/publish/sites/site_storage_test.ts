import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { SITES } from "../../core/publish_limits.ts";
import { systemRandom } from "../../system/random.ts";
import { type AtomicFileSystem, systemFiles } from "../../system/staged_file.ts";
import { SiteStorage } from "./site_storage.ts";

const ID = "01J00000000000000000000000";
const utf8 = new TextEncoder();

/** The real system calls, but for the one that takes long. */
const hasty: AtomicFileSystem = {
  ...systemFiles,
  async create(path, mode) {
    const file = await systemFiles.create(path, mode);
    return {
      write: (data) => file.write(data),
      sync: () => Promise.resolve(),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  },
};

/** Storage in a directory of its own, with one site. */
async function fixture(
  { maxSite = 1_000, maxFile = 400, fs = systemFiles }: {
    readonly maxSite?: number;
    readonly maxFile?: number;
    readonly fs?: AtomicFileSystem;
  } = {},
) {
  const directory = await Deno.makeTempDir({ prefix: "portunus-sites-" });
  const sizes: number[] = [];
  const limits = { maxSiteSizeBytes: maxSite, maxFileSizeBytes: maxFile };
  const clock = new FakeClock(Date.now());
  const storage = new SiteStorage({
    directory: join(directory, "sites"),
    limits: () => limits,
    clock,
    random: systemRandom,
    onSize: (_id, bytes) => void sizes.push(bytes),
    fs,
  });
  await storage.prepare();
  await Deno.mkdir(storage.rootOf(ID));
  const root = await Deno.realPath(storage.rootOf(ID));
  async function put(path: string, content: string): Promise<void> {
    await using upload = await storage.upload(ID);
    await upload.add(path.split("/"), ReadableStream.from([utf8.encode(content)]));
    await upload.commit();
  }
  return {
    directory,
    storage,
    sizes,
    limits,
    clock,
    root,
    put,
    names: async (path = root) =>
      (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort(),
    read: (path: string) => Deno.readTextFile(join(root, path)),
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

Deno.test("create() makes a site with a page, and destroy() leaves nothing", async () => {
  await using it = await fixture({ maxSite: 10_000, maxFile: 10_000 });
  const id = "01J00000000000000000000001";
  await it.storage.create(id);
  const [entry, ...others] = await it.storage.list(id, []);
  assert.deepEqual([entry?.name, entry?.kind, others], ["index.html", "file", []]);
  const { mode } = await Deno.stat(join(it.storage.rootOf(id), "index.html"));
  assert.equal((mode ?? 0) & 0o777, 0o644 & ~Deno.umask());
  await it.storage.destroy(id);
  await assert.rejects(it.storage.list(id, []), { code: "site_not_found" });
  await it.storage.destroy(id);
});

Deno.test("an upload appears when it is committed, in directories that it makes", async () => {
  await using it = await fixture();
  await using upload = await it.storage.upload(ID);
  await upload.add(
    ["a", "b", "x.html"],
    ReadableStream.from([utf8.encode("he"), utf8.encode("y")]),
  );
  assert.deepEqual(await it.storage.list(ID, []), []);
  assert.deepEqual(await upload.commit(), { files: 1, bytes: 3 });
  assert.equal(await it.read("a/b/x.html"), "hey");
  assert.deepEqual(await it.names(), ["a"]);
  assert.deepEqual(it.sizes, [3]);
  await it.put("a/b/x.html", "12345");
  assert.deepEqual(it.sizes, [3, 5]);
});

Deno.test("list() has one level, directories first, without what is hidden", async () => {
  await using it = await fixture();
  for (const path of ["b.html", "a.html", "z/x.html", "y/x.html"]) await it.put(path, "12");
  await Deno.writeTextFile(join(it.root, ".hidden.html"), "x");
  await Deno.symlink("/etc", join(it.root, "link"));
  const entries = await it.storage.list(ID, []);
  assert.deepEqual(entries.map(({ name, kind, size }) => [name, kind, size]), [
    ["y", "directory", null],
    ["z", "directory", null],
    ["a.html", "file", 2],
    ["b.html", "file", 2],
  ]);
  assert.equal((await it.storage.list(ID, ["y"])).length, 1);
  await assert.rejects(it.storage.list(ID, ["x"]), { code: "site_file_not_found" });
  await assert.rejects(it.storage.list(ID, ["a.html"]), { code: "path_in_use" });
});

Deno.test("add() refuses a file that is too large when its last allowed byte is over", async () => {
  await using it = await fixture();
  let sent = 0;
  async function* content() {
    for (; sent < 1_000; sent++) yield await Promise.resolve(new Uint8Array(100));
  }
  {
    await using upload = await it.storage.upload(ID);
    await assert.rejects(upload.add(["x.html"], content()), { code: "file_too_large" });
  }
  assert.equal(sent, 4, "the rest is not read");
  assert.deepEqual(await it.names(), []);
  await it.put("x.html", "x".repeat(400));
});

Deno.test("add() refuses what the site has no room for, uploads under way included", async () => {
  await using it = await fixture();
  await it.put("a.html", "x".repeat(400));
  await using first = await it.storage.upload(ID);
  await first.add(["b.html"], ReadableStream.from([new Uint8Array(400)]));
  {
    await using second = await it.storage.upload(ID);
    await assert.rejects(second.add(["c.html"], ReadableStream.from([new Uint8Array(201)])), {
      code: "site_too_large",
    });
  }
  await it.put("d.html", "x".repeat(200));
  await first.commit();
  await assert.rejects(it.put("e.html", "x"), { code: "site_too_large" });
  it.limits.maxSiteSizeBytes = 1_001;
  await it.put("e.html", "x");
  assert.equal(it.sizes.at(-1), 1_001);
  await it.storage.remove(ID, ["a.html"]);
  assert.equal(it.sizes.at(-1), 601);
});

Deno.test("uploads at the same time never get more than there is room for", async () => {
  await using it = await fixture();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, (_, i) => it.put(`${i}.html`, "x".repeat(300))),
  );
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 3);
  assert.equal(it.sizes.at(-1), 900);
  assert.equal((await it.names()).length, 3, "nothing is left of the others");
});

Deno.test("add() bounds how many files an upload has", async () => {
  await using it = await fixture({ fs: hasty });
  await using upload = await it.storage.upload(ID);
  const add = (name: string) => upload.add([name], ReadableStream.from([new Uint8Array(0)]));
  for (let i = 0; i < SITES.filesPerUploadMax; i++) await add(`${i}.html`);
  await assert.rejects(add("x.html"), { code: "upload_invalid" });
});

Deno.test("an upload is there as a whole or not at all", async () => {
  await using it = await fixture();
  await it.put("a.html", "old");
  const upload = async (...paths: string[]) => {
    await using upload = await it.storage.upload(ID);
    for (const path of paths) {
      await upload.add(path.split("/"), ReadableStream.from([utf8.encode("new")]));
    }
    await upload.commit();
  };
  await assert.rejects(upload("a.html", "x.exe"), { code: "file_type_not_allowed" });
  await assert.rejects(upload("a.html", "noextension"), { code: "file_type_not_allowed" });
  await assert.rejects(upload("a.html", "a.html/b.html"), { code: "path_in_use" });
  await assert.rejects(upload("a.html", "a.html"), { code: "upload_invalid" });
  await it.put("dir.html/x.html", "x");
  await assert.rejects(upload("a.html", "dir.html"), { code: "path_in_use" });
  assert.equal(await it.read("a.html"), "old");
  assert.deepEqual(await it.names(), ["a.html", "dir.html"]);
});

Deno.test("an upload that breaks off leaves nothing", async () => {
  await using it = await fixture();
  async function* broken() {
    yield await Promise.resolve(utf8.encode("half"));
    throw new Error("connection lost");
  }
  {
    await using upload = await it.storage.upload(ID);
    await assert.rejects(upload.add(["x.html"], broken()), { message: "connection lost" });
    assert.equal((await it.names()).length, 1);
  }
  assert.deepEqual(await it.names(), []);
  await it.put("y.html", "x".repeat(400));
});

Deno.test("prepare() removes what an upload left whose process was killed, an hour later", async () => {
  await using it = await fixture();
  await it.put("x.html", "x");
  const left = [".upload.0123456789abcdef.tmp", ".upload.fedcba9876543210.tmp"];
  for (const name of left) await Deno.writeTextFile(join(it.root, name), "half");
  const [old = ""] = left;
  await Deno.utime(join(it.root, old), 1_000_000_000, 1_000_000_000);
  await it.storage.prepare();
  assert.deepEqual(await it.names(), [left[1], "x.html"]);
  assert.equal((await it.storage.list(ID, [])).length, 1, "and it is hidden meanwhile");
});

Deno.test("remove() deletes files and directories, and minds none that is gone", async () => {
  await using it = await fixture();
  for (const path of ["a/b/x.html", "a/y.html", "z.html"]) await it.put(path, "123");
  await it.storage.remove(ID, ["a"]);
  assert.deepEqual(await it.names(), ["z.html"]);
  assert.equal(it.sizes.at(-1), 3);
  for (const path of [["a"], ["a", "b"], ["none.html"]]) await it.storage.remove(ID, path);
  await assert.rejects(it.storage.remove(ID, []), { code: "path_invalid" });
  assert.deepEqual(await it.names(), ["z.html"]);
});

Deno.test("no symbolic link is read, written through or deleted", async () => {
  await using it = await fixture();
  const outside = join(it.directory, "outside");
  await Deno.mkdir(outside);
  await Deno.writeTextFile(join(outside, "secret.html"), "secret");
  await Deno.symlink(outside, join(it.root, "dir"));
  await Deno.symlink(join(outside, "secret.html"), join(it.root, "file.html"));
  await Deno.symlink(join(outside, "none"), join(it.root, "dangling"));
  for (const path of [["dir"], ["dir", "sub"], ["dangling"]]) {
    await assert.rejects(it.storage.list(ID, path), { code: "path_in_use" }, path.join("/"));
  }
  for (const path of ["dir/x.html", "dir/secret.html", "file.html", "dangling/x.html"]) {
    await assert.rejects(it.put(path, "x"), { code: "path_in_use" }, path);
  }
  for (const path of [["dir"], ["dir", "secret.html"], ["file.html"], ["dangling"]]) {
    await assert.rejects(it.storage.remove(ID, path), { code: "path_in_use" }, path.join("/"));
  }
  assert.equal(await Deno.readTextFile(join(outside, "secret.html")), "secret");
  assert.deepEqual(await it.names(outside), ["secret.html"]);
});

Deno.test("a site's directory that is a link is no site", async () => {
  await using it = await fixture();
  const id = "01J00000000000000000000002";
  await Deno.symlink(it.directory, it.storage.rootOf(id));
  await assert.rejects(it.storage.list(id, []), { code: "site_not_found" });
  await assert.rejects(it.storage.upload(id), { code: "site_not_found" });
});

Deno.test("a directory that becomes a link before a file moves into it is noticed", async () => {
  const swap = { run: async () => {} };
  await using it = await fixture({
    fs: {
      ...systemFiles,
      async rename(from, to) {
        await swap.run();
        await systemFiles.rename(from, to);
      },
    },
  });
  await it.put("dir/x.html", "old");
  const outside = join(it.directory, "outside");
  await Deno.mkdir(outside);
  swap.run = async () => {
    swap.run = async () => {};
    await Deno.rename(join(it.root, "dir"), join(it.directory, "moved"));
    await Deno.symlink(outside, join(it.root, "dir"));
  };
  await assert.rejects(it.put("dir/y.html", "new"), { code: "path_in_use" });
  await assert.rejects(it.put("dir/z.html", "new"), { code: "path_in_use" });
  assert.deepEqual(await it.names(outside), ["y.html"], "the system offers no way to prevent one");
});

Deno.test("a directory that becomes a link before it is deleted takes nothing else with it", async () => {
  const swap = { run: async () => {} };
  await using it = await fixture({
    fs: {
      ...systemFiles,
      async rename(from, to) {
        await swap.run();
        await systemFiles.rename(from, to);
      },
    },
  });
  await it.put("dir/x.html", "old");
  const outside = join(it.directory, "outside");
  await Deno.mkdir(outside);
  await Deno.writeTextFile(join(outside, "kept.html"), "kept");
  swap.run = async () => {
    swap.run = async () => {};
    await Deno.rename(join(it.root, "dir"), join(it.directory, "moved"));
    await Deno.symlink(outside, join(it.root, "dir"));
  };
  await it.storage.remove(ID, ["dir"]);
  assert.deepEqual(await it.names(outside), ["kept.html"]);
});

Deno.test("a site is added up anew after an upload that failed while its files appeared", async () => {
  const fail = { at: Infinity };
  await using it = await fixture({
    fs: {
      ...systemFiles,
      async rename(from, to) {
        if (--fail.at === 0) throw new Error("disk");
        await systemFiles.rename(from, to);
      },
    },
  });
  {
    await using upload = await it.storage.upload(ID);
    for (const name of ["a.html", "b.html"]) {
      await upload.add([name], ReadableStream.from([new Uint8Array(300)]));
    }
    fail.at = 2;
    await assert.rejects(upload.commit(), { message: "disk" });
  }
  assert.deepEqual(await it.names(), ["a.html"]);
  await it.put("c.html", "x".repeat(400));
  assert.equal(it.sizes.at(-1), 700);
  await assert.rejects(it.put("d.html", "x".repeat(301)), { code: "site_too_large" });
});
