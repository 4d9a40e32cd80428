import assert from "node:assert/strict";
import { Resolver as NameServers } from "node:dns/promises";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { FakeDns } from "../../tests/kit/fake_dns.ts";
import { freePort } from "../../tests/kit/ports.ts";
import { turn } from "../../tests/kit/turn.ts";
import { systemClock } from "../system/clock.ts";
import { ResolveError, type Resolver } from "./resolver.ts";
import {
  type AddressRecord,
  createSystemResolver,
  type DnsQueries,
  lookupBoth,
  lookupWithHosts,
} from "./system_resolver.ts";

type Records = Promise<readonly AddressRecord[]>;

const queriesOf = (v4: Records, v6: Records): DnsQueries => ({
  resolve4: () => v4,
  resolve6: () => v6,
});
const records = (...all: readonly [address: string, ttl: number][]): Records =>
  Promise.resolve(all.map(([address, ttl]) => ({ address, ttl })));
const none = () => Promise.reject(Object.assign(new Error("no such luck"), { code: "ENOTFOUND" }));

Deno.test("lookupBoth() asks for both families and keeps the shortest time", async () => {
  const clock = new FakeClock();
  const queries = queriesOf(records(["192.0.2.1", 60], ["192.0.2.2", 60]), records(["::1", 20]));
  assert.deepEqual(await lookupBoth(queries, clock)("db.test"), {
    addresses: ["192.0.2.1", "192.0.2.2", "::1"],
    ttlSecs: 20,
  });
  assert.equal(clock.pending, 0);
});

Deno.test("lookupBoth() does with one family", async () => {
  const clock = new FakeClock();
  const v4 = queriesOf(records(["192.0.2.1", 60]), none());
  assert.deepEqual((await lookupBoth(v4, clock)("db.test")).addresses, ["192.0.2.1"]);
  const v6 = queriesOf(records(), records(["::1", 60]));
  assert.deepEqual((await lookupBoth(v6, clock)("db.test")).addresses, ["::1"]);
});

Deno.test("lookupBoth() waits half a second longer for the second family, if the first has any", async () => {
  const clock = new FakeClock();
  const late = Promise.withResolvers<readonly AddressRecord[]>();
  const answer = lookupBoth(queriesOf(records(["192.0.2.1", 60]), late.promise), clock)("db.test");
  await turn();
  clock.advance(500);
  assert.deepEqual((await answer).addresses, ["192.0.2.1"]);

  const patient = lookupBoth(queriesOf(none(), late.promise), clock)("db.test");
  await turn();
  clock.advance(2_999);
  late.resolve([{ address: "::1", ttl: 60 }]);
  assert.deepEqual((await patient).addresses, ["::1"]);
});

Deno.test("lookupBoth() keeps one family only for a moment when the other is not known", async () => {
  const clock = new FakeClock();
  const lost = new Promise<never>(() => {});
  const waiting = lookupBoth(queriesOf(lost, records(["::1", 300])), clock)("db.test");
  await turn();
  clock.advance(500);
  assert.deepEqual(await waiting, { addresses: ["::1"], ttlSecs: 0 });

  const late = Promise.reject(Object.assign(new Error("too late"), { code: "ETIMEOUT" }));
  const refused = lookupBoth(queriesOf(records(["192.0.2.1", 300]), late), clock);
  assert.deepEqual(await refused("db.test"), { addresses: ["192.0.2.1"], ttlSecs: 0 });

  const v4 = lookupBoth(queriesOf(records(["192.0.2.1", 300]), none()), clock);
  assert.equal((await v4("db.test")).ttlSecs, 300, "there is no other family");
  const empty = lookupBoth(queriesOf(records(["192.0.2.1", 300]), records()), clock);
  assert.equal((await empty("db.test")).ttlSecs, 300);
});

Deno.test("lookupBoth() gives up after 3 s", async () => {
  const clock = new FakeClock();
  const never = Promise.withResolvers<readonly AddressRecord[]>();
  const answer = lookupBoth(queriesOf(never.promise, none()), clock)("db.test");
  await turn();
  clock.advance(2_999);
  assert.equal(clock.pending, 1);
  clock.advance(1);
  await assert.rejects(answer, { reason: "attempt_timeout", detail: "no answer after 3s" });
  never.reject(new Error("nobody waits for this any more"));
});

