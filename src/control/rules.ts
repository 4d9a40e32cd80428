/**
 * The life of rules: pushed, acknowledged, replayed, removed.
 *
 * Memory holds every rule and is what is read; the store holds the same and is written first.
 *
 * @module
 */

import { gateForProtocol, gateForPush, gateForReplay } from "../core/capabilities.ts";
import type { Clock } from "../core/clock.ts";
import { findConflict } from "../core/conflict.ts";
import { errorText, PortunusError } from "../core/errors.ts";
import { RULES } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { checkRangePair, formatRange, rangeLength } from "../core/ports.ts";
import type { RateLimit } from "../core/rate_limit.ts";
import type { RuleState } from "../core/rule.ts";
import type { RuleInput } from "../core/rule_input.ts";
import { StoreError } from "../store/database.ts";
import type { OwnerOnClient } from "../store/owner_caps.ts";
import type { RuleRepository, StoredRule } from "../store/rules.ts";
import { pushMessage, removeMessage } from "./messages.ts";
import type { RuleStatus } from "../wire/gen/portunus/v1/portunus_pb.ts";
import { REPLAY_REQUEST_PREFIX } from "../wire/replay.ts";
import { OwnerIndex } from "./owner_index.ts";
import type { SessionRegistry } from "./registry.ts";
import { capabilitiesOf, failed, PENDING, stateFrom } from "./rule_state.ts";
import type { AckResult, Session } from "./session.ts";

/** What an owner has on a client beside rules, and loses with the last of them. */
export interface OwnerBelongings {
  /** Deletes it from the store, inside the transaction that deletes the rules. */
  deleteStored(owners: readonly OwnerOnClient[]): void;
  /** Forgets it, once the transaction is committed and the client was told of the rules. */
  forget(owners: readonly OwnerOnClient[]): void;
}

export interface RuleServiceOptions {
  readonly rules: RuleRepository;
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes a ULID. */
  readonly newId: () => string;
  /** Most ports one rule may span. */
  readonly rangeMaxPorts: number;
  /** Called after a rule is gone, whatever removed it. */
  readonly onRemoved: (rule: StoredRule) => void;
  readonly belongings: OwnerBelongings;
}

/** A removal in two steps. What the owners have on a client goes with their last rule there. */
export interface Removal {
  /** The store's part, inside a transaction. */
  deleteRows(): void;
  /** Memory and clients, once that is committed. */
  finish(): Promise<void>;
}

export class RuleService {
  readonly #options: RuleServiceOptions;
  readonly #rules = new Map<bigint, StoredRule>();
  readonly #owners = new OwnerIndex();
  readonly #removalListeners: ((rule: StoredRule) => void)[] = [];
  #nextId: bigint;

