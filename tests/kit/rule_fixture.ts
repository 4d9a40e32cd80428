/**
 * The server's rules on a real store, with edges that answer as a test says.
 *
 * @module
 */

import assert from "node:assert/strict";
import { OwnerCapService } from "../../src/control/owner_caps.ts";
import { SessionRegistry } from "../../src/control/registry.ts";
import type { Session } from "../../src/control/session.ts";
import { RuleService } from "../../src/control/rules.ts";
import { PortunusError } from "../../src/core/errors.ts";
import { ClientRepository } from "../../src/store/clients.ts";
import { OwnerCapRepository } from "../../src/store/owner_caps.ts";
import { RuleRepository, type StoredRule } from "../../src/store/rules.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { RuleStatsCache } from "../../src/traffic/rule_stats.ts";
import { ConnectedEdge, silent } from "./connected_edge.ts";
import { type RuleStatsInit, statsReport } from "./messages.ts";
import { RecordingLogger } from "./recording_logger.ts";
import { ruleInput } from "./rules.ts";
import { TemporaryStore } from "./seeded_store.ts";

export const EDGE = { clientId: "C1", clientName: "edge-01" };
export const EDGE_2 = { clientId: "C2", clientName: "edge-02" };
/** How long a push of the fixture waits for its edge. */
export const ACK_MS = 2_000;

/** The service on a real store, with one connected edge unless told otherwise. */
export class RuleFixture implements Disposable {
  readonly db = new TemporaryStore();
  readonly clock = this.db.clock;
  readonly logger = new RecordingLogger();
  readonly registry = new SessionRegistry(this.clock);
  readonly metrics = new Metrics();
  readonly stats = new RuleStatsCache({
    clock: this.clock,
    metrics: this.metrics,
    ownerOf: (id, clientId) => {
      const rule = this.rules.get(id);
      return rule?.clientId === clientId ? rule.ownerId : undefined;
    },
    ownersOn: (clientId) => this.rules.ownersOn(clientId),
  });
  readonly removed: bigint[] = [];
  #requests = 0;
  ownerCaps: OwnerCapService;
  rules: RuleService;

  constructor() {
    this.db.addUser({ userId: "alice", role: "user" });
    for (const client of [EDGE, EDGE_2]) this.db.addClient(client);
    this.ownerCaps = this.loadCaps();
    this.rules = this.load();
  }

  loadCaps(): OwnerCapService {
    return new OwnerCapService({
      caps: new OwnerCapRepository(this.db.store),
      clients: new ClientRepository(this.db.store),
      registry: this.registry,
      ownersOn: (clientId) => this.rules.ownersOn(clientId),
      clock: this.clock,
      logger: this.logger,
    });
  }

  load(): RuleService {
    return new RuleService({
      rules: new RuleRepository(this.db.store),
      registry: this.registry,
      clock: this.clock,
      logger: this.logger,
      newId: () => `R${this.#requests++}`,
      rangeMaxPorts: 10,
      onRemoved: (rule) => {
        this.removed.push(rule.id);
        this.stats.forget(rule);
      },
      belongings: this.ownerCaps,
    });
  }

  restart(): void {
    this.db.reopen();
    this.ownerCaps = this.loadCaps();
    this.rules = this.load();
  }

  connect(identity = EDGE, version: string | null = "3.1.0"): ConnectedEdge {
    return new ConnectedEdge(this.registry, this.rules, identity, version);
  }

  push(draft: Parameters<typeof ruleInput>[0] = {}, clientName = "edge-01"): Promise<StoredRule> {
    return this.rules.push(ruleInput(draft, clientName), "alice", ACK_MS);
  }

  /** Pushes a rule whose edge stays silent until the time is up. */
  async pushUnanswered(
    edge: ConnectedEdge,
    draft: Parameters<typeof ruleInput>[0] = {},
  ): Promise<bigint> {
    const answer = edge.answer;
    edge.answer = silent;
    const failed = assert.rejects(this.push(draft), isError("ack_timeout"));
    const sent = this.logger.of("audit.rule_push").length + 1;
    await this.logger.seen("audit.rule_push", sent);
    this.clock.advance(ACK_MS);
    await failed;
    edge.answer = answer;
    return BigInt(String(this.logger.of("audit.rule_push")[sent - 1]?.fields["rule_id"]));
  }

  /** Takes in the counters of one rule as its edge would report them. */
  report(session: Session, counters: RuleStatsInit): void {
    this.stats.record(session, statsReport(counters));
  }

  stateOf(id: bigint) {
    return this.rules.get(id)?.state;
  }

  /** The state in the store, which must be that in memory. */
  storedStateOf(id: bigint) {
    return new RuleRepository(this.db.store).loadAll().rules.find((it) => it.id === id)?.state;
  }

  [Symbol.dispose](): void {
    this.registry.disconnectAll();
    this.db[Symbol.dispose]();
  }
}

/** A check for `assert.rejects`: an error of this code, and of this message where one is given. */
export const isError = (code: string, message?: string | RegExp) => (error: unknown) => {
  assert.ok(error instanceof PortunusError, `${error}`);
  assert.equal(error.code, code);
  if (typeof message === "string") assert.equal(error.message, message);
  if (message instanceof RegExp) assert.match(error.message, message);
  return true;
};
