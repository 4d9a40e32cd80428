import assert from "node:assert/strict";
import { isError, RuleFixture } from "../../tests/kit/rule_fixture.ts";
import { turn } from "../../tests/kit/turn.ts";
import type { Grant } from "../core/grants.ts";
import { PORT_MAX } from "../core/ports.ts";
import { ClientRepository } from "../store/clients.ts";
import { QuotaRepository } from "../store/quotas.ts";
import { QuotaLedger } from "../traffic/quota_ledger.ts";
import { QuotaUpdates } from "./quota_updates.ts";
import { type QuotaDraft, QuotaService } from "./quotas.ts";

const CLIENT = { clientId: "01JABCDEFGHJKMNPQRSTVWXYZ0", clientName: "edge-03" };
const ALICE = { userId: "alice", clientId: CLIENT.clientId };
const ELSEWHERE = { userId: "alice", clientId: "01JABCDEFGHJKMNPQRSTVWXYZ9" };
const MALFORMED = { userId: "alice", clientId: "edge-03" };
const NOW = 1_767_225_600n;

const grant = (client: string): Grant => ({
  client,
  listen: { start: 1, end: PORT_MAX },
  protocols: ["tcp"],
});

class Fixture extends RuleFixture {
  readonly quotas = new QuotaRepository(this.db.store);
  readonly updates = new QuotaUpdates({
    quotas: this.quotas,
    registry: this.registry,
    newId: () => "ID",
    logger: this.logger,
  });
  readonly ledger = new QuotaLedger({
    quotas: this.quotas,
    metrics: this.metrics,
    clock: this.clock,
    logger: this.logger,
    observer: this.updates,
  });
  readonly service = new QuotaService({
    ledger: this.ledger,
    updates: this.updates,
    clients: new ClientRepository(this.db.store),
    registry: this.registry,
    clock: this.clock,
  });

  constructor() {
    super();
    this.db.addClient(CLIENT);
  }

  put(draft: Partial<QuotaDraft> = {}, address = ALICE) {
    return this.service.put(address, {
      monthlyBytes: 100n,
      billingAnchor: null,
      grants: [grant("edge-03")],
      ...draft,
    });
  }

  /** As accounting does. */
  use(bytes: bigint): void {
    const change = this.ledger.charge(ALICE, bytes);
    if (change) this.ledger.announce(change);
  }

