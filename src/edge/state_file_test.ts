import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { turn } from "../../tests/kit/turn.ts";
import { type ClientState, decodeState, encodeState } from "./client_state.ts";
import { StateFile, type StateStorage } from "./state_file.ts";

const owner = { clientId: null, clientName: "edge-01", serverCertSha256: "ab".repeat(32) };

/** A disk with one file. */
class FakeDisk implements StateStorage {
  text: string | null = null;
  error: Error | null = null;
  readonly calls: string[] = [];
  #gate: PromiseWithResolvers<void> | null = null;

  /** Writes hang until {@linkcode flow}. */
  stall(): void {
    this.#gate = Promise.withResolvers();
  }

  flow(): void {
    this.#gate?.resolve();
    this.#gate = null;
  }

  read(): Promise<string> {
    if (this.error) return Promise.reject(this.error);
    if (this.text === null) return Promise.reject(new Deno.errors.NotFound());
    return Promise.resolve(this.text);
  }

  async write(_path: string, text: string): Promise<void> {
    await this.#gate?.promise;
    this.calls.push("write");
    if (this.error) throw this.error;
    this.text = text;
  }

  remove(): Promise<void> {
    this.calls.push("remove");
    if (this.error) return Promise.reject(this.error);
    if (this.text === null) return Promise.reject(new Deno.errors.NotFound());
    this.text = null;
    return Promise.resolve();
  }
}

class Fixture {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly disk = new FakeDisk();
  readonly file = new StateFile({
    path: "/state.json",
    owner,
    clock: this.clock,
    logger: this.logger,
    storage: this.disk,
  });
  state: ClientState = {
    udp: { flowsMax: 1, idleMs: 1_000 },
    rules: [],
    caps: [],
    quotas: [],
  };
  changed: () => void = () => assert.fail("nobody watches");

  follow(): this {
    this.file.follow({ state: () => this.state, watch: (onChange) => this.changed = onChange });
    return this;
  }

  meter(remainingBytes: bigint): void {
    const quota = { remainingBytes, exhausted: false };
    this.state = { ...this.state, quotas: [{ ownerId: "alice", quota }] };
  }

  cap(concurrentConnections: number): void {
    this.state = { ...this.state, caps: [{ ownerId: "alice", caps: { concurrentConnections } }] };
    this.changed();
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turn();
  }

  get kept(): ClientState {
    return decodeState(this.disk.text ?? assert.fail("no file"), owner);
  }
}

Deno.test("StateFile writes a thousand changes at once", async () => {
  const fixture = new Fixture().follow();
  for (let i = 1; i <= 1_000; i++) fixture.cap(i);
  await fixture.advance(999);
  assert.deepEqual(fixture.disk.calls, []);
  await fixture.advance(1);
  assert.deepEqual(fixture.disk.calls, ["write"]);
  assert.deepEqual(fixture.kept, fixture.state);
  fixture.changed();
  await fixture.advance(120_000);
  assert.deepEqual(fixture.disk.calls, ["write"], "the same again");
  fixture.cap(1);
  await fixture.advance(1_000);
  assert.deepEqual(fixture.kept, fixture.state);
});

Deno.test("StateFile keeps writing while changes never end", async () => {
  const fixture = new Fixture().follow();
  for (let i = 1; i <= 50; i++) {
    fixture.cap(i);
    await fixture.advance(100);
  }
  assert.ok(fixture.disk.calls.length >= 4, `${fixture.disk.calls.length} writes`);
});

Deno.test("StateFile writes what is left of quotas once a minute", async () => {
  const fixture = new Fixture().follow();
  fixture.meter(100n);
  fixture.changed();
  await fixture.advance(1_000);
  fixture.meter(60n);
  await fixture.advance(58_999);
  assert.deepEqual(fixture.kept.quotas[0]?.quota.remainingBytes, 100n);
  await fixture.advance(1);
  assert.deepEqual(fixture.kept.quotas[0]?.quota.remainingBytes, 60n);
});

Deno.test("StateFile.close() takes the last state before rules are closed, and no later one", async () => {
  const fixture = new Fixture().follow();
  fixture.cap(1);
  const before = fixture.state;
  const closed = fixture.file.close();
  fixture.state = { ...fixture.state, caps: [] };
  fixture.changed();
  await closed;
  await fixture.advance(120_000);
  assert.deepEqual(fixture.kept, before);
  assert.equal(fixture.clock.pending, 0);
});

