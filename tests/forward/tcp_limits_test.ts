import assert from "node:assert/strict";
import type { RateLimit } from "../../src/core/rate_limit.ts";
import {
  ended,
  readAll,
  readExactly,
  type Rig,
  stalled,
  startRig,
  until,
  VARIANTS,
  writeAll,
} from "./kit.ts";

const hello = new TextEncoder().encode("hello");
const MEGABYTE = 1_000_000;

/** How caps can be put on the rule of a rig. */
const SCOPES: readonly {
  readonly scope: "rule" | "owner";
  readonly set: (rig: Rig, limits: RateLimit | null) => void;
  readonly counters: (rig: Rig) => ReturnType<Rig["counters"]>["rateLimit"];
}[] = [
  {
    scope: "rule",
    set: (rig, limits) => assert.deepEqual(rig.forwarder.setLimits(1n, limits), { ok: true }),
    counters: (rig) => rig.counters().rateLimit,
  },
  {
    scope: "owner",
    set: (rig, limits) => rig.forwarder.setOwnerLimits("alice", limits),
    counters: (rig) => rig.forwarder.counters().owners[0]?.rateLimit ?? null,
  },
];

/** Writes until it cannot any more, and forgets how that ends. */
function flood(connection: Deno.TcpConn): void {
  const block = new Uint8Array(64 * 1024);
  void (async () => {
    while (true) await writeAll(connection, block);
  })().catch(() => undefined);
}

/** Reads and forgets, until the connection is gone. */
function drain(connection: Deno.TcpConn): void {
  void readAll(connection).catch(() => undefined);
}

/**
 * Lets time go on, step by step, and waits after each step until the bytes that `count` counts are
 * as many as can be expected by then.
 *
 * @param least of the elapsed milliseconds
 * @returns how many bytes there are in the end
 */
async function passed(
  rig: Rig,
  count: () => bigint,
  { ms, stepMs, least }: {
    readonly ms: number;
    readonly stepMs: number;
    readonly least: (elapsedMs: number) => number;
  },
): Promise<number> {
  await until(() => Number(count()) >= least(0));
  for (let elapsed = stepMs; elapsed <= ms; elapsed += stepMs) {
    rig.clock.advance(stepMs);
    await until(() => Number(count()) >= least(elapsed));
  }
  // Who passed more than the least passes it by now.
  await stalled(() => Number(count()));
  return Number(count());
}