  /** Loads the stored rules with the states they were left in. */
  constructor(options: RuleServiceOptions) {
    this.#options = options;
    const { rules, skipped } = options.rules.loadAll();
    for (const rule of rules) this.#add(rule);
    this.#nextId = (options.rules.maxId() ?? -1n) + 1n;
    if (skipped > 0) options.logger.warn("rules.skipped", { skipped_count: skipped });
    options.logger.info("rules.hydrated", { count: this.#rules.size });
  }

  /** A rule by id. */
  get(id: bigint): StoredRule | undefined {
    return this.#rules.get(id);
  }

  /** Every rule, by ascending id. */
  list(): StoredRule[] {
    return [...this.#rules.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** How many rules have a server name pattern. */
  sniRouteCount(): number {
    return this.#rules.values().filter(({ sniPattern }) => sniPattern !== null).toArray().length;
  }

  /** How many rules each owner has on a client; owners without one are not in it. */
  ownersOn(clientId: string): ReadonlyMap<string, number> {
    return this.#owners.on(clientId);
  }

  /**
   * Stores a rule, sends it to its client and waits for the answer.
   *
   * @param ackTimeoutMs how long to wait; afterwards the rule stays pending
   * @param alongside writes something in the transaction that stores the rule
   * @throws {PortunusError} the codes of spec `http-api.md` §11.2 N11–N14 and §11.4, in that order
   */
  async push(
    input: RuleInput,
    ownerId: string,
    ackTimeoutMs: number,
    alongside: (rule: StoredRule) => void = () => undefined,
  ): Promise<StoredRule> {
    const { registry, newId, logger } = this.#options;
    const session = input.clientId === undefined
      ? registry.readyByName(input.clientName)
      : registry.ready(input.clientId);
    this.#checkPush(input, session);
    if (!session) throw new PortunusError("client_not_connected", input.clientName);
    const rule = this.#insert(input, { session, ownerId, alongside });

    const requestId = newId();
    const log = { request_id: requestId, rule_id: `${rule.id}`, client_name: session.clientName };
    using ack = session.expectAck(requestId, rule.id, ackTimeoutMs);
    if (!await session.send(pushMessage(requestId, rule))) {
      this.#erase(rule);
      throw new PortunusError("client_not_connected", input.clientName);
    }
    logger.info("audit.rule_push", {
      outcome: "sent",
      ...log,
      listen_port: rule.listen.start,
      listen_port_end: rangeLength(rule.listen) > 1 ? `Some(${rule.listen.end})` : "None",
      range_size: rangeLength(rule.listen),
      target: `${rule.targetHost}:${formatRange(rule.targetPorts)}`,
    });
    return this.#settlePush(rule, await ack.result, log);
  }

  /**
   * Gives a running rule other caps, `null` for none: first here, then on its client. What the
   * client says of them does not change the rule's state.
   *
   * @throws {PortunusError} `rule_not_found`, the code of a capability gate, `client_not_connected`:
   * nothing has changed; `ack_timeout`, `activation_failed`: the caps are stored and go with the
   * next replay
   */
  async updateLimits(id: bigint, limits: RateLimit | null): Promise<StoredRule> {
    const { registry, newId, rules } = this.#options;
    const rule = this.#rules.get(id);
    if (!rule) throw new PortunusError("rule_not_found");
    const session = registry.ready(rule.clientId);
    if (!session) throw new PortunusError("client_not_connected", rule.clientName);
    const changed: StoredRule = { ...rule, limits };
    const refusal = gateForPush(changed, capabilitiesOf(session));
    if (refusal) throw refusal;
    rules.upsert(changed);
    this.#rules.set(id, changed);

    const requestId = newId();
    using ack = session.expectAck(requestId, id, RULES.ackTimeoutDefaultSecs * 1_000);
    if (!await session.send(pushMessage(requestId, changed))) {
      throw new PortunusError("client_not_connected", rule.clientName);
    }
    const result = await ack.result;
    if (result.kind !== "status") throw new PortunusError("ack_timeout");
    const state = stateFrom(result.status);
    if (state?.kind === "failed") throw new PortunusError("activation_failed", state.reason);
    return this.#rules.get(id) ?? changed;
  }

  /**
   * Erases a rule and tells its client, if it is connected; an absent client learns it from the
   * next replay.
   *
   * @throws {PortunusError} `rule_not_found`
   */
  async remove(id: bigint): Promise<void> {
    const rule = this.#rules.get(id);
    if (!rule) throw new PortunusError("rule_not_found");
    await this.removeAll([rule], () => undefined);
  }

  /**
   * Does what {@linkcode remove} does for several rules, all or none, in one transaction with what
   * `alongside` writes. Returns what that returns; when it throws, nothing has happened.
   */
  async removeAll<T>(doomed: readonly StoredRule[], alongside: () => T): Promise<T> {
    const removal = this.prepareRemoval(doomed);
    const result = this.#options.rules.transaction(() => {
      const result = alongside();
      removal.deleteRows();
      return result;
    });
    await removal.finish();
    return result;
  }

  /** A removal that is part of a transaction of somebody else. */
  prepareRemoval(doomed: readonly StoredRule[]): Removal {
    const { rules, belongings } = this.#options;
    const leaving = this.#owners.leavingWith(doomed);
    return {
      deleteRows() {
        for (const { id } of doomed) rules.remove(id);
        belongings.deleteStored(leaving);
      },
      finish: async () => {
        for (const rule of doomed) this.#forget(rule);
        const sent = doomed.map((rule) => this.#sendRemoval(rule));
        belongings.forget(leaving);
        await Promise.all(sent);
      },
    };
  }

  /** Calls `listener` after a rule is gone, whatever removed it. */
  onRemoval(listener: (rule: StoredRule) => void): void {
    this.#removalListeners.push(listener);
  }

  /** Follows a client that was renamed; the store has done so already. */
  renameClient(clientId: string, clientName: string): void {
    for (const rule of this.#rules.values()) {
      if (rule.clientId === clientId) this.#rules.set(rule.id, { ...rule, clientName });
    }
  }

  /** A status from a client: the answer somebody waits for, or news about a rule. */
  onStatus(session: Session, status: RuleStatus): void {
    if (session.acknowledge(status)) return;
    const log = {
      client_name: session.clientName,
      request_id: status.requestId,
      rule_id: status.ruleId,
    };
    const rule = this.#rules.get(status.ruleId);
    if (rule && rule.clientId !== session.clientId) {
      this.#options.logger.warn("client.rule_status_wrong_client", {
        ...log,
        rule_owner: rule.clientName,
      });
      return;
    }
    const state = stateFrom(status);
    if (rule && state) this.#setState(rule, state);
    else this.#options.logger.info("client.rule_status_unmatched", log);
  }

  /**
   * The rules to send to a client that has just connected, all pending from now on. Those it is
   * too old for become failed instead. Rules with an SNI pattern come first: 3.1.0 clients bind a
   * fallback rule as a plain one when it arrives before the routes of its port.
   */
  beginReplay(session: Session): readonly StoredRule[] {
    const client = capabilitiesOf(session);
    const mine = this.list().filter((rule) =>
      rule.clientId === session.clientId &&
      (rule.state.kind === "active" || rule.state.kind === "pending")
    );
    const changed = mine.map((rule) => {
      const refusal = gateForReplay(rule, client);
      const state = refusal ? failed(refusal.code) : PENDING;
      return { ...rule, state, updatedAt: this.#now() };
    });
    this.#remember(changed);
    const replayed = changed.filter(({ state }) => state.kind === "pending");
    return [
      ...replayed.filter((it) => it.sniPattern !== null),
      ...replayed.filter((it) => it.sniPattern === null),
    ];
  }

  /** Sends the replay, leaving out what was removed meanwhile. `false` when the session is over. */
  async sendReplay(session: Session, replay: readonly StoredRule[]): Promise<boolean> {
    for (const { id } of replay) {
      const rule = this.#rules.get(id);
      if (!rule) continue;
      const requestId = `${REPLAY_REQUEST_PREFIX}${this.#options.newId()}`;
      if (!await session.send(pushMessage(requestId, rule))) return false;
    }
    return true;
  }

  #checkPush({ clientName, draft }: RuleInput, session: Session | undefined): void {
    const client = {
      name: clientName,
      version: session?.version ?? null,
      protocols: session?.protocols ?? new Set(["tcp"] as const),
    };
    const refusal = gateForPush(draft, client);
    if (refusal) throw refusal;
    if (!session) throw new PortunusError("client_not_connected", clientName);
    const protocolRefusal = gateForProtocol(draft.protocol, client);
    if (protocolRefusal) throw protocolRefusal;
    checkRangePair(draft.listen, draft.targetPorts, this.#options.rangeMaxPorts);
    const siblings = this.#rules.values().filter((it) => it.clientId === session.clientId);
    const conflict = findConflict({ ...draft, clientName }, siblings);
    if (conflict) throw conflict;
  }

  #insert(
    { draft }: RuleInput,
    { session, ownerId, alongside }: {
      readonly session: Session;
      readonly ownerId: string;
      readonly alongside: (rule: StoredRule) => void;
    },
  ): StoredRule {
    const now = this.#now();
    const rule: StoredRule = {
      ...draft,
      id: this.#nextId,
      ownerId,
      clientId: session.clientId,
      clientName: session.clientName,
      state: PENDING,
      createdAt: now,
      updatedAt: now,
    };
    try {
      this.#options.rules.upsert(rule, () => alongside(rule));
    } catch (cause) {
      if (!(cause instanceof StoreError)) throw cause;
      // Only the class: SQLite's words name tables and files, and go to the log with the cause.
      throw new PortunusError("activation_failed", `persist_rule: ${cause.kind}`, { cause });
    }
    this.#nextId += 1n;
    this.#add(rule);
    return rule;
  }

  #settlePush(rule: StoredRule, ack: AckResult, log: Record<string, string>): StoredRule {
    const { logger } = this.#options;
    if (ack.kind !== "status") {
      logger.warn("audit.rule_push", {
        outcome: ack.kind === "lost" ? "ack_lost" : "ack_timeout",
        ...log,
      });
      throw new PortunusError("ack_timeout");
    }
    const state = stateFrom(ack.status);
    if (!state) throw new PortunusError("activation_failed", "unexpected_outcome");
    const settled = this.#setState(rule, state) ?? { ...rule, state };
    if (state.kind === "failed") {
      logger.warn("audit.rule_push", { outcome: "failed", ...log, reason: state.reason });
      throw new PortunusError("activation_failed", state.reason);
    }
    logger.info("audit.rule_push", { outcome: "activated", ...log });
    return settled;
  }

