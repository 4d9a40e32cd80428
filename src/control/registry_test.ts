import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { SessionRegistry } from "./registry.ts";

const edge = { clientId: "C1", clientName: "edge-01" };
const twin = { clientId: "C2", clientName: "edge-01" };

Deno.test("SessionRegistry.register() cancels the older session of the same client, no other", () => {
  const registry = new SessionRegistry(new FakeClock());
  const other = registry.register(twin, "192.0.2.2:1");
  const old = registry.register(edge, "192.0.2.1:1");
  const young = registry.register(edge, "192.0.2.1:2");
  assert.equal(old.cancelled.aborted, true);
  assert.equal(young.cancelled.aborted, false);
  assert.equal(other.cancelled.aborted, false);
  assert.ok(old.sessionId < young.sessionId);
  assert.equal(registry.get("C1"), young);
  assert.equal(registry.size, 2);
});

Deno.test("SessionRegistry.unregister() of a superseded session leaves the newer one alone", () => {
  const registry = new SessionRegistry(new FakeClock());
  const old = registry.register(edge, "192.0.2.1:1");
  const young = registry.register(edge, "192.0.2.1:2");
  registry.unregister(old);
  assert.equal(registry.get("C1"), young);
  registry.unregister(young);
  assert.equal(registry.get("C1"), undefined);
  assert.equal(registry.size, 0);
});

Deno.test("SessionRegistry.ready() and readyByName() pass over sessions that are not welcomed", () => {
  const registry = new SessionRegistry(new FakeClock());
  const first = registry.register(edge, "192.0.2.1:1");
  const second = registry.register(twin, "192.0.2.2:1");
  assert.equal(registry.ready("C1"), undefined);
  assert.equal(registry.readyByName("edge-01"), undefined);
  second.welcomed = true;
  assert.equal(registry.readyByName("edge-01"), second);
  first.welcomed = true;
  assert.equal(registry.ready("C1"), first);
  assert.equal(registry.readyByName("edge-01"), first, "the first of that name");
  assert.equal(registry.readyByName("edge-02"), undefined);
});

Deno.test("SessionRegistry.disconnect() says whether there was a session, disconnectAll() ends all", () => {
  const registry = new SessionRegistry(new FakeClock());
  assert.equal(registry.disconnect("C1"), false);
  const session = registry.register(edge, "192.0.2.1:1");
  const other = registry.register(twin, "192.0.2.2:1");
  assert.equal(registry.disconnect("C1"), true);
  assert.equal(session.cancelled.aborted, true);
  registry.disconnectAll();
  assert.equal(other.cancelled.aborted, true);
});