for (const variant of VARIANTS) {
  for (const { scope, set, counters } of SCOPES) {
    const title = (what: string) => `tcp [${variant.name}] caps of the ${scope}: ${what}`;

    for (const direction of ["in", "out"] as const) {
      const capOf = (bps: number, burst?: number): RateLimit => {
        const limits = direction === "in"
          ? { bandwidthInBps: BigInt(bps), bandwidthInBurst: burst }
          : { bandwidthOutBps: BigInt(bps), bandwidthOutBurst: burst };
        const defined = Object.entries(limits).filter(([, it]) => it !== undefined);
        return Object.fromEntries(defined.map(([name, it]) => [name, BigInt(it ?? 0)]));
      };
      const countOf = (rig: Rig) => () =>
        direction === "in" ? rig.counters().bytesIn : rig.counters().bytesOut;
      const move = async (rig: Rig) => {
        const { client, target } = await rig.pair();
        const [from, to] = direction === "in" ? [client, target] : [target, client];
        flood(from);
        drain(to);
      };

      Deno.test(title(`bandwidth ${direction} holds within 3 %, for all together`), async () => {
        await using rig = await startRig(variant, { ownerId: "alice" });
        set(rig, capOf(MEGABYTE));
        await move(rig);
        await move(rig);
        // A burst, which is a second of the rate, and the rate.
        const expected = (elapsedMs: number) => MEGABYTE * (1 + elapsedMs / 1_000);
        const tolerance = 0.03 * 5 * MEGABYTE;
        const bytes = await passed(rig, countOf(rig), {
          ms: 5_000,
          stepMs: 100,
          least: (elapsedMs) => expected(elapsedMs) - tolerance,
        });
        assert.ok(bytes < expected(5_000) + tolerance, `${bytes} bytes in 5 s`);
        const waited = counters(rig);
        const { throttleMicrosIn = 0n, throttleMicrosOut = 0n } = waited ?? {};
        const [capped, other] = direction === "in"
          ? [throttleMicrosIn, throttleMicrosOut]
          : [throttleMicrosOut, throttleMicrosIn];
        assert.ok(capped > 1_000_000n && other === 0n, `${capped} µs waited`);
      });

      Deno.test(title(`a burst ${direction} smaller than a read stalls nothing`), async () => {
        await using rig = await startRig(variant, { ownerId: "alice" });
        set(rig, capOf(100_000, 1_000));
        await move(rig);
        // Steps that nothing was taken between overfill the bucket, and are lost.
        const least = (elapsedMs: number) => 40 * elapsedMs;
        const bytes = await passed(rig, countOf(rig), { ms: 1_000, stepMs: 5, least });
        assert.ok(bytes < 115_000, `${bytes} bytes in 1 s`);
      });

      Deno.test(title(`bandwidth ${direction} changes under a running connection`), async () => {
        await using rig = await startRig(variant, { ownerId: "alice" });
        const count = countOf(rig);
        await move(rig);
        await until(() => count() > BigInt(MEGABYTE));
        const [rate, seconds] = [100_000, 40];
        // Before the cap: the burst may have passed by the time anybody looks.
        const from = Number(count());
        set(rig, capOf(rate, rate));
        // At most 0.4 s behind a full burst and the rate, so that no step overfills the bucket.
        const least = (elapsedMs: number) => from + rate * (0.6 + elapsedMs / 1_000);
        const bytes = await passed(rig, count, { ms: seconds * 1_000, stepMs: 500, least }) - from;
        // What was read before the cap came passes as well.
        assert.ok(bytes < 1.5 * rate * seconds, `${bytes} bytes in ${seconds} s`);
        set(rig, null);
        const before = count();
        rig.clock.advance(100);
        await until(() => count() > before + BigInt(MEGABYTE));
      });
    }

    Deno.test(title("connections at a time are capped; one that ends makes room"), async () => {
      await using rig = await startRig(variant, { ownerId: "alice" });
      const first = await rig.pair();
      set(rig, { concurrentConnections: 2 });
      const second = await rig.pair();
      await ended(await rig.connect());
      await rig.logger.seen("rule.rate_limit_reject");
      assert.equal(
        counters(rig)?.rejects[scope === "rule" ? "conn_concurrent" : "owner_concurrent"],
        1n,
      );
      assert.equal(counters(rig)?.activeConnections, 2);
      assert.equal(rig.counters().connectionsTotal, 2n);
      first.client.close();
      first.target.close();
      await until(() => counters(rig)?.activeConnections === 1);
      const third = await rig.pair();
      for (const { client, target } of [second, third]) {
        await writeAll(client, hello);
        assert.deepEqual(await readExactly(target, hello.length), hello);
      }
    });

    Deno.test(title("new connections per second are capped, and come back with time"), async () => {
      await using rig = await startRig(variant, { ownerId: "alice" });
      set(rig, { newConnectionsPerSec: 2 });
      await rig.pair();
      await rig.pair();
      await ended(await rig.connect());
      rig.clock.advance(500);
      await rig.pair();
      await ended(await rig.connect());
      await until(() =>
        counters(rig)?.rejects[scope === "rule" ? "conn_rate" : "owner_conn_rate"] === 2n
      );
    });
  }

  const title = (what: string) => `tcp [${variant.name}] ${what}`;

  Deno.test(
    title("a quota that is used up ends connections, and passes nothing beyond"),
    async () => {
      await using rig = await startRig(variant, { ownerId: "alice" });
      const { client, target } = await rig.pair();
      rig.forwarder.setQuota("alice", { remainingBytes: 9n, exhausted: false });
      await writeAll(client, hello);
      assert.deepEqual(await readExactly(target, hello.length), hello);
      await writeAll(client, hello);
      const { length } = await readAll(target);
      assert.ok(length <= (variant.engine.readsShort ? 4 : 0), "the rest is not enough");
      await writeAll(target, hello);
      assert.deepEqual(await readAll(client), new Uint8Array(0));
      const { bytesIn, bytesOut } = rig.counters();
      assert.deepEqual([bytesIn, bytesOut], [5n + BigInt(length), 0n]);
    },
  );

  Deno.test(
    title("a quota that is used up ends new connections, until there is more"),
    async () => {
      await using rig = await startRig(variant, { ownerId: "alice" });
      rig.forwarder.setQuota("alice", { remainingBytes: 0n, exhausted: true });
      const refused = await rig.pair();
      assert.deepEqual(await readAll(refused.client), new Uint8Array(0));
      assert.deepEqual(await readAll(refused.target), new Uint8Array(0));
      for (const more of [{ remainingBytes: 5n, exhausted: false }, null]) {
        rig.forwarder.setQuota("alice", more);
        const { client, target } = await rig.pair();
        await writeAll(client, hello);
        assert.deepEqual(await readExactly(target, hello.length), hello);
      }
    },
  );

  Deno.test(title("a quota that is used up ends connections that are silent, too"), async () => {
    await using rig = await startRig(variant, { ownerId: "alice" });
    const silent = await rig.pair();
    const { client, target } = await rig.pair();
    rig.forwarder.setQuota("alice", { remainingBytes: 5n, exhausted: false });
    await writeAll(client, hello);
    assert.deepEqual(await readExactly(target, hello.length), hello);
    await until(() => rig.clock.pending > 0);
    await stalled(() => rig.clock.pending);
    rig.clock.advance(1_000);
    await Promise.all([silent.client, silent.target].map(ended));
    await until(() => rig.counters().activeConnections === 0);
  });

  Deno.test(
    title("a quota that is used up ends silent connections of a rule that drains"),
    async () => {
      await using rig = await startRig(variant, { ownerId: "alice" });
      const silent = await rig.pair();
      const { client, target } = await rig.pair();
      const { released, drained } = rig.forwarder.close(rig.rule.id, 30_000);
      await released;
      rig.forwarder.setQuota("alice", { remainingBytes: 5n, exhausted: false });
      await writeAll(client, hello);
      assert.deepEqual(await readExactly(target, hello.length), hello);
      await until(() => rig.clock.pending > 1);
      await stalled(() => rig.clock.pending);
      rig.clock.advance(1_000);
      await Promise.all([silent.client, silent.target].map(ended));
      await drained;
    },
  );

  Deno.test(title("caps and quotas of another owner change nothing"), async () => {
    await using rig = await startRig(variant, { ownerId: "alice" });
    rig.forwarder.setOwnerLimits("bob", { concurrentConnections: 1, bandwidthInBps: 1n });
    rig.forwarder.setQuota("bob", { remainingBytes: 0n, exhausted: true });
    for (let i = 0; i < 2; i++) {
      const { client, target } = await rig.pair();
      await writeAll(client, hello);
      assert.deepEqual(await readExactly(target, hello.length), hello);
    }
    assert.deepEqual(rig.forwarder.counters().owners, []);
  });
}
