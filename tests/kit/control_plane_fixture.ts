/**
 * The control plane on a real store, with sessions over streams that a test holds.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FakeServerStream } from "./fake_streams.ts";
import { hello, statusMessage, updateOf } from "./messages.ts";
import { RecordingLogger } from "./recording_logger.ts";
import { ruleInput } from "./rules.ts";
import { TemporaryStore } from "./seeded_store.ts";
import { ClientRepository } from "../../src/store/clients.ts";
import { EnrollmentRepository } from "../../src/store/enrollments.ts";
import { OwnerCapRepository } from "../../src/store/owner_caps.ts";
import { QuotaRepository } from "../../src/store/quotas.ts";
import { RuleRepository } from "../../src/store/rules.ts";
import { SettingsRepository } from "../../src/store/settings.ts";
import { systemRandom } from "../../src/system/random.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { RuleStatsCache } from "../../src/traffic/rule_stats.ts";
import { ControlPlane } from "../../src/control/control_plane.ts";
import { EnrollmentService } from "../../src/control/enrollment.ts";
import { OwnerCapService } from "../../src/control/owner_caps.ts";
import { QuotaUpdates } from "../../src/control/quota_updates.ts";
import { SessionRegistry } from "../../src/control/registry.ts";
import { RuleService } from "../../src/control/rules.ts";

export const EDGE = { clientId: "C1", clientName: "edge-01" };

/** With the clients `EDGE` (token `good`) and a revoked one (token `bad`), and the user alice. */
export class ControlPlaneFixture implements Disposable {
  readonly db = new TemporaryStore();
  readonly clock = this.db.clock;
  readonly logger = new RecordingLogger();
  readonly registry = new SessionRegistry(this.clock);
  readonly metrics = new Metrics();
  readonly ownerCaps: OwnerCapService;
  readonly rules: RuleService;
  readonly stats: RuleStatsCache;
  readonly plane: ControlPlane;
  readonly quotas = new QuotaRepository(this.db.store);
  /** What went into accounting: client, rule, bytes in. */
  readonly accounted: string[] = [];
  #requests = 0;

  constructor() {
    this.db.addUser({ userId: "alice", role: "user" });
    this.db.addClient({ ...EDGE, token: "good" });
    this.db.addClient({ clientId: "C2", clientName: "edge-02", token: "bad", revoked: true });
    const { store } = this.db;
    const newId = () => `R${this.#requests++}`;
    const common = { registry: this.registry, clock: this.clock, logger: this.logger, newId };
    const clients = new ClientRepository(store);
    this.ownerCaps = new OwnerCapService({
      ...common,
      caps: new OwnerCapRepository(store),
      clients,
      ownersOn: (clientId) => this.rules.ownersOn(clientId),
    });
    this.rules = new RuleService({
      ...common,
      rules: new RuleRepository(store),
      rangeMaxPorts: 10,
      onRemoved: () => undefined,
      belongings: this.ownerCaps,
    });
    this.stats = new RuleStatsCache({
      clock: this.clock,
      metrics: this.metrics,
      ownerOf: (id) => this.rules.get(id)?.ownerId,
      ownersOn: (clientId) => this.rules.ownersOn(clientId),
    });
    this.plane = new ControlPlane({
      ...common,
      clients,
      enrollment: new EnrollmentService({
        ...common,
        clients,
        enrollments: new EnrollmentRepository(store),
        settings: new SettingsRepository(store),
        server: {
          fingerprint: "ab".repeat(32),
          sans: { dns: [], ips: ["127.0.0.1"] },
          seed: null,
          controlPort: 7443,
        },
        random: systemRandom,
        onRotated: () => undefined,
      }),
      rules: this.rules,
      replay: {
        beforeRules: [new QuotaUpdates({ ...common, quotas: this.quotas })],
        afterRules: [this.ownerCaps],
      },
      stats: this.stats,
      accounting: {
        record: ({ clientId }, stats) => {
          for (const { ruleId, bytesIn } of stats) {
            this.accounted.push(`${clientId} ${ruleId} ${bytesIn}`);
          }
        },
      },
      metrics: this.metrics,
      udpFlowIdleSecs: 61,
      udpMaxFlowsPerRule: 1_025,
    });
  }

  /** Starts a session; `done` is how it ends. */
  start(stream = new FakeServerStream()) {
    return { stream, done: this.plane.session(EDGE, stream) };
  }

  /** Starts a session that is greeted. */
  async connect(first = hello()) {
    const started = this.start();
    started.stream.receive(first);
    assert.equal((await started.stream.sent.next())?.payload.case, "welcome");
    return started;
  }

  /** Runs sessions until the rules of these ports are active, ids from 0. */
  async seed(...ports: readonly number[]): Promise<void> {
    const { stream, done } = await this.connect();
    for (const port of ports) {
      const pushed = this.rules.push(ruleInput({ port }), "alice", 2_000);
      const { requestId, rule } = updateOf(await stream.sent.next());
      stream.receive(statusMessage({ requestId, ruleId: rule?.ruleId ?? 0n }));
      await pushed;
    }
    stream.halfClose();
    await done;
    this.logger.lines.length = 0;
  }

  [Symbol.dispose](): void {
    this.registry.disconnectAll();
    this.db[Symbol.dispose]();
  }
}
