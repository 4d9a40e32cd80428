/** How a session takes a replay for a difference: `replay_watch.ts`, with what it ends. */

import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { ruleUpdate } from "../../tests/kit/messages.ts";
import { announce, SessionFixture, sessionRule as rule } from "../../tests/kit/session_fixture.ts";
import { turn } from "../../tests/kit/turn.ts";
import {
  OwnerRateLimitAction,
  ServerMessageSchema,
  TrafficQuotaAction,
} from "../wire/gen/portunus/v1/portunus_pb.ts";

Deno.test("runSession() ends the replay when as many rules came as were announced", async () => {
  const fixture = new SessionFixture(announce(2));
  const { stream, forwarder } = fixture;
  await fixture.seed(1n, 2n, 3n);
  const { done } = await fixture.connect();
  stream.receive(ruleUpdate("replay-a", rule(1n)), ruleUpdate("command", rule(5n)));
  await turn();
  assert.deepEqual(forwarder.calls, ["limits 1", "open 5"], "a command does not count");
  stream.receive(ruleUpdate("replay-b", rule(2n, 99)));
  await turn();
  assert.deepEqual(forwarder.calls.slice(2), ["close 2", "open 2", "close 3"]);
  await fixture.end(done);
});

Deno.test("runSession() ends an announced replay of nothing at once", async () => {
  const fixture = new SessionFixture(announce(0));
  await fixture.seed(1n);
  const { done } = await fixture.connect();
  assert.deepEqual(fixture.forwarder.calls, ["close 1"]);
  await fixture.end(done);
});

Deno.test("runSession() ends a replay of unknown length after 5 quiet seconds", async () => {
  for (const headers of [{}, announce("many"), announce(7)]) {
    const fixture = new SessionFixture(headers);
    const { stream, forwarder, clock } = fixture;
    await fixture.seed(1n, 2n);
    const { done } = await fixture.connect();
    clock.advance(4_999);
    stream.receive(ruleUpdate("replay-a", rule(1n)));
    await turn();
    clock.advance(4_999);
    await turn();
    assert.deepEqual([...forwarder.running.keys()], [1n, 2n]);
    clock.advance(1);
    await turn();
    assert.deepEqual([...forwarder.running.keys()], [1n]);
    await fixture.end(done);
  }
});

/** What the server says of an owner, in the replay or out of it. */
const capsOf = (ownerId: string) =>
  create(ServerMessageSchema, {
    payload: {
      case: "ownerRateLimitUpdate",
      value: { ownerId, rateLimit: { concurrentConnections: 1 }, action: OwnerRateLimitAction.SET },
    },
  });
const quotaOf = (userId: string) =>
  create(ServerMessageSchema, {
    payload: {
      case: "trafficQuotaUpdate",
      value: { userId, action: TrafficQuotaAction.SET, state: { budgetRemainingBytes: 5n } },
    },
  });

/** A session of somebody who knows two owners with caps and quotas. */
async function metered(headers: Readonly<Record<string, string>>) {
  const fixture = new SessionFixture(headers);
  for (const owner of ["alice", "bob"]) {
    fixture.table.owners.setCaps(owner, { concurrentConnections: 1 });
    fixture.table.owners.setQuota(owner, { remainingBytes: 5n, exhausted: false });
  }
  const { done } = await fixture.connect();
  const known = () => ({
    caps: fixture.table.owners.caps.map(({ ownerId }) => ownerId),
    quotas: fixture.table.owners.quotas.map(({ ownerId }) => ownerId),
  });
  return { fixture, done, known };
}

Deno.test("runSession() ends quotas with the first replayed rule, and caps after a pause", async () => {
  const { fixture, done, known } = await metered(announce(2));
  const { stream, clock } = fixture;
  stream.receive(quotaOf("bob"), ruleUpdate("command", rule(9n)));
  await turn();
  assert.deepEqual(known().quotas, ["alice", "bob"], "a command says nothing of the replay");
  stream.receive(ruleUpdate("replay-a", rule(1n)));
  await turn();
  assert.deepEqual(known(), { caps: ["alice", "bob"], quotas: ["bob"] });
  stream.receive(ruleUpdate("replay-b", rule(2n)), capsOf("bob"));
  await turn();
  clock.advance(4_999);
  assert.deepEqual(known().caps, ["alice", "bob"]);
  clock.advance(1);
  assert.deepEqual(known(), { caps: ["bob"], quotas: ["bob"] });
  stream.receive(ruleUpdate("replay-late", rule(3n)), capsOf("carol"), quotaOf("carol"));
  await turn();
  clock.advance(60_000);
  assert.deepEqual(known(), { caps: ["bob", "carol"], quotas: ["bob", "carol"] });
  await fixture.end(done);
});

Deno.test("runSession() ends quotas and caps of a replay without rules after a pause", async () => {
  const { fixture, done, known } = await metered(announce(0));
  fixture.clock.advance(4_999);
  fixture.stream.receive(quotaOf("bob"));
  await turn();
  fixture.clock.advance(4_999);
  assert.deepEqual(known(), { caps: ["alice", "bob"], quotas: ["alice", "bob"] });
  fixture.clock.advance(1);
  assert.deepEqual(known(), { caps: [], quotas: ["bob"] });
  await fixture.end(done);
});

Deno.test("runSession() with a 3.1.0 server keeps quotas, which that one does not replay", async () => {
  const { fixture, done, known } = await metered({});
  fixture.stream.receive(ruleUpdate("replay-a", rule(1n)), capsOf("alice"));
  await turn();
  fixture.clock.advance(5_000);
  assert.deepEqual(known(), { caps: ["alice"], quotas: ["alice", "bob"] });
  await fixture.end(done);
});

Deno.test("runSession() that ends during the replay lifts nothing", async () => {
  const { fixture, done, known } = await metered(announce(1));
  await fixture.end(done);
  fixture.clock.advance(60_000);
  assert.deepEqual(known(), { caps: ["alice", "bob"], quotas: ["alice", "bob"] });
});

Deno.test("runSession() that ends during the replay stops nothing", async () => {
  const fixture = new SessionFixture(announce(2));
  await fixture.seed(1n, 2n);
  const { done } = await fixture.connect();
  await fixture.end(done);
  fixture.clock.advance(60_000);
  assert.deepEqual(fixture.forwarder.calls, []);
});
