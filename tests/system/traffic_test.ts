/** Traffic of real processes, counted by a server that is killed again and again. */

import assert from "node:assert/strict";
import { TestConn } from "../kit/conn.ts";
import { labTest, type ServerHandle } from "../kit/lab.ts";
import type { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";
import { tenant } from "../kit/tenant.ts";

/** Reports after which everything that was forwarded is counted. */
const REPORTS_MAX = 20;
const CHUNK = "x".repeat(10_000);
const MONTHLY_BYTES = 10_000_000_000;

/** What the API says was forwarded for alice since `from`: bytes in, bytes out, used of her quota. */
async function counted(alice: Operator, from: number, quota: string): Promise<number[]> {
  const traffic = await alice.api(
    "GET",
    `/v1/users/alice/traffic?from=${from}&to=${from + 80_000}`,
  );
  assert.equal(traffic.status, 200, JSON.stringify(traffic.body));
  const status = await alice.api("GET", `${quota}/status`);
  assert.equal(status.status, 200, JSON.stringify(status.body));
  const { total_bytes_in, total_bytes_out } = traffic.body as Record<string, number>;
  const { current_period_bytes_used } = status.body as Record<string, number>;
  return [total_bytes_in, total_bytes_out, current_period_bytes_used].map(Number);
}

/** Echoes through `port` without a pause; `stop` says how many bytes went each way. */
function pump(port: number): { stop: () => Promise<number> } {
  let isStopped = false;
  const sent = (async () => {
    using conn = await TestConn.open(port);
    let bytes = 0;
    while (!isStopped) {
      assert.equal((await conn.echo(CHUNK)).length, CHUNK.length);
      bytes += CHUNK.length;
    }
    return bytes;
  })();
  return {
    stop: () => {
      isStopped = true;
      return sent;
    },
  };
}

/** The report of a client after which the counters of `expected` are there. */
async function untilCounted(
  server: ServerHandle,
  expected: readonly number[],
  count: () => Promise<number[]>,
): Promise<void> {
  let last: number[] = [];
  for (let report = 0; report < REPORTS_MAX; report++) {
    await server.process.event("client.stats_report", {}, server.process.mark());
    last = await count();
    if (`${last}` === `${expected}`) break;
  }
  assert.deepEqual(last, expected);
}

labTest("every byte is counted once, although the server is killed under traffic", async (lab) => {
  const from = Math.floor(Date.now() / 60_000) * 60;
  const world = await lab.connected({
    clientArgs: [
      ...["--stats-report-interval-secs", "1"],
      ...["--reconnect-initial-delay-ms", "20", "--reconnect-max-delay-secs", "1"],
    ],
  });
  let server = world.server;
  const { alice, quota } = await tenant(lab, world.operator, MONTHLY_BYTES);
  const target = lab.use(echoTarget());
  const [port, other] = [freePort(), freePort()];
  for (const listen of [port, other]) {
    await alice.push("edge-01", listen, `127.0.0.1:${target.port}`);
  }

  const pumps = [pump(port), pump(other)];
  for (let kill = 0; kill < 3; kill++) {
    // Reports are under way all the time: the kill meets them where it may.
    await server.process.event("client.stats_report", {}, server.process.mark());
    await server.process.kill();
    server = await lab.server();
    await server.process.event("client.connected");
  }
  const sent = await Promise.all(pumps.map(({ stop }) => stop()));
  const bytes = sent.reduce((sum, it) => sum + it, 0);
  assert.ok(bytes > 0);
  const count = () => counted(alice, from, quota);
  await untilCounted(server, [bytes, bytes, 2 * bytes], count);
  await untilCounted(server, [bytes, bytes, 2 * bytes], count);

  const lowered = await world.operator.api("PATCH", quota, { monthly_bytes: 1 });
  assert.equal(lowered.status, 200, JSON.stringify(lowered.body));
  await server.process.kill();
  server = await lab.server();
  const { body } = await alice.api("GET", `${quota}/status`);
  assert.deepEqual(body, lowered.body, "it stays exhausted");
  assert.equal((body as { exhausted: boolean }).exhausted, true);
  const metrics = await (await fetch(`http://${server.metrics}/metrics`)).text();
  const labels = '{client="edge-01",user="alice"}';
  assert.ok(metrics.includes(`portunus_traffic_quota_exhausted${labels} 1\n`), metrics);
  assert.ok(metrics.includes(`portunus_traffic_quota_bytes_used${labels} ${2 * bytes}\n`), metrics);
});
