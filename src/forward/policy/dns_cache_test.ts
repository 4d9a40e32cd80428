import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { turn } from "../../../tests/kit/turn.ts";
import { DNS } from "../../core/limits.ts";
import { ResolveError } from "../resolver.ts";
import { type Answer, DnsCache } from "./dns_cache.ts";

const answer = (address: string, ttlSecs = 60): Answer => ({ addresses: [address], ttlSecs });
const failure = () => new ResolveError("servfail", "server failure");

/** A cache over a name service that says what `next` says, and the names it was asked for. */
function fixture(next: (host: string) => Answer | Promise<Answer>) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const service = { next };
  const cache = new DnsCache({
    clock,
    lookup: async (host) => {
      asked.push(host);
      return await service.next(host);
    },
  });
  return { cache, clock, asked, service };
}

/** What `cache` says, in a line. */
async function said(cache: DnsCache, host = "db.test"): Promise<string> {
  try {
    const { addresses, source } = await cache.resolve(host);
    return `${source} ${addresses}`;
  } catch (error) {
    assert.ok(error instanceof ResolveError);
    return error.reason;
  }
}

Deno.test("resolve() keeps an answer as long as it says, but not too short nor too long", async () => {
  for (const [ttlSecs, keptMs] of [[0, 5_000], [4, 5_000], [60, 60_000], [86_400, 300_000]]) {
    const { cache, clock, asked, service } = fixture(() => answer("192.0.2.1", ttlSecs));
    assert.equal(await said(cache), "fresh 192.0.2.1");
    service.next = () => answer("192.0.2.2", ttlSecs);

    clock.advance((keptMs ?? 0) - 1);
    assert.equal(await said(cache), "cached 192.0.2.1", `ttl ${ttlSecs}`);
    clock.advance(1);
    assert.equal(await said(cache), "fresh 192.0.2.2", `ttl ${ttlSecs}`);
    assert.equal(asked.length, 2);
  }
});

Deno.test("resolve() asks once for a hundred at a time, and only one answer is fresh", async () => {
  const reply = Promise.withResolvers<Answer>();
  const { cache, asked } = fixture(() => reply.promise);
  const all = Array.from({ length: 100 }, () => said(cache));
  await turn();
  reply.resolve(answer("192.0.2.1"));

  const answers = await Promise.all(all);

  assert.equal(asked.length, 1);
  assert.equal(answers.filter((it) => it === "fresh 192.0.2.1").length, 1);
  assert.equal(answers.filter((it) => it === "cached 192.0.2.1").length, 99);
});

Deno.test("resolve() uses old addresses for 30 s when a lookup fails, then tries again", async () => {
  const { cache, clock, asked, service } = fixture(() => answer("192.0.2.1", 10));
  await said(cache);
  service.next = () => Promise.reject(failure());

  clock.advance(10_000);
  assert.equal(await said(cache), "stale 192.0.2.1");
  clock.advance(29_999);
  assert.equal(await said(cache), "stale 192.0.2.1");
  assert.equal(asked.length, 2);
  clock.advance(1);
  assert.equal(await said(cache), "servfail");
  assert.equal(asked.length, 3);
});

Deno.test("resolve() recovers after old addresses", async () => {
  const { cache, clock, service } = fixture(() => answer("192.0.2.1", 10));
  await said(cache);
  service.next = () => Promise.reject(failure());
  clock.advance(10_000);
  assert.equal(await said(cache), "stale 192.0.2.1");
  service.next = () => answer("192.0.2.2");
  clock.advance(30_000);
  assert.equal(await said(cache), "fresh 192.0.2.2");
});

Deno.test("resolve() repeats a failure for 3 s without asking", async () => {
  const { cache, clock, asked, service } = fixture(() => Promise.reject(failure()));
  assert.equal(await said(cache), "servfail");
  service.next = () => answer("192.0.2.1");

  clock.advance(2_999);
  assert.equal(await said(cache), "servfail");
  assert.equal(asked.length, 1);
  clock.advance(1);
  assert.equal(await said(cache), "fresh 192.0.2.1");
});

Deno.test("resolve() takes an empty answer for a failure", async () => {
  const { cache, clock, service } = fixture(() => ({ addresses: [], ttlSecs: 60 }));
  await assert.rejects(cache.resolve("db.test"), {
    reason: "all_addrs_unreachable",
    detail: "empty answer",
  });
  service.next = () => answer("192.0.2.1");
  clock.advance(3_000);
  assert.equal(await said(cache), "fresh 192.0.2.1");
});

Deno.test("resolve() has 64 lookups under way at most, and remembers nothing of the 65th", async () => {
  const reply = Promise.withResolvers<Answer>();
  const { cache, asked } = fixture(() => reply.promise);
  const running = Array.from({ length: 64 }, (_, i) => said(cache, `host${i}.test`));
  await turn();

  await assert.rejects(cache.resolve("db.test"), {
    reason: "resolver_overloaded",
    message: "dns_resolution_failed: resolver overloaded (64 concurrent resolves in flight)",
  });
  const waiting = said(cache, "host0.test");
  reply.resolve(answer("192.0.2.1"));
  await Promise.all(running);

  assert.equal(await waiting, "cached 192.0.2.1");
  assert.equal(await said(cache), "fresh 192.0.2.1");
  assert.equal(asked.length, 65);
});

Deno.test("resolve() would rather use old addresses than be overloaded", async () => {
  const { cache, clock, service } = fixture(() => answer("192.0.2.1", 10));
  await said(cache);
  clock.advance(10_000);
  const reply = Promise.withResolvers<Answer>();
  service.next = () => reply.promise;
  const running = Array.from({ length: 64 }, (_, i) => said(cache, `host${i}.test`));
  await turn();

  assert.equal(await said(cache), "stale 192.0.2.1");
  reply.resolve(answer("192.0.2.2"));
  await Promise.all(running);
  assert.equal(await said(cache), "fresh 192.0.2.2");
});

Deno.test("resolve() forgets the name that nobody asked for the longest, and what is over first", async () => {
  const { cache, clock, asked } = fixture((host) =>
    answer("192.0.2.1", host === "short.test" ? 5 : 60)
  );
  const names = Array.from({ length: DNS.namesMax - 1 }, (_, i) => `host${i}.test`);
  for (const name of names) await cache.resolve(name);
  await cache.resolve("short.test");
  await cache.resolve("host0.test");
  clock.advance(5_000);

  await cache.resolve("one.test");
  await cache.resolve("two.test");
  asked.length = 0;
  assert.equal(await said(cache, "host0.test"), "cached 192.0.2.1");
  assert.equal(await said(cache, "host2.test"), "cached 192.0.2.1");
  assert.equal(await said(cache, "host1.test"), "fresh 192.0.2.1");
  assert.deepEqual(asked, ["host1.test"]);
});
