import assert from "node:assert/strict";
import { ControlPlaneFixture, EDGE } from "../../tests/kit/control_plane_fixture.ts";
import {
  hello,
  ruleIdOf,
  statsMessage,
  statusMessage,
  updateOf,
} from "../../tests/kit/messages.ts";
import { ruleInput } from "../../tests/kit/rules.ts";
import { turn } from "../../tests/kit/turn.ts";
import { PortunusError } from "../core/errors.ts";
import { Protocol, type ServerMessage } from "../wire/gen/portunus/v1/portunus_pb.ts";

const code = (expected: string) => (error: unknown) =>
  error instanceof PortunusError && error.code === expected;

Deno.test("ControlPlane.authenticate() knows a client by its token alone", () => {
  using fixture = new ControlPlaneFixture();
  assert.deepEqual(fixture.plane.authenticate("good"), EDGE);
  assert.throws(() => fixture.plane.authenticate("other"), code("token_not_found"));
  assert.throws(() => fixture.plane.authenticate("bad"), code("token_revoked"));
  fixture.db.store.db.exec("ALTER TABLE client_tokens RENAME TO gone");
  assert.throws(() => fixture.plane.authenticate("good"), code("token_verify_error"));
});

Deno.test("ControlPlane.session() answers Hello with Welcome and announces an empty replay", async () => {
  using fixture = new ControlPlaneFixture();
  const { stream, done } = fixture.start();
  stream.receive(hello("3.1.0", [Protocol.UDP, Protocol.TCP, Protocol.PROTOCOL_UNSPECIFIED]));
  const welcome = await stream.sent.next();
  assert.equal(welcome?.payload.case, "welcome");
  const { serverVersion, serverTimeUnixMs, udpFlowIdleSecs, udpMaxFlowsPerRule } = welcome.payload
    .value as Extract<ServerMessage["payload"], { case: "welcome" }>["value"];
  assert.equal(serverVersion, "3.2.0");
  assert.equal(serverTimeUnixMs, BigInt(fixture.clock.now()));
  assert.deepEqual([udpFlowIdleSecs, udpMaxFlowsPerRule], [61, 1_025]);
  assert.equal(stream.headers.get("portunus-replay-rules"), "0");

  stream.halfClose();
  await done;
  assert.deepEqual(fixture.logger.of("client.hello").map(({ fields }) => fields), [{
    client_name: "edge-01",
    protocol_version: "1.0.0",
    client_version: "3.1.0",
    supported_protocols: `["TCP", "UDP"]`,
  }]);
  assert.deepEqual(fixture.logger.of("client.connected").map(({ fields }) => fields), [{
    client_name: "edge-01",
    remote_addr: "Some(203.0.113.9:51514)",
    session_id: 1,
    supported_protocols: `["TCP", "UDP"]`,
  }]);
  assert.deepEqual(fixture.logger.of("client.disconnected").map(({ fields }) => fields), [
    { client_name: "edge-01", session_id: 1 },
  ]);
  assert.equal(fixture.registry.size, 0);
});

Deno.test("ControlPlane.session() sends nothing before the first message of the client", async () => {
  using fixture = new ControlPlaneFixture();
  await fixture.seed(1);
  const { stream, done } = fixture.start();
  await assert.rejects(
    fixture.rules.push(ruleInput({ port: 2 }), "alice", 2_000),
    code("client_not_connected"),
  );
  assert.equal(fixture.registry.size, 1, "it is registered all the same");
  assert.deepEqual(stream.sent.all, []);
  stream.receive(hello());
  assert.equal((await stream.sent.next())?.payload.case, "welcome");
  assert.equal(ruleIdOf(await stream.sent.next()), 0n);
  stream.halfClose();
  await done;
});

Deno.test("ControlPlane.session() replays after Welcome and announces how many rules come", async () => {
  using fixture = new ControlPlaneFixture();
  await fixture.seed(1, 2, 3);
  const { stream, done } = await fixture.connect();
  assert.equal(stream.headers.get("portunus-replay-rules"), "3");
  for (const id of [0n, 1n, 2n]) {
    const message = await stream.sent.next();
    assert.equal(ruleIdOf(message), id);
    assert.match(updateOf(message).requestId, /^replay-/);
  }
  stream.halfClose();
  await done;
});

Deno.test("ControlPlane.session() of a client that begins without Hello serves TCP, its message last", async () => {
  using fixture = new ControlPlaneFixture();
  await fixture.seed(1);
  const { stream, done } = await fixture.connect(statusMessage({ ruleId: 0n }));
  const session = fixture.registry.get("C1");
  assert.deepEqual([...(session?.protocols ?? [])], ["tcp"]);
  assert.equal(session?.version, null);
  assert.equal(ruleIdOf(await stream.sent.next()), 0n);
  stream.halfClose();
  await done;
  assert.deepEqual(fixture.rules.get(0n)?.state, { kind: "active" }, "after the replay");
  assert.deepEqual(fixture.logger.of("client.hello"), []);
});

