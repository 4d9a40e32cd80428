import assert from "node:assert/strict";
import type { Bundle } from "../../src/core/bundle.ts";
import { Backoff } from "../../src/edge/backoff.ts";
import { runControlLoop } from "../../src/edge/control_loop.ts";
import { enroll } from "../../src/edge/enroll.ts";
import { RuleTable } from "../../src/edge/rule_table.ts";
import { systemClock } from "../../src/system/clock.ts";
import { systemRandom } from "../../src/system/random.ts";
import { FakeForwarder } from "../kit/fake_forwarder.ts";
import { labTest } from "../kit/lab.ts";
import type { Operator } from "../kit/operator.ts";
import { PATIENCE_MS } from "../kit/process.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";

const CLIENTS = 200;
/** What a fleet may take to come back, in milliseconds. */
const BACK_WITHIN_MS = 10_000;

/** Real clients but for what they forward, in this process: the delays are those of the program. */
class Fleet implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #logs: RecordingLogger[] = [];
  readonly #loops: Promise<void>[] = [];

  add(bundle: Bundle): void {
    const logger = new RecordingLogger();
    this.#logs.push(logger);
    this.#loops.push(runControlLoop({
      bundle,
      table: new RuleTable({ forwarder: new FakeForwarder(), drainMs: 0, logger }),
      backoff: new Backoff({ initialMs: 500, maxMs: 30_000, random: systemRandom }),
      clock: systemClock,
      logger,
      statsIntervalMs: 5_000,
      stop: this.#stop.signal,
    }));
  }

  /** Resolves when each has been connected `n` times; returns how long that took, in milliseconds. */
  async connected(n: number): Promise<number> {
    const started = performance.now();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(this.#missing(n))), 2 * PATIENCE_MS);
    try {
      await Promise.race([
        Promise.all(this.#logs.map((logger) => logger.seen("control.connected", n))),
        late,
      ]);
    } finally {
      clearTimeout(timer);
    }
    return performance.now() - started;
  }

  #missing(n: number): string {
    const missing = this.#logs.filter((logger) => logger.of("control.connected").length < n);
    return `${missing.length} clients are away: ${missing[0]?.events.slice(-5).join()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
  }
}

async function enrollAll(operator: Operator, path: (name: string) => string): Promise<Bundle[]> {
  const names = Array.from({ length: CLIENTS }, (_, i) => `edge-${i}`);
  const bundles: Bundle[] = [];
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      bundles.push(await enroll(await operator.enrollmentUri(name), path(`${name}.json`)));
    }
  }));
  return bundles;
}

labTest("a fleet of 200 is back within 10 s of a restart", async (lab) => {
  const { server, operator } = await lab.operated();
  const bundles = await enrollAll(operator, (name) => lab.path(name));
  await using fleet = new Fleet();
  for (const bundle of bundles) fleet.add(bundle);
  await fleet.connected(1);

  await server.process.kill();
  const restarted = await lab.server();
  const tookMs = await fleet.connected(2);
  assert.ok(tookMs < BACK_WITHIN_MS, `${Math.round(tookMs)} ms`);
  const { body } = await operator.api("GET", "/v1/clients");
  const clients = body as readonly { connected: boolean }[];
  assert.equal(clients.filter(({ connected }) => connected).length, CLIENTS);
  assert.deepEqual(restarted.process.logs.all("listener.full"), []);
});
