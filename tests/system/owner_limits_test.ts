/** Caps of an owner and a quota, over running TCP rules of real processes. */

import assert from "node:assert/strict";
import { TestConn } from "../kit/conn.ts";
import { labTest } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";
import { tenant } from "../kit/tenant.ts";

const ARGS = [
  ...["--reconnect-initial-delay-ms", "20", "--reconnect-max-delay-secs", "1"],
  ...["--stats-report-interval-secs", "1"],
];
const QUOTA = 100_000;

labTest("caps of an owner bind all her running rules, and are lifted from them", async (lab) => {
  const { operator, client } = await lab.connected();
  const { alice, caps } = await tenant(lab, operator, 1_000_000_000);
  const target = lab.use(echoTarget());
  const [first, second] = [freePort(), freePort()];
  for (const port of [first, second]) {
    await alice.push("edge-01", port, `127.0.0.1:${target.port}`);
  }
  const put = await operator.api("PUT", caps, { concurrent_connections: 1 });
  assert.equal(put.status, 200, JSON.stringify(put.body));
  await client.event("control.owner_rate_limit_set", { owner_id: "alice", has_caps: true });
  using conn = await TestConn.open(first);
  assert.equal(await conn.echo("the only one"), "the only one");
  {
    using other = await TestConn.open(second);
    await other.closed();
  }
  assert.equal((await operator.api("DELETE", caps)).status, 204);
  await client.event("control.owner_rate_limit_remove", { owner_id: "alice" });
  using other = await TestConn.open(second);
  assert.equal(await other.echo("another one"), "another one");
  assert.equal(await conn.echo("still there"), "still there");
});

labTest(
  "a used-up quota cuts, also after a restart without the server; a refill resumes",
  async (lab) => {
    const { server, operator, client, bundle } = await lab.connected({ clientArgs: ARGS });
    const { alice, quota } = await tenant(lab, operator, QUOTA);
    const target = lab.use(echoTarget());
    const port = freePort();
    await alice.push("edge-01", port, `127.0.0.1:${target.port}`);
    {
      using conn = await TestConn.open(port);
      assert.equal(await conn.echo("within it"), "within it");
      const chunk = "x".repeat(10_000);
      let echoed = 0;
      for (let last = chunk.length; last === chunk.length;) {
        last = (await conn.echo(chunk).catch(() => "")).length;
        echoed += last;
      }
      assert.ok(echoed <= QUOTA / 2, `${echoed} bytes came back of ${QUOTA} both ways`);
    }
    // What did not fit any more was dropped, so by the server\'s count there may be a little left:
    // only the client knows that nothing is.
    using blocked = await TestConn.open(port);
    await blocked.closed();

    await server.process.kill();
    assert.equal(await client.stop(), 0);
    const next = lab.client({ bundle, args: ARGS });
    await next.event("client.state_restored", { active: 1, quotas: 1 });
    {
      using conn = await TestConn.open(port);
      assert.equal(await conn.echo("too late").catch(() => ""), "");
    }
    await lab.server();
    await next.event("control.traffic_quota_set", { user: "alice" });
    const mark = next.mark();
    const patched = await operator.api("PATCH", quota, { monthly_bytes: 100 * QUOTA });
    assert.equal(patched.status, 200, JSON.stringify(patched.body));
    await next.event("control.traffic_quota_set", { user: "alice", exhausted: false }, mark);
    using conn = await TestConn.open(port);
    assert.equal(await conn.echo("again"), "again");
    assert.equal(next.logs.all("rule.activated").length, 1, "the replay re-bound nothing");
  },
);
