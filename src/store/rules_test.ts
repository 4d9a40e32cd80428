import assert from "node:assert/strict";
import { assertDeepEqual } from "../../tests/kit/instants.ts";
import { openTempStore, TempDataDir } from "../../tests/kit/data_dir.ts";
import type { RateLimit } from "../core/rate_limit.ts";
import { StoreError } from "./database.ts";
import type { Store } from "./open.ts";
import { RuleRepository, type StoredRule } from "./rules.ts";
import { UserRepository } from "./users.ts";

const instant = (text: string) => Temporal.Instant.from(text);

const RULE: StoredRule = {
  id: 0n,
  protocol: "tcp",
  listen: { start: 8080, end: 8080 },
  targetHost: "192.0.2.1",
  targetPorts: { start: 80, end: 80 },
  preferIpv6: false,
  targets: [],
  healthCheckIntervalSecs: null,
  sniPattern: null,
  limits: null,
  ownerId: "alice",
  clientId: "01J00000000000000000000000",
  clientName: "edge one",
  state: { kind: "pending" },
  createdAt: instant("2026-01-01T00:00:00.123456789Z"),
  updatedAt: instant("2026-01-01T00:00:00Z"),
};

const LIST: StoredRule = {
  ...RULE,
  targetHost: "192.0.2.1",
  targets: [
    { host: "192.0.2.1", port: 80, priority: 0, proxyProtocol: "v1" },
    { host: "[2001:db8::1]", port: 65535, priority: 99, proxyProtocol: null },
    { host: "example.net", port: 1, priority: 0, proxyProtocol: "v2" },
  ],
};

const I64_MAX = 2n ** 63n - 1n;

const ALL_LIMITS: RateLimit = {
  bandwidthInBps: I64_MAX,
  bandwidthOutBps: 1n,
  newConnectionsPerSec: 4_294_967_295,
  concurrentConnections: 1,
  bandwidthInBurst: 2n ** 53n + 1n,
  bandwidthOutBurst: 2n,
  newConnectionsBurst: 3,
};

/** The rules of a store in which their owner exists. */
function repository(store: Store): RuleRepository {
  const users = new UserRepository(store);
  if (!users.get("alice")) {
    users.insert({
      userId: "alice",
      role: "user",
      displayName: "Alice",
      createdAt: RULE.createdAt,
      passwordHash: null,
      passwordChangeRequired: false,
    });
  }
  return new RuleRepository(store);
}

const variants: readonly [what: string, rule: StoredRule][] = [
  ["a single target", RULE],
  ["a range", {
    ...RULE,
    listen: { start: 1, end: 100 },
    targetPorts: { start: 65436, end: 65535 },
  }],
  ["UDP", { ...RULE, protocol: "udp" }],
  ["a list of targets", LIST],
  ["SNI, a health check and IPv6 first", {
    ...LIST,
    sniPattern: "*.example.net",
    healthCheckIntervalSecs: 3600,
    preferIpv6: true,
  }],
  ["every cap", { ...RULE, limits: ALL_LIMITS }],
  ["some caps", { ...RULE, limits: { bandwidthOutBps: I64_MAX, concurrentConnections: 7 } }],
  ["the state active", { ...RULE, state: { kind: "active" } }],
  ["the state failed", { ...RULE, state: { kind: "failed", reason: "port_in_use: 8080" } }],
  ["the state removed", { ...RULE, state: { kind: "removed" } }],
  ["the id 1", { ...LIST, id: 1n }],
  ["an id above 2^53", { ...LIST, id: 2n ** 53n + 1n }],
  ["the largest id", { ...LIST, id: I64_MAX }],
  ["text of all kinds", { ...RULE, clientName: "käse '\"; -- \u{1f9c0}" }],
];

for (const [what, rule] of variants) {
  Deno.test(`RuleRepository keeps a rule with ${what} over a restart`, () => {
    using dir = new TempDataDir();
    {
      using store = dir.open();
      repository(store).upsert(rule);
    }
    using store = dir.open();
    assertDeepEqual(repository(store).loadAll(), { rules: [rule], skipped: 0 });
  });
}

Deno.test("upsert() replaces everything but the time of creation", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  rules.upsert({
    ...LIST,
    limits: ALL_LIMITS,
    sniPattern: "a.example",
    healthCheckIntervalSecs: 5,
  });
  const next: StoredRule = {
    ...RULE,
    protocol: "udp",
    listen: { start: 1, end: 2 },
    targetHost: "other",
    targetPorts: { start: 3, end: 4 },
    preferIpv6: true,
    clientName: "renamed",
    clientId: "01J00000000000000000000001",
    state: { kind: "failed", reason: "why" },
    createdAt: instant("2027-01-01T00:00:00Z"),
    updatedAt: instant("2027-01-02T00:00:00Z"),
  };
  rules.upsert(next);
  assertDeepEqual(rules.loadAll().rules, [{ ...next, createdAt: RULE.createdAt }]);
});

Deno.test("upsert() makes the list of targets shorter, longer and empty", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  const stored = () => rules.loadAll().rules[0]?.targets;
  const target = LIST.targets[1] ?? assert.fail();
  for (const targets of [LIST.targets.slice(0, 2), [target], Array(8).fill(target), []]) {
    rules.upsert({ ...LIST, targets });
    assert.deepEqual(stored(), targets);
  }
});

Deno.test("upsert() takes all of a rule or nothing", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  rules.upsert(LIST);
  const ninth = { ...LIST, sniPattern: "x.example", targets: Array(9).fill(LIST.targets[0]) };
  assert.throws(
    () => rules.upsert(ninth),
    (error) => error instanceof StoreError && error.kind === "conflict",
  );
  assertDeepEqual(rules.loadAll().rules, [LIST]);
});

