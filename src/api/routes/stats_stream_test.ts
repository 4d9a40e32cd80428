import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { statsReport, targetStats } from "../../../tests/kit/messages.ts";
import { EDGE } from "../../../tests/kit/rule_fixture.ts";

const RULE = { client: "edge-01", listen_port: 18_080, target_host: "10.0.0.5", target_port: 80 };
const PATH = "/v1/rules/0/stats/stream";

/** A fixture with rule 0, and readers of its stream. */
class Streaming extends ApiFixture {
  static async create(): Promise<Streaming> {
    const api = new Streaming();
    api.connect();
    assert.equal((await api.post("/v1/rules", RULE)).status, 201);
    return api;
  }

  count(bytesIn: bigint): void {
    const perTarget = [targetStats({ index: 0, host: "10.0.0.5", port: 80 })];
    this.stats.record(EDGE, statsReport({ ruleId: 0n, bytesIn, perTarget }));
  }

  async reader(path = PATH) {
    const response = await this.open(path);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(response.headers.get("cache-control"), "no-cache");
    assert.ok(response.body);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    return { next: async () => (await reader.read()).value, leave: () => reader.cancel() };
  }
}

const bytesIn = (frame: string | undefined) => /"bytes_in":(\d+)/.exec(frame ?? "")?.[1];

Deno.test("the stats stream begins with the current counters and goes on with every report", async () => {
  using api = await Streaming.create();
  api.count(18_446_744_073_709_551_615n);
  const { next } = await api.reader();
  assert.equal(
    await next(),
    'event: stats\ndata: {"rule_id":0,"client_name":"edge-01","bytes_in":18446744073709551615,"bytes_out":0,' +
      '"active_connections":0,"dns_failures":0,"datagrams_in":0,"datagrams_out":0,"active_flows":0,' +
      '"flows_dropped_overflow":0,"target_failovers_total":0,"updated_at":"2026-01-01T00:00:00Z"}\n\n',
  );
  const waiting = next();
  api.count(2n);
  assert.equal(bytesIn(await waiting), "2");
  api.count(3n);
  assert.equal(bytesIn(await next()), "3");
});

Deno.test("the stats stream has targets only when asked for", async () => {
  using api = await Streaming.create();
  api.count(1n);
  const { next } = await api.reader(`${PATH}?per_target=yes`);
  assert.match(String(await next()), /"per_target":\[\{"index":0,"host":"10\.0\.0\.5",/);
});

Deno.test("removing the rule ends its streams, after what is queued", async () => {
  using api = await Streaming.create();
  const { next } = await api.reader();
  api.count(1n);
  assert.equal((await api.request("DELETE", "/v1/rules/0")).status, 204);
  assert.equal(bytesIn(await next()), "1");
  assert.equal(await next(), undefined);
  assert.equal(api.streams.size, 0);
});

Deno.test("a reader who leaves costs nothing any more, one who is slow loses the oldest events", async () => {
  using api = await Streaming.create();
  const gone = await api.reader();
  const { next } = await api.reader();
  await gone.leave();
  assert.equal(api.streams.size, 1);
  for (let n = 1; n <= 40; n++) api.count(BigInt(n));
  const lagged = api.logger.of("stats_stream.lagged").length;
  assert.ok(lagged >= 40 - 18, `${lagged} were dropped`);
  let last = 0;
  for (let i = 0; i < 40 - lagged; i++) last = Number(bytesIn(await next()));
  assert.equal(last, 40, "the newest is never dropped");
});

Deno.test("a silent stream says that it is alive every 30 s, with one timer for all streams", async () => {
  using api = await Streaming.create();
  api.clock.advance(1_000);
  const timers = api.clock.pending;
  const readers = [await api.reader(), await api.reader(), await api.reader()];
  assert.equal(api.clock.pending, timers + 1);
  const heard = readers.map(({ next }) => next());
  api.clock.advance(30_000);
  assert.deepEqual(await Promise.all(heard), Array(3).fill(": keepalive\n\n"));
  for (const { leave } of readers) await leave();
  assert.equal(api.clock.pending, timers);
});

Deno.test("the stats stream is for the owner of a rule that exists; HEAD opens none", async () => {
  using api = await Streaming.create();
  assert.equal((await api.request("GET", "/v1/rules/7/stats/stream")).error, "404 rule_not_found");
  assert.equal((await api.request("GET", PATH, { token: "alice" })).error, "403 not_owner");
  const head = await api.open(PATH, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-type")], [200, "text/event-stream"]);
  assert.equal(api.streams.size, 0);
});

Deno.test("500 streams of a rule hear every report, and have one timer together", async () => {
  using api = await Streaming.create();
  const timers = api.clock.pending;
  const readers = await Promise.all(Array.from({ length: 500 }, () => api.reader()));
  assert.equal(api.streams.size, 500);
  assert.equal(api.clock.pending, timers + 1);
  for (const n of [1n, 2n, 3n]) {
    api.count(n);
    const frames = await Promise.all(readers.map(({ next }) => next()));
    assert.deepEqual(new Set(frames.map(bytesIn)), new Set([`${n}`]));
  }
  for (const { leave } of readers) await leave();
  assert.equal(api.streams.size, 0);
  assert.equal(api.clock.pending, timers);
});
