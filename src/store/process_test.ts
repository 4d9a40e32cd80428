/** The store and a second process: the lock, and what is left of a process that was killed. */

import assert from "node:assert/strict";
import { TempDataDir } from "../../tests/kit/data_dir.ts";
import { TextLineStream } from "../../tests/kit/text_lines.ts";
import { instantFromMillis } from "../core/instant.ts";
import { systemRandom } from "../system/random.ts";
import { ClientRepository } from "./clients.ts";
import type { Store } from "./open.ts";
import { RESTORE_STEPS, restoreStore } from "./restore.ts";

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
    value: `store_in_use: ${dir.database} (process ${Deno.pid} has it: stop that first)`,
  });
  assert.deepEqual(await lines.read(), { done: true, value: undefined });
  await child.status;
});

Deno.test("openStore() finds every committed row after the process that wrote them was killed", async () => {
  using dir = new TempDataDir();
  const { child, lines } = startChild(dir);
  assert.equal((await lines.read()).value, "open");
  const message = `store_in_use: ${dir.database} (process ${child.pid} has it: stop that first)`;
  assert.throws(() => dir.open(), { message });

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

Deno.test("a restore that is killed at any step leaves the old store or the new one", async () => {
  using backup = new TempDataDir();
  storeWithClient(backup, "new")[Symbol.dispose]();
  const script = new URL("../../tests/kit/restore_child.ts", import.meta.url);
  for (const step of RESTORE_STEPS) {
    using dir = new TempDataDir();
    // What the old store committed last is only in its log, as after a crash.
    const old = storeWithClient(dir, "old");
    const log = await Deno.readFile(`${dir.database}-wal`);
    old[Symbol.dispose]();
    await Deno.writeFile(`${dir.database}-wal`, log, { mode: 0o600 });

    const { signal } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", script.href, dir.path, backup.database, step],
      stdin: "null",
    }).output();
    assert.equal(signal, "SIGKILL", step);

    const isReplaced = RESTORE_STEPS.indexOf(step) > RESTORE_STEPS.indexOf("replace");
    {
      using store = dir.open();
      const names = new ClientRepository(store).list().map(({ clientName }) => clientName);
      assert.deepEqual(names, [isReplaced ? "new" : "old"], step);
    }
    await restoreStore({
      dataDir: dir.path,
      source: backup.database,
      force: true,
      clock: dir.clock,
      random: systemRandom,
    });
    assert.deepEqual(dir.files(), ["state.db", "state.db.lock"], "what was left over is gone");
  }
});

function storeWithClient(dir: TempDataDir, clientName: string): Store {
  const store = dir.open();
  new ClientRepository(store).insert({
    clientId: "01J00000000000000000000000",
    clientName,
    clientAddress: null,
    tokenHash: "hash",
    issuedAt: instantFromMillis(dir.clock.now()),
  });
  return store;
}
