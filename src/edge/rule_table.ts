/**
 * The rules of an enrolled client: what the server asked for, what runs, and what to report.
 *
 * The table outlives control sessions. While the server is away its rules keep forwarding; when
 * it is back, its replay is applied as a difference: what is unchanged is not touched.
 *
 * @module
 */

import { stringifyJson } from "../core/json.ts";
import type { LogFields, Logger } from "../core/log.ts";
import { formatRange } from "../core/ports.ts";
import type { RuleSpec } from "../core/rule.ts";
import { CarriedCounters } from "../forward/carried_counters.ts";
import type { ForwarderCounters } from "../forward/counters.ts";
import type { Forwarder, UdpSettings } from "../forward/forwarder.ts";
import type { ClientState } from "./client_state.ts";
import { OwnerTable } from "./owner_table.ts";

/** What the client tells the server about a rule. `reason` only with `failed`. */
export interface RuleReport {
  readonly requestId: string;
  readonly ruleId: bigint;
  readonly outcome: "activated" | "failed" | "removed";
  readonly reason?: string;
}

/** Delivers a report to the server that is connected right now, if any. */
export type Reporter = (report: RuleReport) => Promise<void>;

interface Slot {
  spec: RuleSpec;
  /** Request id of the latest PUSH, echoed when the rule is removed by the client itself. */
  pushId: string;
  /** Set while a replay runs, until the server has named the rule again. */
  stale: boolean;
}

/** How a rule came in: a live command, or the replay that follows every connect. */
export type PushKind = "command" | "replay";

