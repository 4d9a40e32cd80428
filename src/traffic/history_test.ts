import assert from "node:assert/strict";
import { CLIENT, CLIENT_2, START, TrafficFixture } from "../../tests/kit/traffic_fixture.ts";
import { turn } from "../../tests/kit/turn.ts";
import { COUNT_MAX } from "../core/counters.ts";
import { PortunusError } from "../core/errors.ts";
import { TRAFFIC } from "../core/limits.ts";
import { TrafficHistory, type TrafficQuestion } from "./history.ts";

const DAY = 86_400n;

class Fixture extends TrafficFixture {
  readonly history = new TrafficHistory({ samples: this.samples, clock: this.clock });

  /** Adds to a minute, given from START. */
  add(minute: bigint, bytesIn: bigint, { userId = "alice", client = CLIENT } = {}): void {
    this.samples.add(START + minute, { ...client, userId, bytesIn, bytesOut: 1n });
  }

  /** Asks for times from START, and lets time pass where the answer waits for it. */
  async ask({ from = 0n, to = 120n, ...rest }: Partial<TrafficQuestion> = {}) {
    let isOver = false;
    const answer = this.history.answer({
      bucket: null,
      userId: null,
      clientId: null,
      ...rest,
      from: START + from,
      to: START + to,
    });
    const settle = () => isOver = true;
    const settled = answer.then(settle, settle);
    for (await turn(); !isOver; await turn()) this.clock.advance(0);
    await settled;
    return await answer;
  }

  async codeOf(question: Partial<TrafficQuestion>): Promise<string> {
    try {
      await this.ask(question);
    } catch (error) {
      assert.ok(error instanceof PortunusError, `${error}`);
      return error.code;
    }
    return "none";
  }
}

Deno.test("TrafficHistory.answer() sums what begins in the span, per bucket", async () => {
  using it = new Fixture();
  it.add(-60n, 1n);
  it.add(60n, 2n);
  it.add(0n, 4n);
  it.add(0n, 8n, { userId: "bob" });
  it.add(0n, 16n, { client: CLIENT_2 });
  it.add(120n, 32n);
  assert.deepEqual(await it.ask(), {
    bucket: "1m",
    samples: [
      { start: START, bytesIn: 28n, bytesOut: 3n },
      { start: START + 60n, bytesIn: 2n, bytesOut: 1n },
    ],
    bytesIn: 30n,
    bytesOut: 4n,
  });
  assert.equal((await it.ask({ userId: "bob" })).bytesIn, 8n);
  assert.equal((await it.ask({ clientId: CLIENT_2.clientId })).bytesIn, 16n);
  assert.equal((await it.ask({ userId: "alice", clientId: CLIENT.clientId })).bytesIn, 6n);
  assert.deepEqual((await it.ask({ userId: "nobody" })).samples, []);
  assert.deepEqual(
    (await it.ask({ from: 1n, to: 60n })).samples,
    [],
    "the start of a bucket counts",
  );
});

Deno.test("TrafficHistory.answer() shows hours for more than a day, unless told otherwise", async () => {
  using it = new Fixture();
  it.add(0n, 1n);
  it.samples.rollUp(START);
  it.add(0n, 1n);
  assert.equal((await it.ask({ to: DAY })).bucket, "1m");
  assert.deepEqual(await it.ask({ to: DAY + 1n }), {
    bucket: "1h",
    samples: [{ start: START, bytesIn: 1n, bytesOut: 1n }],
    bytesIn: 1n,
    bytesOut: 1n,
  });
  assert.equal((await it.ask({ bucket: "1h" })).bytesIn, 1n);
  assert.equal((await it.ask({ bucket: "1m", to: 3n * DAY })).bytesIn, 2n);
});

Deno.test("TrafficHistory.answer() refuses, the first reason first", async () => {
  using it = new Fixture();
  const kept = { "1m": 7n * DAY, "1h": 90n * DAY };
  for (
    const [question, code] of [
      [{ from: 0n, to: 0n, bucket: "1d" }, "invalid_time_range"],
      [{ from: 1n, to: 0n }, "invalid_time_range"],
      [{ from: -START - 1n, to: 0n }, "invalid_time_range"],
      [{ from: -START, to: 0n, bucket: "1d" }, "invalid_bucket"],
      [{ bucket: "" }, "invalid_bucket"],
      [{ bucket: "toString" }, "invalid_bucket"],
      [{ from: -kept["1m"] - 1n, bucket: "1m" }, "traffic_bucket_out_of_retention"],
      [{ from: -kept["1m"], bucket: "1m" }, "none"],
      [{ from: -kept["1h"] - 1n }, "traffic_bucket_out_of_retention"],
      [{ from: -kept["1h"] }, "none"],
    ] as const
  ) {
    assert.equal(await it.codeOf(question), code, JSON.stringify(question, (_, it) => `${it}`));
  }
});

Deno.test("TrafficHistory.answer() refuses more buckets than fit an answer", async () => {
  using it = new Fixture();
  it.db.store.write(() => {
    for (let n = 0n; n < BigInt(TRAFFIC.bucketsMax); n++) it.add(n * 60n, 1n);
  });
  const week = { to: 7n * DAY, bucket: "1m" };
  assert.equal((await it.ask(week)).bytesIn, BigInt(TRAFFIC.bucketsMax));
  it.add(BigInt(TRAFFIC.bucketsMax) * 60n, 1n);
  assert.equal(await it.codeOf(week), "traffic_too_many_rows");
});

Deno.test("TrafficHistory.answer() is exact beyond 64 bits", async () => {
  using it = new Fixture();
  it.add(0n, COUNT_MAX);
  it.add(0n, COUNT_MAX, { userId: "bob" });
  it.add(60n, 2n ** 53n + 1n);
  const answer = await it.ask();
  assert.deepEqual(answer.samples.map((sample) => sample.bytesIn), [
    2n * COUNT_MAX,
    2n ** 53n + 1n,
  ]);
  assert.equal(answer.bytesIn, 2n * COUNT_MAX + 2n ** 53n + 1n);
});

Deno.test("TrafficHistory.answer() lets others have their turn, and skips what is empty", async () => {
  using it = new Fixture();
  const piece = 60n * BigInt(TRAFFIC.bucketsPerRead);
  for (const minute of [0n, piece - 60n, piece, 5n * piece, 6n * piece]) it.add(minute, 1n);
  const reads: bigint[] = [];
  const { totals } = it.samples;
  it.samples.totals = (query) => {
    reads.push(query.from - START);
    return totals.call(it.samples, query);
  };
  const answer = await it.ask({ to: 2n ** 62n, bucket: "1m" });
  assert.equal(answer.bytesIn, 5n);
  assert.deepEqual(reads, [0n, piece, 5n * piece, 6n * piece]);
});