Deno.test("lookupBoth() tells the reason of a failure by its code", async () => {
  const cases = [
    ["ENOTFOUND", "nxdomain"],
    ["ENODATA", "nxdomain"],
    ["ESERVFAIL", "servfail"],
    ["ETIMEOUT", "attempt_timeout"],
    ["EREFUSED", "other"],
    [undefined, "other"],
  ] as const;
  for (const [code, reason] of cases) {
    const failure = Object.assign(new Error("no such luck"), { code });
    const queries = queriesOf(Promise.reject(failure), records());
    await assert.rejects(lookupBoth(queries, new FakeClock())("db.test"), (error) => {
      assert.ok(error instanceof ResolveError);
      assert.equal(error.reason, reason);
      assert.equal(error.message, "dns_resolution_failed: no such luck");
      assert.equal(error.cause, failure);
      return true;
    });
  }
});

Deno.test("lookupBoth() fails when a name is known but has no address", async () => {
  await assert.rejects(
    lookupBoth(queriesOf(records(), records()), new FakeClock())("db.test"),
    { reason: "all_addrs_unreachable", detail: "empty answer" },
  );
});

Deno.test("lookupWithHosts() asks name servers for what is not in the hosts file", async () => {
  const file: Record<string, string[]> = { "at-home": ["192.0.2.1"], localhost: ["127.0.0.9"] };
  const hosts = { addressesOf: (host: string) => Promise.resolve(file[host] ?? []) };
  const asked: string[] = [];
  const lookup = lookupWithHosts(hosts, (host) => {
    asked.push(host);
    return Promise.resolve({ addresses: ["198.51.100.1"], ttlSecs: 60 });
  });
  assert.deepEqual(await lookup("at-home"), { addresses: ["192.0.2.1"], ttlSecs: 0 });
  const { addresses } = await lookup("localhost");
  assert.deepEqual(addresses, ["127.0.0.9", "127.0.0.1", "::1"]);
  assert.deepEqual(asked, []);
  assert.deepEqual(await lookup("db.test"), { addresses: ["198.51.100.1"], ttlSecs: 60 });
  assert.deepEqual(asked, ["db.test"]);
});

Deno.test("the system's resolver finds localhost", async () => {
  const { addresses } = await createSystemResolver({ clock: systemClock }).resolve("localhost");
  assert.ok(addresses.length > 0);
  for (const address of addresses) assert.match(address, /^(127\.0\.0\.\d+|::1)$/);
});

/** A resolver that asks `dns`, and time for it to remember in. */
function asking(dns: FakeDns): { resolver: Resolver; clock: FakeClock } {
  const servers = new NameServers();
  servers.setServers([dns.address]);
  const clock = new FakeClock();
  return { resolver: createSystemResolver({ clock, queries: servers }), clock };
}

Deno.test("over the wire: both families, kept for the time to live that came with them", async () => {
  await using dns = new FakeDns({ port: freePort() });
  dns.set("db.test", { a: ["192.0.2.1", "192.0.2.2"], aaaa: ["2001:db8::1"], ttl: 20 });
  const { resolver, clock } = asking(dns);

  const { addresses, source } = await resolver.resolve("db.test");
  assert.equal(source, "fresh");
  assert.deepEqual([...addresses].sort(), ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
  assert.deepEqual([...dns.queries].sort(), ["A db.test", "AAAA db.test"]);

  dns.set("db.test", { a: ["192.0.2.3"], ttl: 20 });
  clock.advance(19_999);
  assert.equal((await resolver.resolve("db.test")).source, "cached");
  clock.advance(1);
  assert.deepEqual(await resolver.resolve("db.test"), {
    addresses: ["192.0.2.3"],
    source: "fresh",
  });
});

Deno.test("over the wire: a truncated answer is fetched over TCP", async () => {
  await using dns = new FakeDns({ port: freePort() });
  dns.set("db.test", { a: ["192.0.2.1"], truncated: true });
  const { addresses } = await asking(dns).resolver.resolve("db.test");
  assert.deepEqual(addresses, ["192.0.2.1"]);
  assert.ok(dns.queries.filter((it) => it === "A db.test").length > 1, `${dns.queries}`);
});

Deno.test("over the wire: a name that does not exist, and old addresses while a server fails", async () => {
  await using dns = new FakeDns({ port: freePort() });
  const { resolver, clock } = asking(dns);
  await assert.rejects(resolver.resolve("gone.test"), { reason: "nxdomain" });

  dns.set("db.test", { a: ["192.0.2.1"], ttl: 5 });
  await resolver.resolve("db.test");
  dns.set("db.test", { rcode: "SERVFAIL" });
  clock.advance(5_000);
  assert.deepEqual(await resolver.resolve("db.test"), {
    addresses: ["192.0.2.1"],
    source: "stale",
  });
});