export class RuleTable {
  readonly #forwarder: Forwarder;
  /** How long the connections of a removed rule may go on, in milliseconds. */
  readonly drainMs: number;
  /** Caps and quotas of owners: they hold for rules of this table, and outlive them. */
  readonly owners: OwnerTable;
  /** What another process has counted for these rules. */
  readonly carried = new CarriedCounters();
  readonly #logger: Logger;
  readonly #slots = new Map<bigint, Slot>();
  readonly #draining = new Set<Promise<void>>();
  #report: Reporter = () => Promise.resolve();
  #onChange: () => void = () => undefined;
  #udp: UdpSettings | null = null;
  /** The tail of the operations: they run one after another, in the order they were asked for. */
  #tail: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly forwarder: Forwarder;
    readonly drainMs: number;
    readonly logger: Logger;
  }) {
    this.#forwarder = options.forwarder;
    this.drainMs = options.drainMs;
    this.#logger = options.logger;
    this.owners = new OwnerTable({
      limits: options.forwarder,
      logger: options.logger,
      onChange: () => this.#onChange(),
    });
  }

  /** Number of rules the server asked for that run. */
  get size(): number {
    return this.#slots.size;
  }

  /** Bounds the flows of rules that start from now on. */
  useUdp(settings: UdpSettings): void {
    this.#forwarder.setUdp(settings);
    this.#udp = settings;
    this.#onChange();
  }

  /** Calls `onChange` from now on when {@linkcode state} changes other than by traffic. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** What runs, and under which limits, as the server wants it. */
  state(): ClientState {
    return {
      udp: this.#udp,
      rules: [...this.#slots.values()].map(({ spec }) => spec),
      caps: this.owners.caps,
      quotas: this.owners.quotas,
    };
  }

  /** Takes up what an earlier run of this process did. A rule that cannot start is only logged. */
  async restore({ udp, rules, caps, quotas }: ClientState): Promise<void> {
    if (udp !== null) this.useUdp(udp);
    this.owners.restore(caps, quotas);
    // A rule without a pattern shares the port of those with one, but only once it is shared.
    const routed = rules.filter(({ sniPattern }) => sniPattern !== null);
    const plain = rules.filter(({ sniPattern }) => sniPattern === null);
    for (const spec of [...routed, ...plain]) await this.push("", spec, "replay");
  }

  /** What was counted for the rules, by a process whose place this one took, too. */
  counters(): ForwarderCounters {
    return this.carried.addTo(this.#forwarder.counters());
  }

  /** Resolves when what was asked for until now is done. */
  settled(): Promise<void> {
    return this.#serially(() => Promise.resolve());
  }

  /** Sends reports to `report` from now on; `null` drops them until the next session. */
  reportTo(report: Reporter | null): void {
    this.#report = report ?? (() => Promise.resolve());
  }

  /** Applies a PUSH and reports its outcome. */
  push(requestId: string, spec: RuleSpec, kind: PushKind): Promise<void> {
    return this.#serially(async () => {
      const slot = this.#slots.get(spec.id);
      if (slot && (kind === "command" || sameShape(slot.spec, spec))) {
        return await this.#keep(requestId, slot, spec);
      }
      if (slot) await this.#close(slot);
      await this.#open(requestId, spec);
    });
  }

  /** Reports a PUSH that could not be understood; a rule of that id stops. */
  refuse(requestId: string, ruleId: bigint, reason: string): Promise<void> {
    return this.#serially(async () => {
      const slot = this.#slots.get(ruleId);
      if (slot) await this.#close(slot);
      await this.#report({ requestId, ruleId, outcome: "failed", reason });
    });
  }

  /** Applies a REMOVE. The report does not wait for the drain; an unknown id is only logged. */
  remove(requestId: string, ruleId: bigint): Promise<void> {
    return this.#serially(async () => {
      const slot = this.#slots.get(ruleId);
      if (!slot) {
        this.#logger.warn("control.rule_remove_unknown", {
          request_id: requestId,
          rule_id: `${ruleId}`,
        });
        return;
      }
      await this.#close(slot);
      await this.#report({ requestId, ruleId, outcome: "removed" });
    });
  }

  /** Every rule, and what holds for owners, counts as unconfirmed until the replay names it. */
  beginReplay(): Promise<void> {
    return this.#serially(() => {
      this.owners.beginReplay();
      for (const slot of this.#slots.values()) slot.stale = true;
      return Promise.resolve();
    });
  }

  /** Stops the rules that the replay did not name: they were deleted while the server was away. */
  endReplay(): Promise<void> {
    return this.#serially(async () => {
      const stale = [...this.#slots.values()].filter((slot) => slot.stale);
      await Promise.all(stale.map((slot) => this.#close(slot)));
    });
  }

  /** Stops every rule, reports each, and resolves when all connections have ended or were cut. */
  async closeAll(): Promise<void> {
    await this.#serially(async () => {
      const slots = [...this.#slots.values()];
      // All of them at once, even while the server is slow to take the reports.
      await Promise.all(slots.map((slot) => this.#close(slot)));
      for (const slot of slots) {
        await this.#report({ requestId: slot.pushId, ruleId: slot.spec.id, outcome: "removed" });
      }
    });
    await Promise.all(this.#draining);
  }

  /** A rule that runs already: nothing but its caps can change. */
  async #keep(requestId: string, slot: Slot, spec: RuleSpec): Promise<void> {
    const outcome = this.#forwarder.setLimits(spec.id, spec.limits);
    slot.pushId = requestId;
    slot.stale = false;
    if (outcome.ok) {
      slot.spec = { ...slot.spec, limits: spec.limits };
      this.#onChange();
    }
    await this.#report(
      outcome.ok
        ? { requestId, ruleId: spec.id, outcome: "activated" }
        : { requestId, ruleId: spec.id, outcome: "failed", reason: outcome.reason },
    );
  }

  async #open(requestId: string, spec: RuleSpec): Promise<void> {
    const outcome = await this.#forwarder.open(spec);
    if (!outcome.ok) {
      this.#logger.warn("rule.failed", {
        rule_id: `${spec.id}`,
        listen_port: spec.listen.start,
        listen_port_end: spec.listen.end,
        reason: outcome.reason,
      });
      await this.#report({ requestId, ruleId: spec.id, outcome: "failed", reason: outcome.reason });
      return;
    }
    this.#slots.set(spec.id, { spec, pushId: requestId, stale: false });
    this.#onChange();
    this.#logger.info("rule.activated", {
      rule_id: `${spec.id}`,
      listen_port: spec.listen.start,
      listen_port_end: spec.listen.end,
      range_size: spec.listen.end - spec.listen.start + 1,
      ...targetFields(spec),
    });
    await this.#report({ requestId, ruleId: spec.id, outcome: "activated" });
  }

  /** Resolves when the rule's ports are free again: nobody is told before. */
  async #close(slot: Slot): Promise<void> {
    this.#slots.delete(slot.spec.id);
    this.carried.forget(slot.spec.id);
    this.#onChange();
    const closing = this.#forwarder.close(slot.spec.id, this.drainMs);
    const drained = closing.drained.finally(() => this.#draining.delete(drained));
    this.#draining.add(drained);
    await closing.released;
    this.#logger.info("rule.removed", { rule_id: `${slot.spec.id}` });
  }

  #serially(operation: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(operation);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

/** Where a rule leads, as `rule.activated` tells it. */
function targetFields({ protocol, targets, targetHost, targetPorts }: RuleSpec): LogFields {
  const about = protocol === "udp" ? { protocol } : {};
  if (targets.length === 0) {
    return { ...about, target: `${targetHost}:${formatRange(targetPorts)}` };
  }
  const list = targets.map(({ host, port }) => `"${host}:${port}"`).join(", ");
  return {
    ...about,
    target_count: targets.length,
    ...(protocol === "tcp" && { targets: `[${list}]` }),
  };
}

/** Whether two rules differ in nothing but their caps, which can change while a rule runs. */
function sameShape(a: RuleSpec, b: RuleSpec): boolean {
  return stringifyJson({ ...a, limits: null }) === stringifyJson({ ...b, limits: null });
}
