import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { MemoryTransport } from "../../../tests/kit/transports.ts";
import { turn } from "../../../tests/kit/turn.ts";
import { INGRESS } from "../../core/publish_limits.ts";
import { Deadlines } from "./deadlines.ts";
import { UpstreamPool } from "./upstream_pool.ts";

const HERE = { hostname: "here.test", port: 1 };
const THERE = { hostname: "here.test", port: 2 };

function pool() {
  const clock = new FakeClock();
  const ends: MemoryTransport[] = [];
  const upstreams = new UpstreamPool(() => {
    const [ingress, upstream] = MemoryTransport.pair();
    ends.push(upstream);
    return Promise.resolve(ingress);
  }, new Deadlines(clock));
  return { clock, ends, upstreams };
}

Deno.test("UpstreamPool keeps connections by address, and gives out the last one first", async () => {
  const { upstreams, ends } = pool();
  const [one, two] = [await upstreams.acquire(HERE, false), await upstreams.acquire(HERE, false)];
  upstreams.release(HERE, one);
  upstreams.release(HERE, two);
  assert.equal(upstreams.idle, 2);
  assert.equal(await upstreams.acquire(HERE, false), two);
  assert.ok(two.isReused);
  assert.notEqual(await upstreams.acquire(THERE, false), one);
  assert.notEqual(await upstreams.acquire(HERE, true), one);
  assert.equal(ends.length, 4);
});

Deno.test("UpstreamPool keeps only so many, and only for a while", async () => {
  const { upstreams, clock } = pool();
  const count = INGRESS.idleUpstreamsMax + 1;
  const all = await Promise.all(Array.from({ length: count }, () => upstreams.acquire(HERE, true)));
  for (const connection of all) upstreams.release(HERE, connection);
  assert.equal(upstreams.idle, INGRESS.idleUpstreamsMax);
  clock.advance(INGRESS.idleUpstreamMs + 3 * INGRESS.deadlineIntervalMs);
  await turn();
  assert.equal(upstreams.idle, 0);
  assert.equal(clock.pending, 0);
});

Deno.test("UpstreamPool drops connections that end, break or speak unasked", async () => {
  for (const end of ["closeWrite", "close", "send"] as const) {
    const { upstreams, ends } = pool();
    upstreams.release(HERE, await upstreams.acquire(HERE, false));
    const [upstream] = ends;
    if (end === "send") await upstream?.send("x");
    else await upstream?.[end]();
    await turn();
    assert.equal(upstreams.idle, 0, end);
  }
});

Deno.test("UpstreamPool keeps nothing once it is closed", async () => {
  const { upstreams, clock } = pool();
  const [idle, busy] = [await upstreams.acquire(HERE, true), await upstreams.acquire(HERE, true)];
  upstreams.release(HERE, idle);
  upstreams.close();
  assert.ok(!idle.isOpen && busy.isOpen);
  upstreams.release(HERE, busy);
  assert.ok(!busy.isOpen);
  assert.equal(clock.pending, 0);
});
