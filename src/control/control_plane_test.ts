import assert from "node:assert/strict";
import { FakeServerStream } from "../../tests/kit/fake_streams.ts";
import {
  hello,
  ruleIdOf,
  statsMessage,
  statusMessage,
  updateOf,
} from "../../tests/kit/messages.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { ruleInput } from "../../tests/kit/rules.ts";
import { TemporaryStore } from "../../tests/kit/seeded_store.ts";
import { turn } from "../../tests/kit/turn.ts";
import { PortunusError } from "../core/errors.ts";
import { newQuota, withUsage } from "../core/quota.ts";
import { ClientRepository } from "../store/clients.ts";
import { EnrollmentRepository } from "../store/enrollments.ts";
import { OwnerCapRepository } from "../store/owner_caps.ts";
import { QuotaRepository } from "../store/quotas.ts";
import { RuleRepository } from "../store/rules.ts";
import { SettingsRepository } from "../store/settings.ts";
import { systemRandom } from "../system/random.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { RuleStatsCache } from "../traffic/rule_stats.ts";
import {
  OwnerRateLimitAction,
  type OwnerRateLimitUpdate,
  Protocol,
  type ServerMessage,
  TrafficQuotaAction,
  type TrafficQuotaUpdate,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { ControlPlane } from "./control_plane.ts";
import { EnrollmentService } from "./enrollment.ts";
import { OwnerCapService } from "./owner_caps.ts";
import { QuotaUpdates } from "./quota_updates.ts";
import { SessionRegistry } from "./registry.ts";
import { RuleService } from "./rules.ts";

const EDGE = { clientId: "C1", clientName: "edge-01" };

class Fixture implements Disposable {
  readonly db = new TemporaryStore();
  readonly clock = this.db.clock;
  readonly logger = new RecordingLogger();
  readonly registry = new SessionRegistry(this.clock);
  readonly metrics = new Metrics();
  readonly ownerCaps: OwnerCapService;
  readonly rules: RuleService;
  readonly stats: RuleStatsCache;
  readonly plane: ControlPlane;
  readonly quotas = new QuotaRepository(this.db.store);
  /** What went into accounting: client, rule, bytes in. */
  readonly accounted: string[] = [];
  #requests = 0;

  constructor() {
    this.db.addUser({ userId: "alice", role: "user" });
    this.db.addClient({ ...EDGE, token: "good" });
    this.db.addClient({ clientId: "C2", clientName: "edge-02", token: "bad", revoked: true });
    const { store } = this.db;
    const newId = () => `R${this.#requests++}`;
    const common = { registry: this.registry, clock: this.clock, logger: this.logger, newId };
    const clients = new ClientRepository(store);
    this.ownerCaps = new OwnerCapService({
      ...common,
      caps: new OwnerCapRepository(store),
      clients,
      ownersOn: (clientId) => this.rules.ownersOn(clientId),
    });
    this.rules = new RuleService({
      ...common,
      rules: new RuleRepository(store),
      rangeMaxPorts: 10,
      onRemoved: () => undefined,
      belongings: this.ownerCaps,
    });
    this.stats = new RuleStatsCache({
      clock: this.clock,
      metrics: this.metrics,
      ownerOf: (id) => this.rules.get(id)?.ownerId,
    });
    this.plane = new ControlPlane({
      ...common,
      clients,
      enrollment: new EnrollmentService({
        ...common,
        clients,
        enrollments: new EnrollmentRepository(store),
        settings: new SettingsRepository(store),
        server: {
          fingerprint: "ab".repeat(32),
          sans: { dns: [], ips: ["127.0.0.1"] },
          seed: null,
          controlPort: 7443,
        },
        random: systemRandom,
        onRotated: () => undefined,
      }),
      rules: this.rules,
      replay: {
        beforeRules: [new QuotaUpdates({ ...common, quotas: this.quotas })],
        afterRules: [this.ownerCaps],
      },
      stats: this.stats,
      accounting: {
        record: ({ clientId }, stats) => {
          for (const { ruleId, bytesIn } of stats) {
            this.accounted.push(`${clientId} ${ruleId} ${bytesIn}`);
          }
        },
      },
      metrics: this.metrics,
      udpFlowIdleSecs: 61,
      udpMaxFlowsPerRule: 1_025,
    });
  }

  /** Starts a session; `done` is how it ends. */
  start(stream = new FakeServerStream()) {
    return { stream, done: this.plane.session(EDGE, stream) };
  }

  /** Starts a session that is greeted. */
  async connect(first = hello()) {
    const started = this.start();
    started.stream.receive(first);
    assert.equal((await started.stream.sent.next())?.payload.case, "welcome");
    return started;
  }

  /** Runs sessions until the rules of these ports are active, ids from 0. */
  async seed(...ports: readonly number[]): Promise<void> {
    const { stream, done } = await this.connect();
    for (const port of ports) {
      const pushed = this.rules.push(ruleInput({ port }), "alice", 2_000);
      const { requestId, rule } = updateOf(await stream.sent.next());
      stream.receive(statusMessage({ requestId, ruleId: rule?.ruleId ?? 0n }));
      await pushed;
    }
    stream.halfClose();
    await done;
    this.logger.lines.length = 0;
  }

  [Symbol.dispose](): void {
    this.registry.disconnectAll();
    this.db[Symbol.dispose]();
  }
}

const code = (expected: string) => (error: unknown) =>
  error instanceof PortunusError && error.code === expected;

Deno.test("ControlPlane.authenticate() knows a client by its token alone", () => {
  using fixture = new Fixture();
  assert.deepEqual(fixture.plane.authenticate("good"), EDGE);
  assert.throws(() => fixture.plane.authenticate("other"), code("token_not_found"));
  assert.throws(() => fixture.plane.authenticate("bad"), code("token_revoked"));
  fixture.db.store.db.exec("ALTER TABLE client_tokens RENAME TO gone");
  assert.throws(() => fixture.plane.authenticate("good"), code("token_verify_error"));
});

Deno.test("ControlPlane.session() answers Hello with Welcome and announces an empty replay", async () => {
  using fixture = new Fixture();
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
  using fixture = new Fixture();
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
  using fixture = new Fixture();
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
  using fixture = new Fixture();
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
  using fixture = new Fixture();
  const { stream, done } = await fixture.connect(hello("", []));
  const session = fixture.registry.get("C1");
  assert.deepEqual([...(session?.protocols ?? ["?"])], []);
  assert.equal(session?.version, null);
  stream.halfClose();
  await done;
});

Deno.test("ControlPlane.session() ignores a second Hello", async () => {
  using fixture = new Fixture();
  const { stream, done } = await fixture.connect(hello("3.1.0"));
  stream.receive(hello("0.1.0", []));
  await fixture.logger.seen("client.hello_after_welcome");
  assert.equal(fixture.registry.get("C1")?.version, "3.1.0");
  stream.halfClose();
  await done;
});

Deno.test("ControlPlane.session() hands stats to the cache, to accounting, and logs each report", async () => {
  using fixture = new Fixture();
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
  using fixture = new Fixture();
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
  using fixture = new Fixture();
  const { stream, done } = await fixture.connect();
  stream.sent.stall();
  void fixture.registry.get("C1")?.send({} as ServerMessage);
  fixture.registry.disconnect("C1");
  await done;
  stream.sent.flow();
});

Deno.test("ControlPlane.session() logs the error of a connection that broke, whenever it breaks", async () => {
  using fixture = new Fixture();
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
  using fixture = new Fixture();
  const { stream, done } = fixture.start();
  stream.halfClose();
  await assert.rejects(done, code("client_dropped_before_hello"));
  assert.equal(fixture.registry.size, 0);
  assert.equal(fixture.logger.of("client.disconnected").length, 1);
});

Deno.test("ControlPlane.session() keeps the gauge of connected clients", async () => {
  using fixture = new Fixture();
  const gauge = async () =>
    /^portunus_clients_connected (\d+)$/m.exec(await fixture.metrics.render())?.[1];
  assert.equal(await gauge(), "0");
  const { stream, done } = await fixture.connect();
  assert.equal(await gauge(), "1");
  stream.halfClose();
  await done;
  assert.equal(await gauge(), "0");
});

Deno.test("ControlPlane.enroll() rejects, and does not throw, for a code that is no good", async () => {
  using fixture = new Fixture();
  const result = fixture.plane.enroll("nonsense");
  assert.ok(result instanceof Promise);
  await assert.rejects(result, code("enrollment_invalid"));
});

Deno.test("ControlPlane.session() hears answers while a replay is stuck in sending", async () => {
  using fixture = new Fixture();
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

Deno.test("ControlPlane.session() replays owners' caps after the rules, to clients that know them", async () => {
  using fixture = new Fixture();
  await fixture.seed(1);
  const current = await fixture.connect(hello("0.11.0"));
  assert.equal(ruleIdOf(await current.stream.sent.next()), 0n);
  for (const ownerId of ["alice", "bob"]) {
    fixture.ownerCaps.put({ clientId: "C1", ownerId }, { concurrent_connections: 3 });
    assert.equal(capText(await current.stream.sent.next()), `SET ${ownerId} 3`);
  }
  current.stream.halfClose();
  await current.done;

  const again = await fixture.connect(hello("0.11.0"));
  assert.equal(ruleIdOf(await again.stream.sent.next()), 0n);
  assert.equal(capText(await again.stream.sent.next()), "SET alice 3");
  assert.equal(capText(await again.stream.sent.next()), "SET bob 3");
  again.stream.halfClose();
  await again.done;

  const old = await fixture.connect(hello("0.10.0"));
  assert.equal(ruleIdOf(await old.stream.sent.next()), 0n);
  old.stream.halfClose();
  await old.done;
  assert.equal(old.stream.sent.all.length, 2);
});

Deno.test("ControlPlane.session() does not replay caps that went while it was replaying", async () => {
  using fixture = new Fixture();
  const first = await fixture.connect();
  for (const ownerId of ["alice", "bob"]) {
    fixture.ownerCaps.put({ clientId: "C1", ownerId }, { concurrent_connections: 3 });
  }
  first.stream.halfClose();
  await first.done;
  const { stream, done } = fixture.start();
  stream.receive(hello());
  await fixture.logger.seen("client.connected", 2);
  fixture.ownerCaps.remove({ clientId: "C1", ownerId: "bob" });
  assert.equal((await stream.sent.next())?.payload.case, "welcome");
  const told = [await stream.sent.next(), await stream.sent.next()].map(capText);
  assert.deepEqual(told.sort(), ["REMOVE bob undefined", "SET alice 3"]);
  stream.halfClose();
  await done;
  assert.equal(stream.sent.all.length, 3);
});

/** `<ACTION> <owner> <cap on connections>` of what a client is told of an owner's caps. */
function capText(message: ServerMessage | undefined): string {
  assert.equal(message?.payload.case, "ownerRateLimitUpdate");
  const { action, ownerId, rateLimit } = message.payload.value as OwnerRateLimitUpdate;
  return `${OwnerRateLimitAction[action]} ${ownerId} ${rateLimit?.concurrentConnections}`;
}

Deno.test("ControlPlane.session() replays quotas before the rules, by client id, to clients that know them", async () => {
  using fixture = new Fixture();
  await fixture.seed(1);
  const quota = newQuota({
    userId: "alice",
    clientId: "C1",
    clientName: "its name then",
    monthlyBytes: 100n,
    billingAnchor: 1_767_225_600n,
  }, 1_767_225_600n);
  fixture.quotas.save(withUsage(quota, 130n, 1_767_225_601n));
  fixture.quotas.save({ ...quota, userId: "bob", monthlyBytes: 2n ** 62n });
  fixture.quotas.save({ ...quota, clientId: "C2" });

  const { stream, done } = await fixture.connect(hello("1.4.0"));
  const update = quotaUpdateOf(await stream.sent.next());
  assert.match(update.requestId, /^quota-replay-R\d+$/);
  assert.deepEqual(
    [update.userId, update.clientId, update.clientName, update.action],
    ["alice", "C1", "edge-01", TrafficQuotaAction.SET],
  );
  const { $typeName: _, ...state } = update.state ?? assert.fail("SET has a state");
  assert.deepEqual(state, {
    monthlyBytes: 100n,
    budgetRemainingBytes: -30n,
    periodStartedAtUnixSec: 1_767_225_600n,
    periodEndsAtUnixSec: 1_769_904_000n,
    exhausted: true,
  });
  const { userId, state: full } = quotaUpdateOf(await stream.sent.next());
  assert.deepEqual([userId, full?.budgetRemainingBytes, full?.exhausted], [
    "bob",
    2n ** 62n,
    false,
  ]);
  assert.equal(ruleIdOf(await stream.sent.next()), 0n);
  stream.halfClose();
  await done;

  for (const version of ["1.3.9", ""]) {
    const old = await fixture.connect(hello(version));
    assert.equal(ruleIdOf(await old.stream.sent.next()), 0n);
    old.stream.halfClose();
    await old.done;
  }
});

Deno.test("ControlPlane.session() replays rules although quotas cannot be read", async () => {
  using fixture = new Fixture();
  await fixture.seed(1);
  fixture.db.store.db.exec("ALTER TABLE traffic_quotas RENAME TO gone");
  const { stream, done } = await fixture.connect();
  assert.equal(ruleIdOf(await stream.sent.next()), 0n);
  assert.equal(fixture.logger.of("operator.store_error").length, 1);
  stream.halfClose();
  await done;
});

function quotaUpdateOf(message: ServerMessage | undefined): TrafficQuotaUpdate {
  assert.equal(message?.payload.case, "trafficQuotaUpdate");
  return message.payload.value as TrafficQuotaUpdate;
}
