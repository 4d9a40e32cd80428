import assert from "node:assert/strict";
import { tcpRule } from "../../tests/forward/rules.ts";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { FakeForwarder } from "../../tests/kit/fake_forwarder.ts";
import { FakeClientStream } from "../../tests/kit/fake_streams.ts";
import { welcome } from "../../tests/kit/messages.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { turn } from "../../tests/kit/turn.ts";
import type { Dial } from "../wire/control_client.ts";
import { PIN_MISMATCH, WireError } from "../wire/streams.ts";
import { Backoff } from "./backoff.ts";
import { runControlLoop } from "./control_loop.ts";
import { RuleTable } from "./rule_table.ts";

/** What the next dial meets: a server that greets, or a failure. */
type Server = "greets" | "silent" | WireError;

class Fixture {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly forwarder = new FakeForwarder();
  readonly stopping = new AbortController();
  readonly leaving = new AbortController();
  readonly table = new RuleTable({
    forwarder: this.forwarder,
    drainMs: 30_000,
    logger: this.logger,
  });
  readonly dials: (Dial & { bearer: string })[] = [];
  readonly streams: FakeClientStream[] = [];
  /** What the data plane had done when the refusal was told. */
  readonly refusals: string[][] = [];
  readonly done: Promise<void>;

  constructor(public server: Server = "greets") {
    this.done = this.#run();
  }

  /** Forwards a rule, as if an earlier session had pushed it. */
  async forwarding(): Promise<this> {
    await this.table.push("p", tcpRule({ id: 1n, listen: 1, target: 2 }), "command");
    this.forwarder.calls.length = 0;
    await turn();
    return this;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
    assert.equal(this.clock.pending, 0);
  }