  override [Symbol.dispose](): void {
    this.ledger[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

Deno.test("QuotaService.put() makes a quota from now on, and tells the client", async () => {
  using it = new Fixture();
  const edge = it.connect(CLIENT, "1.4.0");
  const quota = it.put();
  assert.deepEqual(quota, {
    ...CLIENT,
    userId: "alice",
    monthlyBytes: 100n,
    billingAnchor: NOW,
    periodStartedAt: NOW,
    bytesUsed: 0n,
    exhaustedAt: null,
    createdAt: NOW,
    updatedAt: NOW,
  });
  assert.deepEqual(it.service.get(ALICE), quota);
  await turn();
  assert.deepEqual(edge.quotaCommands, ["SET alice 100 left"]);
  assert.equal(edge.quotas[0]?.requestId, "quota-ID");
  assert.equal(edge.quotas[0]?.clientName, "edge-03");
});

Deno.test("QuotaService.put() replaces everything, usage too", () => {
  using it = new Fixture();
  it.connect(CLIENT);
  it.put();
  it.use(100n);
  it.clock.advance(5_000);
  const quota = it.put({ monthlyBytes: 200n, billingAnchor: 1_000_000n });
  assert.deepEqual([quota.billingAnchor, quota.periodStartedAt], [1_000_000n, 1_000_000n]);
  assert.deepEqual([quota.bytesUsed, quota.exhaustedAt, quota.createdAt], [0n, null, NOW + 5n]);
  assert.deepEqual(it.service.listOfUser("alice"), [quota]);
});

Deno.test("QuotaService.put() refuses, the first reason first", () => {
  using it = new Fixture();
  const nothing: Partial<QuotaDraft> = { monthlyBytes: -1n, billingAnchor: 2n ** 62n, grants: [] };
  const refusals: readonly [fix: Partial<QuotaDraft>, address: typeof ALICE, code: string][] = [
    [{}, MALFORMED, "invalid_quota_size"],
    [{ monthlyBytes: 0n }, MALFORMED, "client_not_found"],
    [{}, ELSEWHERE, "client_not_found"],
    [{}, ALICE, "quota_target_not_found"],
    [{ grants: [grant("edge-01")] }, ALICE, "quota_target_not_found"],
    [{ grants: [grant("edge-03")] }, ALICE, "quota_unsupported_by_client"],
  ];
  let draft = nothing;
  for (const [fix, address, code] of refusals) {
    draft = { ...draft, ...fix };
    assert.throws(() => it.put(draft, address), isError(code));
  }
  it.connect(CLIENT, "1.3.9");
  const version =
    /^quota_unsupported_by_client: target client edge-03 client_version 1.3.9 < 1.4.0$/;
  assert.throws(() => it.put(draft), isError("quota_unsupported_by_client", version));
  it.connect(CLIENT, "1.4.0");
  assert.throws(() => it.put(draft), isError("invalid_billing_anchor"));
  assert.equal(it.put({ ...draft, billingAnchor: -1n, grants: [grant("*")] }).monthlyBytes, 0n);
});

Deno.test("QuotaService.patch() changes the limit, and looks again whether it is exhausted", async () => {
  using it = new Fixture();
  const edge = it.connect(CLIENT);
  it.put();
  it.use(100n);
  assert.equal(it.service.get(ALICE).exhaustedAt, NOW);
  it.clock.advance(2_000);
  const more = it.service.patch(ALICE, { monthlyBytes: 150n, clearUsage: false });
  assert.deepEqual([more.bytesUsed, more.exhaustedAt, more.updatedAt], [100n, null, NOW + 2n]);
  const less = it.service.patch(ALICE, { monthlyBytes: 50n, clearUsage: false });
  assert.deepEqual([less.bytesUsed, less.exhaustedAt], [100n, NOW + 2n]);
  const cleared = it.service.patch(ALICE, { monthlyBytes: 0n, clearUsage: true });
  assert.deepEqual([cleared.bytesUsed, cleared.exhaustedAt], [0n, null]);
  const same = it.service.patch(ALICE, { monthlyBytes: null, clearUsage: false });
  assert.deepEqual(same, cleared);
  await turn();
  assert.deepEqual(edge.quotaCommands, [
    "SET alice 100 left",
    "SET alice 0 left, exhausted",
    "SET alice 50 left",
    "SET alice -50 left, exhausted",
    "SET alice 0 left",
    "SET alice 0 left",
  ]);
  assert.equal(edge.quotas[1]?.requestId, "quota-exhaust-ID");
});

Deno.test("QuotaService.patch() needs no client, and refuses in order", () => {
  using it = new Fixture();
  it.connect(CLIENT);
  it.put();
  it.registry.disconnectAll();
  const wrong = { monthlyBytes: -1n, clearUsage: true };
  assert.throws(() => it.service.patch(MALFORMED, wrong), isError("client_not_found"));
  assert.throws(() => it.service.patch(ELSEWHERE, wrong), isError("quota_not_found"));
  assert.throws(() => it.service.patch(ALICE, wrong), isError("invalid_quota_size"));
  assert.equal(it.service.patch(ALICE, { ...wrong, monthlyBytes: 7n }).monthlyBytes, 7n);
});

Deno.test("QuotaService.remove() tells the client, and refuses in order", async () => {
  using it = new Fixture();
  const edge = it.connect(CLIENT);
  it.put();
  it.service.remove({ ...ALICE, clientId: ALICE.clientId.toLowerCase() });
  assert.throws(() => it.service.remove(MALFORMED), isError("client_not_found"));
  for (const call of [it.service.remove, it.service.get]) {
    assert.throws(() => call.call(it.service, ALICE), isError("quota_not_found"));
  }
  await turn();
  assert.deepEqual(edge.quotaCommands, ["SET alice 100 left", "REMOVE alice"]);
  assert.equal(edge.quotas[1]?.state, undefined);
});

Deno.test("QuotaService lists by user and by client, in order", () => {
  using it = new Fixture();
  it.connect(CLIENT);
  for (const userId of ["bob", "alice"]) it.put({}, { ...ALICE, userId });
  const users = it.service.listOfClient(CLIENT.clientId).map(({ userId }) => userId);
  assert.deepEqual(users, ["alice", "bob"]);
  assert.deepEqual(it.service.listOfUser("nobody"), []);
  for (const { clientId } of [MALFORMED, ELSEWHERE]) {
    assert.throws(() => it.service.listOfClient(clientId), isError("client_not_found"));
  }
});

Deno.test("a new period is told to the client", async () => {
  using it = new Fixture();
  const edge = it.connect(CLIENT);
  it.put();
  it.use(60n);
  it.clock.advance(31 * 86_400_000);
  await turn();
  assert.deepEqual(edge.quotaCommands, ["SET alice 100 left", "SET alice 100 left"]);
  assert.equal(edge.quotas[1]?.requestId, "quota-rollover-ID");
  assert.equal(edge.quotas[1]?.state?.periodStartedAtUnixSec, NOW + 31n * 86_400n);
});

Deno.test("what a client that is going away was not told is logged", async () => {
  using it = new Fixture();
  const { session } = it.connect(CLIENT);
  it.put();
  session.outbound.close();
  it.service.patch(ALICE, { monthlyBytes: 5n, clearUsage: false });
  it.use(5n);
  it.clock.advance(31 * 86_400_000);
  it.service.remove(ALICE);
  await turn();
  const lines = it.logger.lines.filter(({ event }) => event.endsWith("push_failed"));
  assert.deepEqual(lines.map(({ level, event, fields }) => ({ level, event, ...fields })), [
    {
      level: "warn",
      event: "traffic_quota.push_failed",
      user_id: "alice",
      action: "set",
      client_id: CLIENT.clientId,
    },
    {
      level: "warn",
      event: "traffic_quota.exhaust_push_failed",
      user: "alice",
      client_id: CLIENT.clientId,
    },
    {
      level: "warn",
      event: "traffic_quota.rollover_push_failed",
      user: "alice",
      client_id: CLIENT.clientId,
    },
    {
      level: "warn",
      event: "traffic_quota.push_failed",
      user_id: "alice",
      action: "remove",
      client_id: CLIENT.clientId,
    },
  ]);
});

Deno.test("nothing is sent to a client that is not welcomed yet", () => {
  using it = new Fixture();
  const { session } = it.connect(CLIENT);
  session.welcomed = false;
  it.put();
  assert.deepEqual(it.logger.of("traffic_quota.push_failed"), []);
});
