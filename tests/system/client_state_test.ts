/** What a client keeps on disk, over real processes that are killed. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { TestConn, untilRefused } from "../kit/conn.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";

/** Reconnects at once, so that tests do not wait for the backoff. */
const FAST = ["--reconnect-initial-delay-ms", "20", "--reconnect-max-delay-secs", "1"];

/** Where a client with the lab's bundle keeps its state. */
const statePath = (lab: Lab) => lab.path("edge-01.state.json");

interface StateJson {
  readonly rules: readonly { readonly rule_id?: string }[];
  readonly owner_rate_limits: readonly unknown[];
}

/** The state once it satisfies `accept`: watches the directory, so that nothing polls. */
async function stateWhere(lab: Lab, accept: (state: StateJson) => boolean): Promise<string> {
  using watcher = Deno.watchFs(lab.dir);
  const read = async () => {
    const text = await Deno.readTextFile(statePath(lab)).catch(() => null);
    return text !== null && accept(JSON.parse(text) as StateJson) ? text : null;
  };
  const now = await read();
  if (now !== null) return now;
  for await (const _ of watcher) {
    const text = await read();
    if (text !== null) return text;
  }
  return assert.fail("the watcher ended");
}

const ruleIds = ({ rules }: StateJson) => rules.map(({ rule_id = "0" }) => rule_id).sort();

async function tokenOf(bundle: string): Promise<string> {
  return (JSON.parse(await Deno.readTextFile(bundle)) as { token: string }).token;
}

labTest(
  "a killed client forwards again while the server is away, and its return re-binds nothing",
  async (lab) => {
    const { server, operator, client, bundle } = await lab.connected({ clientArgs: FAST });
    const target = lab.use(echoTarget());
    const [kept, gone] = [freePort(), freePort()];
    const keptId = await operator.push("edge-01", kept, `127.0.0.1:${target.port}`);
    const goneId = await operator.push("edge-01", gone, `127.0.0.1:${target.port}`);
    const caps = { concurrent_connections: 2 };
    const [{ client_id }] = (await operator.api("GET", "/v1/clients")).body as [
      { client_id: string },
    ];
    const owner = `/v1/clients/${client_id}/owners/_superadmin/rate-limit`;
    assert.equal((await operator.api("PUT", owner, caps)).status, 200);
    const text = await stateWhere(
      lab,
      (state) => ruleIds(state).length === 2 && state.owner_rate_limits.length === 1,
    );
    assert.ok(!text.includes(await tokenOf(bundle)));
    assert.equal(((await Deno.stat(statePath(lab))).mode ?? 0) & 0o777, 0o600);

    await server.process.kill();
    await client.kill();
    const next = lab.client({ bundle, args: FAST });
    await next.event("client.state_restored", {
      rules: 2,
      active: 2,
      owner_caps: 1,
      quotas: 0,
    });
    using conn = await TestConn.open(kept);
    assert.equal(await conn.echo("nobody told me"), "nobody told me");
    {
      using second = await TestConn.open(gone);
      assert.equal(await second.echo("this one too"), "this one too");
      // The owner may have two connections, on all rules together.
      using third = await TestConn.open(kept);
      await third.closed();
    }

    // The server comes back without one of the rules.
    {
      using store = new DatabaseSync(`${server.dataDir}/state.db`);
      store.prepare("DELETE FROM rules WHERE id = ?").run(BigInt(goneId));
    }
    const mark = next.mark();
    await lab.server();
    await next.event("rule.removed", { rule_id: goneId }, mark);
    await untilRefused(gone);
    assert.equal(await conn.echo("never interrupted"), "never interrupted");
    assert.deepEqual(next.logs.all("rule.activated").map(({ fields }) => fields["rule_id"]), [
      keptId,
      goneId,
    ]);
    assert.deepEqual(await operator.stateOf(keptId), { kind: "active" });
    await stateWhere(lab, (state) => ruleIds(state).join() === keptId);
  },
);

labTest("a stopped client takes its rules up again, unless it was told not to", async (lab) => {
  const { server, operator, client, bundle } = await lab.connected();
  const target = lab.use(echoTarget());
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  assert.equal(await client.stop(), 0);
  assert.equal(await server.process.stop(), 0);

  const next = lab.client({ bundle, args: FAST });
  await next.event("rule.activated", { rule_id: "0" });
  using conn = await TestConn.open(port);
  assert.equal(await conn.echo("again"), "again");
  conn[Symbol.dispose]();
  assert.equal(await next.stop(), 0);

  const forgetful = lab.client({ bundle, args: [...FAST, "--no-state"] });
  await forgetful.event("control.connect_failed");
  await untilRefused(port);
  assert.deepEqual(forgetful.logs.all("client.state_restored"), []);
  await assert.rejects(Deno.stat(statePath(lab)), Deno.errors.NotFound);
  assert.equal(await forgetful.stop(), 0);
});

labTest("a client that was revoked while it was away forgets its rules", async (lab) => {
  const { operator, client, bundle } = await lab.connected({ clientArgs: FAST });
  const target = lab.use(echoTarget());
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  await stateWhere(lab, (state) => ruleIds(state).length === 1);
  await client.kill();
  const [{ client_id }] = (await operator.api("GET", "/v1/clients")).body as [
    { client_id: string },
  ];
  assert.equal((await operator.api("POST", `/v1/clients/${client_id}/revoke`)).status, 204);

  const next = lab.client({ bundle, args: FAST });
  await next.event("client.state_restored", { active: 1 });
  await next.event("client.state_forgotten", { path: statePath(lab) });
  await next.event("rule.removed", { rule_id: "0" });
  await untilRefused(port);
  await assert.rejects(Deno.stat(statePath(lab)), Deno.errors.NotFound);
  assert.equal(await next.stop(), 0);
  await assert.rejects(Deno.stat(statePath(lab)), Deno.errors.NotFound);
});

labTest("a state that is damaged, or of another client, keeps none from starting", async (lab) => {
  const { operator, client, bundle } = await lab.connected();
  assert.equal(await client.stop(), 0);
  const other = await operator.enroll("edge-02", lab.path("edge-02.json"));
  await Deno.writeTextFile(statePath(lab), '{"version":1,');
  const next = lab.client({ bundle });
  await next.event("client.state_ignored", { error: "it is damaged: not JSON" });
  await next.event("control.connected");
  const target = lab.use(echoTarget());
  await operator.push("edge-01", freePort(), `127.0.0.1:${target.port}`);
  assert.equal(await next.stop(), 0);

  const stranger = lab.client({ bundle: other, args: ["--state", statePath(lab)] });
  await stranger.event("client.state_ignored", { error: "it is of another client" });
  await stranger.event("control.connected");
});