  /** Moves time and lets what follows happen. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turn();
  }

  get stream(): FakeClientStream {
    return this.streams.at(-1) ?? assert.fail("no stream");
  }

  #run(): Promise<void> {
    return runControlLoop({
      bundle: {
        version: 1,
        clientName: "edge-01",
        clientId: null,
        serverEndpoint: "server.example:7443",
        serverCertSha256: "ab".repeat(32),
        token: "sesame",
      },
      table: this.table,
      backoff: new Backoff({
        initialMs: 500,
        maxMs: 2_000,
        random: { bytes: (n) => new Uint8Array(n).fill(0xff) },
      }),
      clock: this.clock,
      logger: this.logger,
      statsIntervalMs: 5_000,
      onRefused: () => this.refusals.push([...this.forwarder.calls]),
      stop: this.stopping.signal,
      leave: this.leaving.signal,
      connect: (dial) => this.#connect(dial),
    });
  }

  #connect(dial: Dial & { bearer: string }): Promise<FakeClientStream> {
    this.dials.push(dial);
    const stream = new FakeClientStream({ "portunus-replay-rules": "1" });
    this.streams.push(stream);
    dial.signal.addEventListener("abort", () => stream.cancel());
    if (this.server instanceof WireError) stream.end(this.server);
    else if (this.server === "greets") stream.receive(welcome());
    return Promise.resolve(stream);
  }
}

const errorsOf = ({ logger }: Fixture, event: string) =>
  logger.of(event).map(({ fields }) => fields["error"]);

Deno.test("runControlLoop() dials what the bundle says, and again after a clean end", async () => {
  const fixture = new Fixture();
  await turn();
  const { endpoint, pin, bearer } = fixture.dials[0] ?? assert.fail();
  assert.deepEqual([endpoint, pin, bearer], ["server.example:7443", "ab".repeat(32), "sesame"]);
  fixture.stream.end();
  await turn();
  assert.equal(fixture.logger.of("control.disconnected").length, 1);
  await fixture.advance(499);
  assert.equal(fixture.dials.length, 1);
  await fixture.advance(1);
  assert.deepEqual(
    fixture.logger.of("control.connecting").map(({ fields }) => fields["attempt"]),
    [1, 2],
  );
  await fixture.stop();
  assert.ok(!fixture.logger.text().includes("sesame"));
});

Deno.test("runControlLoop() keeps forwarding while the server is away", async () => {
  const fixture = await new Fixture().forwarding();
  fixture.server = new WireError("transport", "Unavailable: connection refused");
  fixture.stream.end(new WireError("transport", "Unavailable: reset"));
  await turn();
  for (let i = 0; i < 5; i++) await fixture.advance(2_000);
  assert.deepEqual(fixture.forwarder.calls, []);
  assert.deepEqual(errorsOf(fixture, "control.stream_error"), ["transport: Unavailable: reset"]);
  assert.equal(fixture.logger.of("control.disconnected").length, 1);
  assert.ok(fixture.dials.length > 4);
  await fixture.stop();
  assert.deepEqual(fixture.forwarder.calls, ["close 1"]);
});

Deno.test("runControlLoop() waits longer from failure to failure, and starts over after Welcome", async () => {
  const fixture = new Fixture(new WireError("transport", "Unavailable: x"));
  await turn();
  for (const [i, wait] of [500, 1_000, 2_000, 2_000].entries()) {
    assert.equal(fixture.dials.length, i + 1);
    await fixture.advance(wait - 1);
    assert.equal(fixture.dials.length, i + 1, "not early");
    if (i === 3) fixture.server = "greets";
    await fixture.advance(1);
  }
  assert.equal(fixture.dials.length, 5);
  fixture.stream.end();
  await turn();
  await fixture.advance(500);
  assert.equal(fixture.dials.length, 6);
  assert.equal(fixture.logger.of("control.connect_failed").length, 4);
  await fixture.stop();
});

Deno.test("runControlLoop() gives up when its token is refused: rules stop, the process stays", async () => {
  for (
    const refusal of [new WireError("token_revoked"), new WireError("auth", "token_not_found")]
  ) {
    const fixture = await new Fixture().forwarding();
    fixture.server = refusal;
    fixture.stream.end();
    await turn();
    await fixture.advance(500);
    assert.deepEqual(errorsOf(fixture, "control.terminal"), [refusal.message]);
    assert.deepEqual(fixture.forwarder.calls, ["close 1"]);
    assert.deepEqual(fixture.refusals, [[]], "told before the rules stop");
    await fixture.advance(3_600_000);
    assert.equal(fixture.dials.length, 2);
    await fixture.stop();
  }
});

Deno.test("runControlLoop() goes on when the server could not check the token, or is not the pinned one", async () => {
  const failures = [
    new WireError("auth", "token_verify_error"),
    new WireError("tls", PIN_MISMATCH),
    new WireError("welcome_missing"),
  ];
  for (const failure of failures) {
    const fixture = await new Fixture().forwarding();
    fixture.server = failure;
    fixture.stream.end();
    await turn();
    for (let i = 0; i < 4; i++) await fixture.advance(2_000);
    assert.ok(fixture.dials.length >= 4);
    assert.deepEqual(
      new Set(errorsOf(fixture, "control.connect_failed")),
      new Set([failure.message]),
    );
    assert.deepEqual(fixture.logger.of("control.terminal"), []);
    assert.deepEqual([fixture.forwarder.calls, fixture.refusals], [[], []]);
    await fixture.stop();
  }
});

Deno.test("runControlLoop() takes a refusal on an established stream for a lost one", async () => {
  const fixture = await new Fixture().forwarding();
  fixture.stream.end(new WireError("auth", "token_not_found"));
  await turn();
  await fixture.advance(500);
  assert.equal(fixture.dials.length, 2);
  assert.deepEqual(fixture.logger.of("control.terminal"), []);
  await fixture.stop();
});

Deno.test("runControlLoop() stops at once while it waits to reconnect", async () => {
  const fixture = new Fixture(new WireError("transport", "Unavailable: x"));
  await turn();
  assert.equal(fixture.clock.pending, 1, "it waits");
  await fixture.stop();
  assert.equal(fixture.dials.length, 1);
});

Deno.test("runControlLoop() stops at once while it waits for Welcome", async () => {
  const fixture = new Fixture("silent");
  await turn();
  await fixture.stop();
  assert.equal(fixture.stream.cancelled, true);
  assert.deepEqual(fixture.logger.of("control.connect_failed"), []);
});

Deno.test("runControlLoop() tells a connected server of every rule before it stops", async () => {
  const fixture = await new Fixture().forwarding();
  await fixture.stop();
  assert.deepEqual(fixture.forwarder.calls, ["close 1"]);
  const cases = fixture.stream.sent.all.map(({ payload }) => payload.case);
  assert.deepEqual(cases, ["hello", "ruleStatus"]);
  assert.equal(fixture.stream.closed, true);
});

Deno.test("runControlLoop() ends its session when it is to leave, and the rules stay", async () => {
  const fixture = await new Fixture().forwarding();
  await turn();
  fixture.leaving.abort();
  await fixture.done;
  assert.equal(fixture.stream.closed, true);
  assert.equal(fixture.table.size, 1);
  assert.deepEqual(fixture.forwarder.calls.filter((call) => call.startsWith("close")), []);
  assert.equal(fixture.clock.pending, 0);
});

Deno.test("runControlLoop() leaves while it waits, and cancels a stream that does not end", async () => {
  const waiting = await new Fixture(new WireError("transport", "Unavailable")).forwarding();
  waiting.leaving.abort();
  await waiting.done;
  const fixture = await new Fixture().forwarding();
  fixture.stream.stubborn = true;
  fixture.leaving.abort();
  await turn();
  await fixture.advance(2_000);
  await fixture.done;
  assert.equal(fixture.stream.cancelled, true);
  assert.equal(fixture.table.size, 1);
});
