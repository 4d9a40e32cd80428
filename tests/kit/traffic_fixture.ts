/**
 * Traffic and quotas on a real store, with rules whose counters a test reports.
 *
 * @module
 */

import { newQuota, type Quota } from "../../src/core/quota.ts";
import { QuotaRepository } from "../../src/store/quotas.ts";
import { RuleRepository } from "../../src/store/rules.ts";
import { BaselineRepository } from "../../src/store/traffic_baselines.ts";
import { SampleRepository } from "../../src/store/traffic_samples.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { TrafficAccounting } from "../../src/traffic/accounting.ts";
import { QuotaLedger } from "../../src/traffic/quota_ledger.ts";
import type { FakeClock } from "./fake_clock.ts";
import { statsReport } from "./messages.ts";
import { RecordingLogger } from "./recording_logger.ts";
import { ruleInput } from "./rules.ts";
import { TemporaryStore } from "./seeded_store.ts";

export const CLIENT = { clientId: "01JABCDEFGHJKMNPQRSTVWXYZ0", clientName: "edge-01" };
export const CLIENT_2 = { clientId: "01JABCDEFGHJKMNPQRSTVWXYZ1", clientName: "edge-02" };

/** 2026-01-01T00:00:00Z, when the fixture's clock starts, in seconds. */
export const START = 1_767_225_600n;

/** Cumulative counters of one rule: its id, bytes in, bytes out. */
export type Counters = readonly [ruleId: bigint, bytesIn: bigint, bytesOut: bigint];

export class TrafficFixture implements Disposable {
  readonly db: TemporaryStore;
  readonly clock: FakeClock;
  readonly logger = new RecordingLogger();
  readonly metrics = new Metrics();
  /** What the ledger told, for example `exhausted alice`. */
  readonly told: string[] = [];
  readonly observer = {
    rolledOver: ({ userId }: Quota) => void this.told.push(`rolledOver ${userId}`),
    exhausted: ({ userId }: Quota) => void this.told.push(`exhausted ${userId}`),
  };
  #parts: ReturnType<TrafficFixture["open"]>;

  /** Takes over `db`. */
  constructor(db = new TemporaryStore()) {
    this.db = db;
    this.clock = db.clock;
    for (const userId of ["alice", "bob"]) this.db.addUser({ userId, role: "user" });
    for (const client of [CLIENT, CLIENT_2]) this.db.addClient(client);
    this.#parts = this.open();
  }

  protected open() {
    const { store } = this.db;
    const quotas = new QuotaRepository(store);
    const samples = new SampleRepository(store);
    const baselines = new BaselineRepository(store);
    const ledger = new QuotaLedger({ ...this.#common(), quotas });
    const accounting = new TrafficAccounting({ ...this.#common(), baselines, samples, ledger });
    return { quotas, samples, baselines, ledger, accounting };
  }

  #common() {
    const { clock, logger, metrics, observer } = this;
    return { clock, logger, metrics, observer };
  }

  get quotas(): QuotaRepository {
    return this.#parts.quotas;
  }

  get samples(): SampleRepository {
    return this.#parts.samples;
  }

  get baselines(): BaselineRepository {
    return this.#parts.baselines;
  }

  get ledger(): QuotaLedger {
    return this.#parts.ledger;
  }

  /** Now, in seconds. */
  get now(): bigint {
    return BigInt(this.clock.now() / 1_000);
  }

  restart(): void {
    this.ledger[Symbol.dispose]();
    this.db.reopen();
    this.#parts = this.open();
  }

  /** Stores a rule. */
  addRule(id: bigint, ownerId = "alice", client = CLIENT): void {
    const now = Temporal.Instant.fromEpochMilliseconds(this.clock.now());
    new RuleRepository(this.db.store).upsert({
      ...ruleInput({ port: 1_000 + Number(id) }).draft,
      ...client,
      id,
      ownerId,
      state: { kind: "active" },
      createdAt: now,
      updatedAt: now,
    });
  }

  removeRule(id: bigint): void {
    new RuleRepository(this.db.store).remove(id);
  }

  /** Makes a quota for what `userId` forwards through the first client, counted from START. */
  addQuota(monthlyBytes: bigint, userId = "alice", client = CLIENT): Quota {
    const quota = newQuota({ ...client, userId, monthlyBytes, billingAnchor: START }, this.now);
    this.ledger.put(quota);
    return quota;
  }

  /** The quota of `userId` for the first client. */
  quotaOf(userId = "alice"): Quota | undefined {
    return this.quotas.get({ userId, clientId: CLIENT.clientId });
  }

  /** Takes in a report of the first client. */
  report(...counters: readonly Counters[]): void {
    this.reportOf(CLIENT, ...counters);
  }

  reportOf(client: typeof CLIENT, ...counters: readonly Counters[]): void {
    const stats = counters.map(([ruleId, bytesIn, bytesOut]) => ({ ruleId, bytesIn, bytesOut }));
    this.#parts.accounting.record(client, statsReport(...stats).stats);
  }

  /** Every minute that is stored, for example `alice edge-01 +60: 1/2`, from START, in and out. */
  get minutes(): string[] {
    const rows = this.db.store.db.all(
      "SELECT * FROM traffic_samples_1m ORDER BY ts_minute, user_id, client_id",
    );
    return rows.map((row) =>
      `${row.user_id} ${row.client_name} +${Number(row.ts_minute) - Number(START)}: ` +
      `${row.bytes_in}/${row.bytes_out}`
    );
  }

  [Symbol.dispose](): void {
    this.ledger[Symbol.dispose]();
    this.db[Symbol.dispose]();
  }
}
