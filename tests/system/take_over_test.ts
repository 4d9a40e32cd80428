/** Clients that take each other's place, as processes, under load. */

import assert from "node:assert/strict";
import { clientOf, UdpPeer } from "../forward/udp_kit.ts";
import { TestConn } from "../kit/conn.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import type { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import type { TestProcess } from "../kit/process.ts";
import { echoTarget } from "../kit/targets.ts";
import { tenant } from "../kit/tenant.ts";

const MONTHLY_BYTES = 10_000_000_000;
const REPORTS_MAX = 20;
const ARGS = ["--stats-report-interval-secs", "1", "--reconnect-initial-delay-ms", "20"];

/** Something that goes on until it is stopped, and says how many bytes went each way. */
interface Load {
  stop(): Promise<number>;
}

function load(work: (isStopped: () => boolean) => Promise<number>): Load {
  let isStopped = false;
  const done = work(() => isStopped);
  return {
    stop: () => {
      isStopped = true;
      return done;
    },
  };
}

/** One connection for all of it. */
const longLived = (port: number) =>
  load(async (isStopped) => {
    using conn = await TestConn.open(port);
    let bytes = 0;
    for (let i = 0; !isStopped(); i++, bytes += 10_000) {
      const chunk = `${i}`.padStart(10_000, "x");
      assert.equal(await conn.echo(chunk), chunk);
    }
    return bytes;
  });

/** A connection for each word. */
const shortLived = (port: number) =>
  load(async (isStopped) => {
    let bytes = 0;
    for (let i = 0; !isStopped(); i++) {
      using conn = await TestConn.open(port);
      const word = `connection ${i}`;
      assert.equal(await conn.echo(word), word);
      bytes += word.length;
    }
    return bytes;
  });

/** A request and its reply, again and again, from a socket of its own each time. */
const datagrams = (port: number) =>
  load(async (isStopped) => {
    let bytes = 0;
    for (let i = 0; !isStopped(); i++) {
      using source = clientOf("127.0.0.1", port);
      const word = new TextEncoder().encode(`datagram ${i}`);
      await source.send(word);
      assert.deepEqual((await source.receive()).data, word);
      bytes += word.length;
    }
    return bytes;
  });

/** What the API says was forwarded for alice: bytes in, bytes out, used of her quota. */
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

function successor(lab: Lab, bundle: string, ...args: string[]): TestProcess {
  return lab.client({ bundle, args: [...ARGS, "--take-over", ...args] });
}

labTest(
  "a client is replaced under load: nobody is refused or reset, every byte counts once",
  async (lab) => {
    const from = Math.floor(Date.now() / 60_000) * 60;
    const { server, operator, client, bundle } = await lab.connected({ clientArgs: ARGS });
    const { alice, quota } = await tenant(lab, operator, MONTHLY_BYTES);
    const target = lab.use(echoTarget());
    using udpTarget = UdpPeer.bind("127.0.0.1");
    void udpTarget.echo();
    const [plain, capped, udp] = [freePort(), freePort(), freePort()];
    const push = async (who: Operator, rule: object) => {
      const { status, body } = await who.api("POST", "/v1/rules", { client: "edge-01", ...rule });
      assert.equal(status, 201, JSON.stringify(body));
    };
    const targets = [{ host: "127.0.0.1", port: target.port }];
    await push(alice, { listen_port: plain, targets });
    const rate_limit = { concurrent_connections: 1_000 };
    await push(alice, { listen_port: capped, targets, rate_limit });
    const udpTargets = [{ host: "127.0.0.1", port: udpTarget.addr.port }];
    await push(operator, { protocol: "udp", listen_port: udp, targets: udpTargets });

    const tcp = [plain, capped].flatMap((port) => [longLived(port), shortLived(port)]);
    const replies = datagrams(udp);
    const clients = [client];
    for (let turn = 0; turn < 3; turn++) {
      const mark = server.process.mark();
      const next = successor(lab, bundle);
      const { fields } = await next.event("client.took_over", { rules: 3 });
      assert.equal(fields["pid"], clients.at(-1)?.pid);
      // Never two sessions at once: the first has ended before the second is there.
      await next.event("control.connected");
      const { logs } = server.process;
      const sessions = logs.lines.slice(mark).map(({ event }) => event)
        .filter((event) => event === "client.connected" || event === "client.disconnected");
      assert.deepEqual(sessions.slice(0, 2), ["client.disconnected", "client.connected"]);
      clients.push(next);
    }
    assert.ok(await replies.stop() > 0);
    const sent = await Promise.all(tcp.map((it) => it.stop()));
    const last = clients.pop();
    const bytes = sent.reduce((sum, it) => sum + it, 0);
    const expected = [bytes, bytes, 2 * bytes];
    let count: number[] = [];
    for (let report = 0; report < REPORTS_MAX && `${count}` !== `${expected}`; report++) {
      await server.process.event("client.stats_report", {}, server.process.mark());
      count = await counted(alice, from, quota);
    }
    assert.deepEqual(count, expected);
    for (const old of clients) assert.equal(await old.status, 0);
    for (const old of clients.slice(1)) {
      assert.match(
        await old.stdout(),
        /^took over from process \d+\n$/,
      );
    }
    assert.equal(await last?.stop(), 0);
  },
);

labTest("a successor that fails, or dies on the way, leaves the client as it was", async (lab) => {
  const { operator, client, bundle } = await lab.connected({ clientArgs: ARGS });
  const target = lab.use(echoTarget());
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  using kept = await TestConn.open(port);
  assert.equal(await kept.echo("before"), "before");

  // Somebody else's client, and one that nobody runs.
  const other = await operator.enroll("edge-02", lab.path("edge-02.json"));
  const socket = lab.path("edge-01.state.sock");
  const stranger = successor(lab, other, "--take-over-socket", socket);
  assert.equal(await stranger.status, 1);
  await stranger.stderrLine("error: cannot take over: refused: it is to do something else");
  const lonely = successor(lab, other);
  assert.equal(await lonely.status, 1);
  await lonely.stderrLine("error: cannot take over: nobody to take over from at");

  // Stopped in the middle: the sockets are its, too, but it serves nobody yet.
  const dying = successor(lab, bundle);
  await client.event("succession.offered");
  await dying.kill();
  const portable = lab.client({
    bundle,
    args: [...ARGS, "--take-over"],
    env: { PORTUNUS_ENGINE: "portable" },
  });
  assert.equal(await portable.status, 1);
  await portable.stderrLine("error: cannot take over: this engine has no sockets to take over");

  assert.equal(await kept.echo("after"), "after");
  using fresh = await TestConn.open(port);
  assert.equal(await fresh.echo("fresh"), "fresh");
  assert.deepEqual(client.logs.all("control.disconnected"), []);
  for (const conn of [kept, fresh]) conn[Symbol.dispose]();
  assert.equal(await client.stop(), 0);
});
