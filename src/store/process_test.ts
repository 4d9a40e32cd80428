/** The store and a second process: the lock, and what is left of a process that was killed. */

import assert from "node:assert/strict";
import { TempDataDir } from "../../tests/kit/data_dir.ts";
import { TextLineStream } from "../../tests/kit/text_lines.ts";
import { ClientRepository } from "./clients.ts";

/** Starts a second process on the store of `dir`; `lines` are what it says. */
function startChild(dir: TempDataDir): {
  readonly child: Deno.ChildProcess;
  readonly lines: ReadableStreamDefaultReader<string>;
} {
  const script = new URL("../../tests/kit/store_child.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", script.href, dir.path],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  return { child, lines: lines.getReader() };
}

Deno.test("openStore() fails in a second process while the store is open", async () => {
  using dir = new TempDataDir();
  using _store = dir.open();
  const { child, lines } = startChild(dir);
  assert.deepEqual(await lines.read(), {
    done: false,
    value: `store_in_use: ${dir.database}`,
  });
  assert.deepEqual(await lines.read(), { done: true, value: undefined });
  await child.status;
});

Deno.test("openStore() finds every committed row after the process that wrote them was killed", async () => {
  using dir = new TempDataDir();
  const { child, lines } = startChild(dir);
  assert.equal((await lines.read()).value, "open");
  assert.throws(() => dir.open(), { message: `store_in_use: ${dir.database}` });

  const committed: string[] = [];
  while (committed.length < 100) committed.push((await lines.read()).value ?? "");
  child.kill("SIGKILL");
  assert.equal((await child.status).signal, "SIGKILL");
  for (let line = await lines.read(); !line.done; line = await lines.read()) {
    committed.push(line.value);
  }

  // The lock file and the log of the dead process are still there, and in nobody's way.
  assert.deepEqual(dir.files(), ["state.db", "state.db-shm", "state.db-wal", "state.db.lock"]);
  using store = dir.open();
  assert.deepEqual(
    store.db.all("PRAGMA integrity_check").map(({ integrity_check }) => integrity_check),
    ["ok"],
  );
  const ids = new Set(new ClientRepository(store).list().map(({ clientId }) => clientId));
  assert.deepEqual(committed.filter((id) => !ids.has(id)), []);
  // It may have died between a commit and saying so.
  assert.ok(ids.size - committed.length <= 1, `${ids.size} rows, ${committed.length} heard of`);
});