Deno.test("upsert() refuses a rule of nobody, and numbers that do not fit", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  const bad: StoredRule[] = [
    { ...RULE, ownerId: "nobody" },
    { ...RULE, id: I64_MAX + 1n },
    { ...RULE, limits: { bandwidthInBps: I64_MAX + 1n } },
    { ...RULE, limits: { concurrentConnections: 0 } },
  ];
  for (const rule of bad) {
    assert.throws(
      () => rules.upsert(rule),
      (error) => error instanceof StoreError && error.kind === "conflict",
    );
  }
  assert.deepEqual(rules.loadAll().rules, []);
});

Deno.test("transaction() groups changes of state: all of them, or none", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  rules.upsert(RULE);
  rules.upsert({ ...RULE, id: 1n });
  const states = () => rules.loadAll().rules.map(({ state }) => state.kind);
  const activate = () => {
    for (const id of [0n, 1n]) rules.updateState(id, { kind: "active" }, RULE.updatedAt);
  };
  assert.throws(() =>
    rules.transaction(() => {
      activate();
      throw new Error("boom");
    }), /boom/);
  assert.deepEqual(states(), ["pending", "pending"]);
  rules.transaction(activate);
  assert.deepEqual(states(), ["active", "active"]);
});

Deno.test("transaction() refuses an upsert, which is a transaction of its own", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  assert.throws(() =>
    rules.transaction(() => {
      rules.upsert(RULE);
    }), { name: "TypeError", message: "Cannot begin a transaction inside another" });
  assert.deepEqual(rules.loadAll().rules, []);
  rules.upsert(RULE);
});

Deno.test("updateState() changes state, reason and time, and nothing else", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  rules.upsert(LIST);
  const updatedAt = instant("2026-02-03T04:05:06.789Z");
  const failed = { kind: "failed", reason: "no route" } as const;
  rules.updateState(LIST.id, failed, updatedAt);
  assertDeepEqual(rules.loadAll().rules, [{ ...LIST, state: failed, updatedAt }]);
  rules.updateState(LIST.id, { kind: "active" }, updatedAt);
  assertDeepEqual(rules.loadAll().rules, [{ ...LIST, state: { kind: "active" }, updatedAt }]);
  const { reason } = it.store.db.get("SELECT state_reason AS reason FROM rules") ?? {};
  assert.equal(reason, null);
});

Deno.test("remove() deletes a rule with its targets, and minds no unknown id", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  rules.upsert(LIST);
  rules.upsert({ ...LIST, id: 1n });
  rules.remove(0n);
  rules.remove(0n);
  assert.deepEqual(rules.loadAll().rules.map(({ id }) => id), [1n]);
  const left = it.store.db.all("SELECT DISTINCT rule_id AS id FROM rule_targets");
  assert.deepEqual(left.map(({ id }) => id), [1n]);
});

Deno.test("maxId() counts rules without a client too, so that their ids stay theirs", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  assert.equal(rules.maxId(), null);
  rules.upsert(RULE);
  assert.equal(rules.maxId(), 0n);
  rules.upsert({ ...RULE, id: 2n ** 60n });
  it.store.db.run("UPDATE rules SET client_id = NULL WHERE id > 0");
  assert.equal(rules.maxId(), 2n ** 60n);
});

Deno.test("loadAll() sorts by id and counts the rules it cannot use", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  for (const id of [10n, 9n, 2n, 1n]) rules.upsert({ ...LIST, id });
  it.store.db.run("UPDATE rules SET client_id = NULL WHERE id = 9");
  it.store.db.run("UPDATE rules SET client_name = NULL WHERE id = 2");
  const { rules: loaded, skipped } = rules.loadAll();
  assertDeepEqual(loaded, [{ ...LIST, id: 1n }, { ...LIST, id: 10n }]);
  assert.equal(skipped, 2);
});

Deno.test("loadAll() reads what 3.1.0 leaves NULL", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  rules.upsert({ ...RULE, preferIpv6: true, state: { kind: "failed", reason: "gone soon" } });
  it.store.db.run("UPDATE rules SET prefer_ipv6 = NULL, state_reason = NULL");
  assertDeepEqual(rules.loadAll().rules, [
    { ...RULE, state: { kind: "failed", reason: "unspecified" } },
  ]);
});

Deno.test("loadAll() reads timestamps with any offset", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  rules.upsert(RULE);
  it.store.db.run(
    "UPDATE rules SET updated_at = '2026-01-01T02:00:00.5+02:00', created_at = '2026-01-01T00:00:00Z'",
  );
  const [rule] = rules.loadAll().rules;
  assert.equal(rule?.updatedAt.toString(), "2026-01-01T00:00:00.5Z");
  assert.equal(rule?.createdAt.toString(), "2026-01-01T00:00:00Z");
});

Deno.test("loadAll() fails on a timestamp that is none, and says where", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  rules.upsert({ ...RULE, id: 42n });
  it.store.db.run("UPDATE rules SET updated_at = 'yesterday'");
  assert.throws(() => rules.loadAll(), {
    name: "StoreError",
    message: "corruption: rules.updated_at of id 42 is not an RFC 3339 timestamp",
  });
});

Deno.test("loadAll() sorts targets by their place in the list, not by when they were written", () => {
  using it = openTempStore();
  const rules = repository(it.store);
  rules.upsert(RULE);
  it.store.db.run(
    `INSERT INTO rule_targets (rule_id, idx, host, port, priority)
     VALUES (0, 2, 'third', 1, 0), (0, 0, 'first', 1, 9), (0, 1, 'second', 1, 5)`,
  );
  const hosts = rules.loadAll().rules[0]?.targets.map(({ host }) => host);
  assert.deepEqual(hosts, ["first", "second", "third"]);
});
