import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { systemClock } from "../system/clock.ts";
import { ResolveError } from "./resolver.ts";
import { createSystemResolver, type Lookup } from "./system_resolver.ts";

const resolverOf = (lookup: Lookup, clock = new FakeClock()) =>
  createSystemResolver({ clock, lookup });

Deno.test("resolve() answers with what the system says, as fresh, and leaves no timer", async () => {
  const clock = new FakeClock();
  const resolver = resolverOf(() => Promise.resolve(["::1", "127.0.0.1"]), clock);

  assert.deepEqual(await resolver.resolve("localhost"), {
    addresses: ["::1", "127.0.0.1"],
    source: "fresh",
  });
  assert.equal(clock.pending, 0);
});

Deno.test("resolve() finds localhost in the hosts file", async () => {
  const { addresses } = await createSystemResolver({ clock: systemClock }).resolve("localhost");
  assert.ok(addresses.length > 0);
  for (const address of addresses) assert.match(address, /^(127\.0\.0\.\d+|::1)$/);
});

Deno.test("resolve() tells the reason of a failure by its code", async () => {
  const cases = [
    ["ENOTFOUND", "nxdomain"],
    ["EAI_NODATA", "nxdomain"],
    ["EAI_AGAIN", "servfail"],
    ["EAI_FAIL", "servfail"],
    ["EAI_MEMORY", "other"],
    [undefined, "other"],
  ] as const;
  for (const [code, reason] of cases) {
    const failure = Object.assign(new Error("no such luck"), { code });
    await assert.rejects(resolverOf(() => Promise.reject(failure)).resolve("db.test"), (error) => {
      assert.ok(error instanceof ResolveError);
      assert.equal(error.reason, reason);
      assert.equal(error.message, "dns_resolution_failed: no such luck");
      assert.equal(error.cause, failure);
      return true;
    });
  }
});

Deno.test("resolve() fails when the system knows the name but no address", async () => {
  await assert.rejects(
    resolverOf(() => Promise.resolve([])).resolve("db.test"),
    { reason: "all_addrs_unreachable", detail: "empty answer" },
  );
});

Deno.test("resolve() gives up after 3 s", async () => {
  const clock = new FakeClock();
  const answer = Promise.withResolvers<string[]>();
  const resolving = resolverOf(() => answer.promise, clock).resolve("db.test");

  clock.advance(2_999);
  assert.equal(clock.pending, 1);
  clock.advance(1);

  await assert.rejects(resolving, { reason: "attempt_timeout", detail: "no answer after 3s" });
  answer.reject(new Error("nobody waits for this any more"));
});
