/** `backup`, `restore` and `reset` as processes, with the permissions of the binaries. */

import assert from "node:assert/strict";
import { labTest } from "../kit/lab.ts";

labTest("a backup of a running server, restored elsewhere, is that server", async (lab) => {
  const { server, operator } = await lab.operated();
  await operator.ok(["user-add", "alice", "--display-name", "Alice"]);
  const copy = lab.path("backups/state.db");
  const command = (args: readonly string[]) =>
    lab.serverCommand(["--data-dir", server.dataDir, ...args]);

  const backup = await command(["backup", "--out", copy]);
  assert.deepEqual(backup, { code: 0, stdout: `backup=${copy}\n`, stderr: "" });
  const again = await command(["backup", "--out", copy]);
  assert.deepEqual(again, { code: 6, stdout: "", stderr: `error: destination exists: ${copy}\n` });

  for (const args of [["restore", "--in", copy, "--force"], ["reset", "--confirm"]]) {
    const { code, stderr } = await command(args);
    assert.equal(code, 75, stderr);
    const reason = `store_in_use: ${server.dataDir}/state.db ` +
      `(process ${server.process.pid} has it: stop that first)`;
    assert.ok(stderr.endsWith(`error: ${reason}\n`), stderr);
  }
  await operator.ok(["user-add", "bob", "--display-name", "Bob"]);
  await server.process.stop();

  const restored = await command(["restore", "--in", copy, "--force"]);
  assert.equal(restored.code, 0, restored.stderr);
  assert.equal(restored.stdout, `restore=ok data_dir=${server.dataDir}\n`);
  await lab.server();
  const users = await operator.api("GET", "/v1/users");
  assert.match(JSON.stringify(users.body), /alice/);
  assert.doesNotMatch(JSON.stringify(users.body), /bob/);
});