Deno.test("StateFile.close() with nothing new leaves the file alone", async () => {
  const fixture = new Fixture();
  fixture.disk.text = encodeState(fixture.state, owner);
  assert.deepEqual(await fixture.file.load(), fixture.state);
  // A rule that could not start this time is still what the server wants.
  fixture.state = { ...fixture.state, udp: { flowsMax: 2, idleMs: 2_000 } };
  await fixture.follow().file.close();
  assert.deepEqual(fixture.disk.calls, []);
});

Deno.test("StateFile that is closed before it follows anything never does", async () => {
  const fixture = new Fixture();
  await fixture.file.close();
  fixture.follow();
  await fixture.advance(120_000);
  assert.deepEqual([fixture.disk.calls, fixture.clock.pending], [[], 0]);
});

Deno.test("StateFile.forget() deletes the file after a write that is under way, for good", async () => {
  const fixture = new Fixture().follow();
  fixture.cap(1);
  fixture.disk.stall();
  await fixture.advance(1_000);
  const forgotten = fixture.file.forget();
  fixture.changed();
  fixture.disk.flow();
  await forgotten;
  await fixture.advance(120_000);
  await fixture.file.close();
  assert.deepEqual(fixture.disk.calls, ["write", "remove"]);
  assert.equal(fixture.disk.text, null);
  assert.deepEqual(fixture.logger.events, ["client.state_forgotten"]);
  await new Fixture().file.forget();
});

Deno.test("StateFile that could not forget says so, and has forgotten all the same", async () => {
  const fixture = new Fixture();
  fixture.disk.text = encodeState(fixture.state, owner);
  fixture.disk.error = new Deno.errors.PermissionDenied("no");
  await fixture.file.forget();
  fixture.disk.error = null;
  assert.equal(await fixture.file.load(), null);
  fixture.follow();
  await fixture.advance(120_000);
  assert.deepEqual(fixture.disk.calls, ["remove"]);
  assert.deepEqual(fixture.logger.events, ["client.state_forget_failed"]);
});

Deno.test("StateFile on a slow disk writes the newest state, not every one", async () => {
  const fixture = new Fixture().follow();
  fixture.disk.stall();
  for (let i = 1; i <= 10; i++) {
    fixture.cap(i);
    await fixture.advance(1_000);
  }
  fixture.disk.flow();
  await fixture.file.settled();
  assert.deepEqual(fixture.disk.calls, ["write", "write"]);
  assert.deepEqual(fixture.kept, fixture.state);
});

Deno.test("StateFile says once that it cannot write, and tries again", async () => {
  const fixture = new Fixture().follow();
  fixture.disk.error = new Deno.errors.PermissionDenied("no");
  for (let i = 1; i <= 3; i++) {
    fixture.cap(i);
    await fixture.advance(1_000);
  }
  assert.deepEqual(fixture.logger.lines.map(({ level, event, fields }) => [level, event, fields]), [
    ["warn", "client.state_write_failed", { path: "/state.json", error: "no" }],
  ]);
  fixture.disk.error = null;
  await fixture.advance(60_000);
  assert.deepEqual(fixture.kept, fixture.state);
  fixture.disk.error = new Error("full");
  fixture.cap(9);
  await fixture.advance(1_000);
  assert.equal(fixture.logger.lines.length, 2);
});

Deno.test("StateFile.load() ignores a file of no use with one line, and has none without a file", async () => {
  const absent = new Fixture();
  assert.equal(await absent.file.load(), null);
  assert.deepEqual(absent.logger.lines, []);

  const damaged = new Fixture();
  damaged.disk.text = "{";
  assert.equal(await damaged.file.load(), null);
  const unreadable = new Fixture();
  unreadable.disk.error = new Deno.errors.PermissionDenied("no");
  assert.equal(await unreadable.file.load(), null);
  assert.deepEqual(
    [damaged, unreadable].map(({ logger }) => logger.lines.map(({ fields }) => fields)),
    [
      [{ path: "/state.json", error: "it is damaged: not JSON" }],
      [{ path: "/state.json", error: "no" }],
    ],
  );
});

Deno.test("StateFile writes with mode 0600, over a file of any mode", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/edge.state.json`;
    await Deno.writeTextFile(path, "old", { mode: 0o644 });
    const { clock, logger, state } = new Fixture();
    const file = new StateFile({ path, owner, clock, logger });
    let changed = () => {};
    file.follow({ state: () => state, watch: (onChange) => changed = onChange });
    changed();
    await file.close();
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    const next = new StateFile({ path, owner, clock, logger });
    assert.deepEqual(await next.load(), state);
    await next.forget();
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
