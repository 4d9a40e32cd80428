import assert from "node:assert/strict";
import { setImmediate as microtasksDone } from "node:timers/promises";
import { FakeSocket, osError } from "../../../tests/forward/fake_net.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { FORWARD } from "../../core/limits.ts";
import { Limiter } from "../policy/limiter.ts";
import { TrafficPolicy } from "../policy/traffic_policy.ts";
import { BufferPool } from "./copy_buffer.ts";
import { relay } from "./relay.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** No caps, no quota. */
function noPolicy(clock: FakeClock): TrafficPolicy {
  return new TrafficPolicy(new Limiter(clock, "rule"), null, "connection");
}

function start(outside = new FakeSocket(), policyOf = noPolicy) {
  const clock = new FakeClock();
  const policy = policyOf(clock);
  const target = new FakeSocket();
  const abort = new AbortController();
  const buffers = new BufferPool();
  const counted = { in: [] as number[], out: [] as number[] };
  const done = relay({
    outside,
    target,
    buffers,
    policy,
    clock,
    signal: abort.signal,
    countIn: (n) => counted.in.push(n),
    countOut: (n) => counted.out.push(n),
  });
  return { outside, target, abort, buffers, counted, clock, done };
}

Deno.test("relay() copies both ways, passes each end on, and leaves closing to the caller", async () => {
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

Deno.test("relay() leaves no listener on its signal", async () => {
  const { outside, target, abort, done } = start();
  outside.send(null);
  target.send(null);
  await done;
  abort.abort();
  assert.deepEqual([outside.isClosed, target.isClosed], [false, false]);
});

Deno.test("relay() goes on one way after the other has ended", async () => {
  const { outside, target, done } = start();
  outside.send(null);
  const answer = Array.from({ length: 100 }, (_, i) => i);
  for (const value of answer) target.send(bytes(value));
  target.send(null);

  await done;

  assert.equal(target.ends, 1);
  assert.deepEqual(outside.written, answer);
});

Deno.test("relay() writes what a write left over, and counts every part", async () => {
  const { outside, target, counted, done } = start();
  target.writeMax = 2;
  outside.send(bytes(1, 2, 3, 4, 5), null);
  target.send(null);

  await done;

  assert.deepEqual(target.written, [1, 2, 3, 4, 5]);
  assert.deepEqual(counted.in, [2, 2, 1]);
});

Deno.test("relay() keeps the order of a stream that outgrows the small buffer", async () => {
  const { outside, target, buffers, done } = start();
  const stream = Uint8Array.from(
    { length: 3 * FORWARD.copyBufferBytes + FORWARD.idleBufferBytes },
    (_, i) => i % 251,
  );
  outside.send(stream, bytes(7), null);
  target.send(null);

  await done;

  assert.deepEqual(Uint8Array.from(target.written), Uint8Array.from([...stream, 7]));
  assert.equal(buffers.lent, 0);
});

Deno.test("relay() reads no further while the destination takes nothing", async () => {
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

Deno.test("relay() closes both sockets on the first error and tells that one", async () => {
  for (const side of ["outside", "target"] as const) {
    const relaying = start();
    relaying[side].send(osError("ECONNRESET"));

    await assert.rejects(relaying.done, { code: "ECONNRESET" });

    assert.deepEqual([relaying.outside.isClosed, relaying.target.isClosed], [true, true]);
  }
});

Deno.test("relay() settles only when no read uses its buffer any more", async () => {
  // A system that takes its time to tell a pending read of the close.
  const pending = Promise.withResolvers<never>();
  const outside = new FakeSocket();
  outside.read = () => pending.promise;
  const { target, done } = start(outside);
  let isSettled = false;
  const settled = done.catch(() => isSettled = true);
  target.send(osError("ECONNRESET"));
  await microtasksDone();
  assert.ok(outside.isClosed);
  assert.equal(isSettled, false);
  pending.reject(osError("EINTR"));
  await settled;
});

Deno.test("relay() fails when a write fails, with the other direction at rest", async () => {
  const { outside, target, buffers, counted, done } = start();
  const fail = target.stall();
  outside.send(new Uint8Array(FORWARD.idleBufferBytes));
  fail(osError("EPIPE"));

  await assert.rejects(done, { code: "EPIPE" });

  assert.deepEqual([outside.isClosed, target.isClosed], [true, true]);
  assert.deepEqual(counted.in, []);
  assert.equal(buffers.lent, 0);
});

Deno.test("relay() does not mind a peer that is gone when its end of stream is due", async () => {
  const { outside, target, done } = start();
  target.failure = osError("ENOTCONN");
  outside.send(null);
  target.send(bytes(1), null);

  await done;

  assert.deepEqual(outside.written, [1]);
});

Deno.test("relay() is cut by its signal, also with a write that does not finish", async () => {
  const { outside, target, abort, done } = start();
  target.stall();
  outside.send(bytes(1));
  abort.abort(new Error("proxy_cancelled"));

  await assert.rejects(done, { message: "proxy_cancelled" });

  assert.deepEqual([outside.isClosed, target.isClosed], [true, true]);
});

Deno.test("relay() ends at once when its signal came before", async () => {
  const outside = new FakeSocket();
  const target = new FakeSocket();
  outside.send(bytes(1));
  const signal = AbortSignal.abort(new Error("proxy_cancelled"));
  const count = () => assert.fail("nothing must move");
  const clock = new FakeClock();

  await assert.rejects(
    relay({
      outside,
      target,
      buffers: new BufferPool(),
      policy: noPolicy(clock),
      clock,
      signal,
      countIn: count,
      countOut: count,
    }),
    { message: "proxy_cancelled" },
  );

  assert.deepEqual([outside.isClosed, target.isClosed], [true, true]);
});
