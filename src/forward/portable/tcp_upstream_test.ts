import assert from "node:assert/strict";
import {
  type FakeListener,
  FakeNet,
  FakeSocket,
  osError,
} from "../../../tests/forward/fake_net.ts";
import { tcpRule } from "../../../tests/forward/rules.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { turn } from "../../../tests/kit/turn.ts";
import { FORWARD } from "../../core/limits.ts";
import { CopyMemory } from "./buffer_pool.ts";
import { ListedTargets } from "./rule_targets.ts";
import { TcpRule } from "./tcp_rule.ts";
import { LocalMeter } from "../policy/meter.ts";

const target = (port: number) =>
  ({ host: "192.0.2.9", port, priority: 0, proxyProtocol: "v1" }) as const;

/** A rule with two targets that get PROXY headers, and a client that has connected. */
function connected() {
  const spec = tcpRule({ listen: { start: 80, end: 80 }, target: { start: 90, end: 90 } });
  const listed = { ...spec, targets: [target(90), target(91)] };
  const net = new FakeNet();
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  net.listen({ hostname: "::", port: 80 });
  const resolver = { resolve: () => Promise.reject(new Error("no names here")) };
  const rule = new TcpRule({
    spec: listed,
    listeners: net.listeners,
    targets: new ListedTargets(listed, { clock, logger }),
    owner: null,
    environment: {
      net,
      clock,
      logger,
      memory: new CopyMemory(),
      createMeter: () => new LocalMeter(),
      resolver,
    },
  });
  const client = new FakeSocket();
  (net.listeners[0] as FakeListener).deliver(client);
  return { net, clock, logger, rule, client };
}

const HEADER = "PROXY TCP4 192.0.2.1 192.0.2.8 4000 80\r\n";
const text = ({ written }: FakeSocket) => String.fromCharCode(...written);

Deno.test("a target that does not take the PROXY header within 10 s makes way for the next", async () => {
  const { net, clock, logger, rule, client } = connected();
  const stuck = new FakeSocket();
  stuck.stall();
  (await net.dialing()).accept(stuck);
  await turn();
  clock.advance(FORWARD.proxyHeaderTimeoutMs - 1);
  await turn();
  assert.equal(stuck.isClosed, false);

  clock.advance(1);
  const next = await net.dialing();
  const willing = new FakeSocket();
  next.accept(willing);
  client.send(new TextEncoder().encode("payload"));
  await turn();

  assert.equal(next.endpoint.port, 91);
  assert.equal(stuck.isClosed, true);
  assert.equal(text(willing), `${HEADER}payload`);
  const failed = await logger.seen("rule.target.proxy_protocol_write_failed");
  assert.deepEqual(failed.fields, {
    rule_id: "1",
    target_index: 0,
    target_host: "192.0.2.9",
    target_port: 90,
    proxy_protocol: "v1",
    error: "proxy_protocol_prelude_write_timeout",
  });
  const { bytesIn, perTarget } = rule.counters();
  assert.equal(bytesIn, 7n, "the header counts for nothing");
  assert.deepEqual(
    perTarget.map((it) => [it.consecutiveFailures, it.connectionsAccepted, it.bytesIn]),
    [[1, 0n, 0n], [0, 1n, 7n]],
  );
  await rule.close(0);
});

Deno.test("a target that hangs up on the PROXY header makes way for the next", async () => {
  const { net, logger, rule } = connected();
  const gone = new FakeSocket();
  const fail = gone.stall();
  (await net.dialing()).accept(gone);
  fail(osError("EPIPE"));
  const willing = new FakeSocket();
  willing.writeMax = 3;
  (await net.dialing()).accept(willing);
  await turn();

  assert.equal(text(willing), HEADER, "however little is taken at a time");
  const { fields } = await logger.seen("rule.target.proxy_protocol_write_failed");
  assert.equal(fields["error"], "EPIPE (os error)");
  await rule.close(0);
});

Deno.test("when no target takes the PROXY header, the client is let go", async () => {
  const { net, logger, rule, client } = connected();
  for (let i = 0; i < 2; i++) {
    const gone = new FakeSocket();
    gone.stall()(osError("ECONNRESET"));
    (await net.dialing()).accept(gone);
  }
  const { fields } = await logger.seen("rule.conn_error_all_targets_failed");
  await turn();
  assert.equal(fields["target_count"], 2);
  assert.equal(client.isClosed, true);
  await rule.close(0);
});

Deno.test("close() does not wait for a target that is stuck with the PROXY header", async () => {
  const { net, logger, rule, client } = connected();
  const stuck = new FakeSocket();
  stuck.stall();
  (await net.dialing()).accept(stuck);
  await turn();

  await rule.close(0);

  assert.deepEqual([stuck.isClosed, client.isClosed], [true, true]);
  assert.equal(logger.of("rule.target.proxy_protocol_write_failed").length, 0);
  assert.equal(logger.of("rule.conn_error")[0]?.fields["error"], "proxy_cancelled");
});