  #setState({ id }: StoredRule, state: RuleState): StoredRule | undefined {
    const rule = this.#rules.get(id);
    if (!rule) return undefined;
    const changed: StoredRule = { ...rule, state, updatedAt: this.#now() };
    this.#remember([changed]);
    return changed;
  }

  /** Memory first: what a client says of a rule counts even while the disk is full. */
  #remember(changed: readonly StoredRule[]): void {
    const { rules, logger } = this.#options;
    for (const rule of changed) this.#rules.set(rule.id, rule);
    try {
      rules.transaction(() => {
        for (const { id, state, updatedAt } of changed) rules.updateState(id, state, updatedAt);
      });
    } catch (error) {
      logger.warn("operator.store_error", { error: errorText(error) });
    }
  }

  #add(rule: StoredRule): void {
    this.#rules.set(rule.id, rule);
    this.#owners.add(rule);
  }

  #erase(rule: StoredRule): void {
    this.#options.rules.remove(rule.id);
    this.#forget(rule);
  }

  #forget(rule: StoredRule): void {
    if (this.#rules.delete(rule.id)) this.#owners.remove(rule);
    this.#options.onRemoved(rule);
    for (const listener of this.#removalListeners) listener(rule);
  }

  async #sendRemoval(rule: StoredRule): Promise<void> {
    const { registry, newId, logger } = this.#options;
    const requestId = newId();
    const log = { request_id: requestId, rule_id: `${rule.id}`, client_name: rule.clientName };
    const session = registry.ready(rule.clientId);
    if (session && !await session.send(removeMessage(requestId, rule))) {
      logger.warn("audit.rule_remove", { outcome: "client_unreachable", ...log });
    }
    logger.info("audit.rule_remove", { outcome: "success", ...log });
  }

  #now(): Temporal.Instant {
    return Temporal.Instant.fromEpochMilliseconds(this.#options.clock.now());
  }
}
