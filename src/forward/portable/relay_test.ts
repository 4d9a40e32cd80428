import assert from "node:assert/strict";
import { setImmediate as microtasksDone } from "node:timers/promises";
import { FakeSocket, osError } from "../../../tests/forward/fake_net.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { FORWARD } from "../../core/limits.ts";
import { Limiter } from "../policy/limiter.ts";
import { TrafficPolicy } from "../policy/traffic_policy.ts";
import { CopyMemory } from "./buffer_pool.ts";
import { Relay } from "./relay.ts";
import { LocalMeter } from "../policy/meter.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** No caps, no quota. */
function noPolicy(clock: FakeClock): TrafficPolicy {
  return new TrafficPolicy(new Limiter(clock, "rule", new LocalMeter()), null, "connection");
}

function start(
  { outside = new FakeSocket(), preRead = null, policyOf = noPolicy }: {
    readonly outside?: FakeSocket;
    readonly preRead?: Uint8Array | null;
    readonly policyOf?: (clock: FakeClock) => TrafficPolicy;
  } = {},
) {
  const clock = new FakeClock();
  const policy = policyOf(clock);
  const target = new FakeSocket();
  const memory = new CopyMemory();
  const counted = { in: [] as number[], out: [] as number[] };
  const relay = new Relay({
    outside,
    target,
    preRead,
    memory,
    policy,
    clock,
    tally: {
      countIn: (n) => counted.in.push(n),
      countOut: (n) => counted.out.push(n),
    },
  });
  return { outside, target, relay, memory, counted, clock, done: relay.run() };
}

const lent = ({ medium, large }: CopyMemory) => medium.lent + large.lent;

Deno.test("Relay copies both ways, passes each end on, and leaves closing to the caller", async () => {
  const { outside, target, counted, done } = start();
  outside.send(bytes(1, 2, 3), null);
  target.send(bytes(4, 5), bytes(6), null);

  await done;

  assert.deepEqual(target.written, [1, 2, 3]);
  assert.deepEqual(outside.written, [4, 5, 6]);
  assert.deepEqual(counted, { in: [3], out: [2, 1] });
  assert.deepEqual([outside.ends, target.ends], [1, 1]);
  assert.deepEqual([outside.isClosed, target.isClosed], [false, false]);
});

Deno.test("Relay sends what was read before first, and nothing of it twice", async () => {
  const { outside, target, counted, done } = start({ preRead: bytes(1, 2) });
  target.writeMax = 1;
  outside.send(bytes(3), null);
  target.send(null);

  await done;

  assert.deepEqual(target.written, [1, 2, 3]);
  assert.deepEqual(counted, { in: [1, 1, 1], out: [] });
});

Deno.test("Relay goes on one way after the other has ended", async () => {
  const { outside, target, done } = start();
  outside.send(null);
  const answer = Array.from({ length: 100 }, (_, i) => i);
  for (const value of answer) target.send(bytes(value));
  target.send(null);

  await done;

  assert.equal(target.ends, 1);
  assert.deepEqual(outside.written, answer);
});

Deno.test("Relay writes what a write left over, and counts every part", async () => {
  const { outside, target, counted, done } = start();
  target.writeMax = 2;
  outside.send(bytes(1, 2, 3, 4, 5), null);
  target.send(null);

  await done;

  assert.deepEqual(target.written, [1, 2, 3, 4, 5]);
  assert.deepEqual(counted.in, [2, 2, 1]);
});

Deno.test("Relay keeps the order of a stream that outgrows the small buffer", async () => {
  const { outside, target, memory, done } = start();
  const stream = Uint8Array.from(
    { length: 3 * FORWARD.largeBuffers.bytes + FORWARD.mediumBuffers.bytes },
    (_, i) => i % 251,
  );
  outside.send(stream, bytes(7), null);
  target.send(null);

  await done;

  assert.deepEqual(Uint8Array.from(target.written), Uint8Array.from([...stream, 7]));
  assert.equal(lent(memory), 0);
});

Deno.test("Relay reads no further while the destination takes nothing", async () => {
  const { outside, target, done } = start();
  const resume = target.stall();
  outside.send(bytes(1), bytes(2), bytes(3), null);
  target.send(null);

  await microtasksDone();
  assert.equal(outside.reads, 1);

  resume();
  await done;
  assert.deepEqual(target.written, [1, 2, 3]);
});

Deno.test("Relay closes both sockets on the first error and tells that one", async () => {
  for (const side of ["outside", "target"] as const) {
    const relaying = start();
    relaying[side].send(osError("ECONNRESET"));

    await assert.rejects(relaying.done, { code: "ECONNRESET" });

    assert.deepEqual([relaying.outside.isClosed, relaying.target.isClosed], [true, true]);
  }
});

Deno.test("Relay settles only when no read uses its buffer any more", async () => {
  // A system that takes its time to tell a pending read of the close.
  const pending = Promise.withResolvers<never>();
  const outside = new FakeSocket();
  outside.read = () => pending.promise;
  const { target, done } = start({ outside });
  let isSettled = false;
  const settled = done.catch(() => isSettled = true);
  target.send(osError("ECONNRESET"));
  await microtasksDone();
  assert.ok(outside.isClosed);
  assert.equal(isSettled, false);
  pending.reject(osError("EINTR"));
  await settled;
});

Deno.test("Relay fails when a write fails, with the other direction at rest", async () => {
  const { outside, target, memory, counted, done } = start();
  const fail = target.stall();
  outside.send(new Uint8Array(FORWARD.mediumBuffers.bytes));
  fail(osError("EPIPE"));

  await assert.rejects(done, { code: "EPIPE" });

  assert.deepEqual([outside.isClosed, target.isClosed], [true, true]);
  assert.deepEqual(counted.in, []);
  assert.equal(lent(memory), 0);
});

Deno.test("Relay does not mind a peer that is gone when its end of stream is due", async () => {
  const { outside, target, done } = start();
  target.failure = osError("ENOTCONN");
  outside.send(null);
  target.send(bytes(1), null);

  await done;

  assert.deepEqual(outside.written, [1]);
});

Deno.test("Relay abort() ends it, also with a write that does not finish", async () => {
  const { outside, target, relay, done } = start();
  target.stall();
  outside.send(bytes(1));
  relay.abort(new Error("proxy_cancelled"));

  await assert.rejects(done, { message: "proxy_cancelled" });

  assert.deepEqual([outside.isClosed, target.isClosed], [true, true]);
});

Deno.test("Relay ends at once when it was aborted before it ran", async () => {
  const [outside, target] = [new FakeSocket(), new FakeSocket()];
  outside.send(bytes(1));
  const count = () => assert.fail("nothing must move");
  const clock = new FakeClock();
  const relay = new Relay({
    outside,
    target,
    preRead: bytes(2),
    memory: new CopyMemory(),
    policy: noPolicy(clock),
    clock,
    tally: { countIn: count, countOut: count },
  });
  relay.abort(new Error("proxy_cancelled"));
  relay.abort(new Error("second"));

  await assert.rejects(relay.run(), { message: "proxy_cancelled" });

  assert.deepEqual([outside.isClosed, target.isClosed], [true, true]);
});
