/**
 * The rules of the file and the data plane: the former are made true of the latter, by their
 * difference.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import type { Logger } from "../core/log.ts";
import { rangeLength } from "../core/ports.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import type { FileRule } from "./config.ts";

/** A rule that the data plane would not take. */
export interface RuleFailure {
  readonly rule: FileRule;
  readonly reason: string;
}

/** What applying a file did. */
export interface Applied {
  readonly added: number;
  /** Closed and opened again, because more than their caps is different. */
  readonly changed: number;
  /** Only their caps are different: they went on with the new ones. */
  readonly recapped: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly failures: readonly RuleFailure[];
}

/** The rules that run. */
export class RuleSet {
  readonly #forwarder: Forwarder;
  readonly #logger: Logger;
  readonly #running = new Map<bigint, RunningRule>();

  constructor({ forwarder, logger }: { readonly forwarder: Forwarder; readonly logger: Logger }) {
    this.#forwarder = forwarder;
    this.#logger = logger;
  }

  /** Rules that run, in the order of the file. */
  get rules(): readonly FileRule[] {
    return [...this.#running.values()].map(({ rule }) => rule);
  }

  /**
   * Runs exactly `rules`. Those that stay the same are not touched. All that ends gives up its
   * ports before anything is opened, so that rules can swap them. Calls must not overlap.
   *
   * @param drainMs how long connections of rules that end may go on
   */
  async apply(rules: readonly FileRule[], drainMs: number): Promise<Applied> {
    const wanted = new Map(rules.map((rule) => [rule.spec.id, planned(rule, rules)]));
    const ending = [...this.#running.values()].filter(({ rule }) => {
      const next = wanted.get(rule.spec.id);
      return next === undefined || !this.#continues(next);
    });
    const removed = ending.filter(({ rule }) => !wanted.has(rule.spec.id)).length;
    await Promise.all(ending.map(({ rule }) => this.#close(rule, drainMs)));

    const failures: RuleFailure[] = [];
    let recapped = 0;
    let unchanged = 0;
    for (const [id, next] of wanted) {
      const now = this.#running.get(id);
      if (now === undefined) continue;
      if (sameCaps(now.rule, next.rule)) {
        unchanged++;
        this.#running.set(id, next);
      } else if (this.#recap(next, failures)) recapped++;
    }
    // A port that is shared by server name takes a rule without one only when it is shared already.
    const opening = [...wanted.values()].filter(({ rule }) => !this.#running.has(rule.spec.id))
      .toSorted((a, b) =>
        Number(b.rule.spec.sniPattern !== null) - Number(a.rule.spec.sniPattern !== null)
      );
    for (const next of opening) await this.#open(next, failures);
    this.#sortLike(rules);
    return {
      added: opening.length - (ending.length - removed),
      changed: ending.length - removed,
      recapped,
      removed,
      unchanged,
      failures,
    };
  }

  /** Whether what runs under the rule's id can go on as `next`, if need be with other caps. */
  #continues(next: RunningRule): boolean {
    const now = this.#running.get(next.rule.spec.id);
    return now !== undefined && isDeepStrictEqual(identity(now), identity(next));
  }

  async #close({ name, spec }: FileRule, drainMs: number): Promise<void> {
    this.#running.delete(spec.id);
    const { released, drained } = this.#forwarder.close(spec.id, drainMs);
    void drained.then(() => this.#logger.info("rule.removed", label(name, spec.id)));
    await released;
  }

  async #open(next: RunningRule, failures: RuleFailure[]): Promise<void> {
    const { spec, udp, name } = next.rule;
    this.#forwarder.setUdp(udp);
    const outcome = await this.#forwarder.open(spec);
    if (!outcome.ok) {
      failures.push({ rule: next.rule, reason: outcome.reason });
      return;
    }
    this.#running.set(spec.id, next);
    this.#logger.info("rule.activated", {
      ...label(name, spec.id),
      listen_port: spec.listen.start,
      listen_port_end: spec.listen.end,
      range_size: rangeLength(spec.listen),
    });
  }

  #recap(next: RunningRule, failures: RuleFailure[]): boolean {
    const { spec } = next.rule;
    const outcome = this.#forwarder.setLimits(spec.id, spec.limits);
    if (outcome.ok) this.#running.set(spec.id, next);
    else failures.push({ rule: next.rule, reason: outcome.reason });
    return outcome.ok;
  }

  #sortLike(rules: readonly FileRule[]): void {
    for (const { spec: { id } } of rules) {
      const running = this.#running.get(id);
      if (running === undefined) continue;
      this.#running.delete(id);
      this.#running.set(id, running);
    }
  }
}

interface RunningRule {
  readonly rule: FileRule;
  /** Whether its port is shared by server name, which decides what kind of listener it needs. */
  readonly sharesPort: boolean;
}

function planned(rule: FileRule, all: readonly FileRule[]): RunningRule {
  const { protocol, listen } = rule.spec;
  const sharesPort = protocol === "tcp" &&
    all.some(({ spec }) =>
      spec.sniPattern !== null && spec.listen.start === listen.start &&
      spec.listen.end === listen.end
    );
  return { rule, sharesPort };
}

/** Everything that cannot change while a rule runs. */
function identity({ rule, sharesPort }: RunningRule): unknown {
  return { ...rule, spec: { ...rule.spec, limits: null }, sharesPort };
}

const sameCaps = (a: FileRule, b: FileRule): boolean =>
  isDeepStrictEqual(a.spec.limits, b.spec.limits);

/** How log lines name a rule. */
export function label(name: string, id: bigint): { rule_id: string; rule_name: string } {
  return { rule_id: String(id), rule_name: name };
}
