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
 * How many of the bytes that `count` counts pass while time goes on, step by step. After each step
 * every one of the `connections` has to wait for tokens again, which sets a timer.
 */
async function passed(
  rig: Rig,
  count: () => bigint,
  { ms, stepMs, connections }: {
    readonly ms: number;
    readonly stepMs: number;
    readonly connections: number;
  },
): Promise<number> {
  const waiting = () => until(() => rig.clock.pending >= connections);
  await waiting();
  const before = count();
  for (let elapsed = 0; elapsed < ms; elapsed += stepMs) {
    rig.clock.advance(stepMs);
    await waiting();
  }
  return Number(count() - before);
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
        const step = { stepMs: 100, connections: 2 };
        await passed(rig, countOf(rig), { ms: 200, ...step });
        const bytes = await passed(rig, countOf(rig), { ms: 5_000, ...step });
        assert.ok(Math.abs(bytes - 5 * MEGABYTE) < 0.03 * 5 * MEGABYTE, `${bytes} bytes in 5 s`);
        const waited = counters(rig);
        const { throttleMicrosIn = 0n, throttleMicrosOut = 0n } = waited ?? {};
        const [capped, other] = direction === "in"
          ? [throttleMicrosIn, throttleMicrosOut]
          : [throttleMicrosOut, throttleMicrosIn];
        assert.ok(capped > 4_000_000n && other === 0n, `${capped} µs waited`);
      });

      Deno.test(title(`a burst ${direction} smaller than a read stalls nothing`), async () => {
        await using rig = await startRig(variant, { ownerId: "alice" });
        set(rig, capOf(100_000, 1_000));
        await move(rig);
        const bytes = await passed(rig, countOf(rig), { ms: 1_000, stepMs: 5, connections: 1 });
        assert.ok(bytes > 60_000 && bytes < 115_000, `${bytes} bytes in 1 s`);
      });

      Deno.test(title(`bandwidth ${direction} changes under a running connection`), async () => {
        await using rig = await startRig(variant, { ownerId: "alice" });
        const count = countOf(rig);
        await move(rig);
        await until(() => count() > BigInt(MEGABYTE));
        set(rig, capOf(8_192, 8_192));
        const slow = await passed(rig, count, { ms: 2_000, stepMs: 100, connections: 1 });
        assert.ok(slow < 30_000, `${slow} bytes in 2 s`);
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
      assert.deepEqual(await readAll(target), new Uint8Array(0), "the rest is not enough");
      await writeAll(target, hello);
      assert.deepEqual(await readAll(client), new Uint8Array(0));
      const { bytesIn, bytesOut } = rig.counters();
      assert.deepEqual([bytesIn, bytesOut], [5n, 0n]);
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
    await stalled(() => rig.clock.pending);
    rig.clock.advance(1_000);
    await Promise.all([silent.client, silent.target].map(ended));
    assert.equal(rig.counters().activeConnections, 0);
  });

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