Deno.test("ControlPlane.session() keeps an empty protocol list, and takes an empty version for none", async () => {
  using fixture = new ControlPlaneFixture();
  const { stream, done } = await fixture.connect(hello("", []));
  const session = fixture.registry.get("C1");
  assert.deepEqual([...(session?.protocols ?? ["?"])], []);
  assert.equal(session?.version, null);
  stream.halfClose();
  await done;
});

Deno.test("ControlPlane.session() ignores a second Hello", async () => {
  using fixture = new ControlPlaneFixture();
  const { stream, done } = await fixture.connect(hello("3.1.0"));
  stream.receive(hello("0.1.0", []));
  await fixture.logger.seen("client.hello_after_welcome");
  assert.equal(fixture.registry.get("C1")?.version, "3.1.0");
  stream.halfClose();
  await done;
});

Deno.test("ControlPlane.session() hands stats to the cache, to accounting, and logs each report", async () => {
  using fixture = new ControlPlaneFixture();
  await fixture.seed(1);
  const { stream, done } = await fixture.connect();
  stream.receive(statsMessage({ ruleId: 0n, bytesIn: 5n }));
  stream.halfClose();
  await done;
  assert.equal(fixture.stats.get(0n)?.stats.bytesIn, 5n);
  assert.deepEqual(fixture.logger.of("client.stats_report").map(({ fields }) => fields), [
    { client_name: "edge-01", rule_count: 1, sent_at_unix_ms: 1n },
  ]);
  assert.deepEqual(fixture.accounted, ["C1 0 5"]);
});

Deno.test("ControlPlane.session() ends in order when it is cancelled, before and after Hello", async () => {
  using fixture = new ControlPlaneFixture();
  const waiting = fixture.start();
  const greeted = await fixture.connect();
  await waiting.done;
  assert.equal(fixture.registry.size, 1, "the newer session took its place");
  fixture.registry.disconnect("C1");
  await greeted.done;
  assert.equal(fixture.registry.size, 0);
  assert.equal(fixture.logger.of("client.disconnected").length, 2);
  assert.deepEqual(fixture.logger.of("client.transport_error"), []);
});

Deno.test("ControlPlane.session() ends when cancelled although its client has stopped reading", async () => {
  using fixture = new ControlPlaneFixture();
  const { stream, done } = await fixture.connect();
  stream.sent.stall();
  void fixture.registry.get("C1")?.send({} as ServerMessage);
  fixture.registry.disconnect("C1");
  await done;
  stream.sent.flow();
});

Deno.test("ControlPlane.session() logs the error of a connection that broke, whenever it breaks", async () => {
  using fixture = new ControlPlaneFixture();
  await fixture.seed(...Array.from({ length: 40 }, (_, i) => i + 1));
  const silentClient = fixture.start();
  silentClient.stream.breakOff();
  await silentClient.done;

  const greeted = await fixture.connect();
  greeted.stream.breakOff();
  await greeted.done;

  const replaying = await fixture.connect();
  replaying.stream.sent.stall();
  replaying.stream.breakOff();
  await replaying.done;
  const error = "transport: Cancelled: the client broke off the stream";
  assert.deepEqual(
    fixture.logger.of("client.transport_error").map(({ fields }) => fields),
    Array(3).fill({ client_name: "edge-01", error }),
  );
  assert.equal(fixture.registry.size, 0);
});

Deno.test("ControlPlane.session() refuses a client that leaves before its first message", async () => {
  using fixture = new ControlPlaneFixture();
  const { stream, done } = fixture.start();
  stream.halfClose();
  await assert.rejects(done, code("client_dropped_before_hello"));
  assert.equal(fixture.registry.size, 0);
  assert.equal(fixture.logger.of("client.disconnected").length, 1);
});

Deno.test("ControlPlane.session() keeps the gauge of connected clients", async () => {
  using fixture = new ControlPlaneFixture();
  const gauge = () => /^portunus_clients_connected (\d+)$/m.exec(fixture.metrics.render())?.[1];
  assert.equal(gauge(), "0");
  const { stream, done } = await fixture.connect();
  assert.equal(gauge(), "1");
  stream.halfClose();
  await done;
  assert.equal(gauge(), "0");
});

Deno.test("ControlPlane.enroll() rejects, and does not throw, for a code that is no good", async () => {
  using fixture = new ControlPlaneFixture();
  const result = fixture.plane.enroll("nonsense");
  assert.ok(result instanceof Promise);
  await assert.rejects(result, code("enrollment_invalid"));
});

Deno.test("ControlPlane.session() hears answers while a replay is stuck in sending", async () => {
  using fixture = new ControlPlaneFixture();
  const ports = Array.from({ length: 40 }, (_, i) => i + 1);
  await fixture.seed(...ports);
  const { stream, done } = fixture.start();
  stream.sent.stall();
  stream.receive(hello(), statusMessage({ requestId: "replay-x", ruleId: 7n }));
  await turn();
  assert.deepEqual(stream.sent.all, [], "the client reads nothing");
  assert.equal(fixture.rules.get(7n)?.state.kind, "active");
  assert.equal(fixture.rules.get(8n)?.state.kind, "pending");

  stream.sent.flow();
  for (let i = 0; i <= ports.length; i++) await stream.sent.next();
  stream.halfClose();
  await done;
});
