/** A server whose disk is full: callers are told, forwarding goes on, and all is well with room. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { TestConn } from "../kit/conn.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import type { Answer, Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import { mountSmallDisk } from "../kit/small_disk.ts";
import { echoTarget } from "../kit/targets.ts";
import { fillUp } from "../kit/tmpfs.ts";

const addUser = (operator: Operator, n: number): Promise<Answer> =>
  operator.api("POST", "/v1/users", { user_id: `u${n}`, display_name: "x".repeat(64) });

const codeOf = ({ body }: Answer) => (body as { error: { code: string } }).error.code;

/** Adds users until that fails; returns how many are in. What the log has allocated takes some. */
async function usersUntilFull(operator: Operator): Promise<number> {
  for (let n = 0; n < 10_000; n++) {
    const answer = await addUser(operator, n);
    if (answer.status === 201) continue;
    assert.deepEqual([answer.status, codeOf(answer)], [500, "store_error"]);
    return n;
  }
  return assert.fail("the disk does not fill up");
}

async function userCount(operator: Operator): Promise<number> {
  const { status, body } = await operator.api("GET", "/v1/users");
  assert.equal(status, 200);
  return (body as unknown[]).length - 1;
}

async function scenario(lab: Lab, ballast: string): Promise<void> {
  const { server, operator, client } = await lab.connected();
  const target = lab.use(echoTarget());
  const port = freePort();
  const ruleId = await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  using established = await TestConn.open(port);
  assert.equal(await established.echo("before"), "before");

  fillUp(ballast);
  const users = await usersUntilFull(operator);
  const pushed = await operator.api("POST", "/v1/rules", {
    client: "edge-01",
    listen_port: freePort(),
    target_host: "127.0.0.1",
    target_port: target.port,
  });
  assert.deepEqual([pushed.status, codeOf(pushed)], [422, "activation_failed"]);
  assert.match(JSON.stringify(pushed.body), /persist_rule: internal/);
  const { fields } = await server.process.event("operator.store_error");
  assert.match(String(fields["error"]), /disk is full|disk I\/O error/, "the log says more");
  assert.equal((await operator.api("DELETE", `/v1/rules/${ruleId}`)).status, 500);
  await server.process.event("audit.flush_failed");

  assert.equal(await established.echo("meanwhile"), "meanwhile");
  using fresh = await TestConn.open(port);
  assert.equal(await fresh.echo("also new ones"), "also new ones");
  assert.equal(await userCount(operator), users);
  assert.deepEqual(await operator.stateOf(ruleId), { kind: "active" });
  assert.match(await operator.ok(["list-clients"]), / edge-01 +connected /);

  await Deno.remove(ballast);
  assert.equal((await addUser(operator, users)).status, 201);
  assert.equal(await userCount(operator), users + 1);
  const another = freePort();
  await operator.push("edge-01", another, `127.0.0.1:${target.port}`);
  using later = await TestConn.open(another);
  assert.equal(await later.echo("after"), "after");
  assert.equal((await operator.api("DELETE", `/v1/rules/${ruleId}`)).status, 204);
  assert.ok(!client.logs.lines.some(({ event }) => event === "control.disconnected"));
  const drops = await operator.api("GET", "/v1/metrics");
  assert.match(String(drops.body), /^portunus_audit_buffer_drops_total [1-9]/m);

  assert.equal(await server.process.stop(), 0);
  using db = new DatabaseSync(`${server.dataDir}/state.db`);
  assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
}

labTest("a full disk stops changes, not traffic, until there is room", async (lab) => {
  const dataDir = lab.path("server");
  await Deno.mkdir(dataDir);
  const disk = mountSmallDisk("a server on a full disk", dataDir, 8);
  if (!disk) return;
  // Before any process: what the lab was given first, it gives back last.
  lab.use({ [Symbol.asyncDispose]: () => Promise.try(() => disk[Symbol.dispose]()) });
  await scenario(lab, disk.ballast);
});
