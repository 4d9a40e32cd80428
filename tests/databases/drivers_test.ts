/**
 * A server loads the driver of the database that it was told of, and none otherwise.
 *
 * @module
 */

import assert from "node:assert/strict";
import { BACKEND_FILES, leaveOut, writeBundledServer } from "../kit/bundled_server.ts";
import { databaseUrls } from "../kit/databases.ts";
import { failedStart } from "../kit/failed_start.ts";
import { Lab } from "../kit/lab.ts";
import { empty, sharedServer } from "../kit/shared_servers.ts";

const { postgres: url } = await databaseUrls();

Deno.test("without [backend] a server needs nothing of it, and with it one driver", async () => {
  const directory = await Deno.makeTempDir({ prefix: "portunus-bundle-" });
  try {
    await using lab = await Lab.open(await writeBundledServer(directory));
    const [shared, postgres, ...others] = BACKEND_FILES;
    leaveOut(directory, others);
    await empty("postgres", url);
    await sharedServer(lab, "with", "postgres", { url });
    const { log } = await failedStart(lab, "mysql", "mysql://root@127.0.0.1:1/portunus");
    assert.match(log, /mysql-\w+\.js/, "what was left out is what is loaded");
    leaveOut(directory, [shared, postgres]);
    const { operator } = await lab.operated({ dir: "without" });
    assert.equal((await operator.api("GET", "/v1/users")).status, 200);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
