/**
 * The targets of a rule, and how they fare.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import type { LogFields, Logger } from "../../core/log.ts";
import type { ProxyVersion, RuleSpec, RuleTarget } from "../../core/rule.ts";
import type { TargetCounters } from "../counters.ts";
import { attemptOrder, byPriority } from "../policy/attempt_order.ts";
import { type Health, TargetHealth } from "../policy/target_health.ts";
import type { ProbedTarget } from "./target_prober.ts";

/** Somewhere that connections and flows may go. */
export interface TrackedTarget {
  /** Place in the rule's `targets`, from 0; `null` for the one target of a rule without a list. */
  readonly index: number | null;
  /** IPv4, `[IPv6]` or a host name. */
  readonly host: string;
  readonly port: number;
  /** The PROXY header sent first on each TCP connection, if any. */
  readonly proxyProtocol: ProxyVersion | null;
  readonly isHealthy: boolean;
  /** A connection or flow goes there, or several do. */
  dialed(count?: number): void;
  /** None can go there. */
  failed(): void;
  /** The system said that nobody takes the datagrams of a flow. */
  refused(): void;
  /** A flow got its first reply. */
  answered(): void;
  /** Payload was delivered. */
  countIn(bytes: number): void;
  countOut(bytes: number): void;
}

/** All targets of a rule. */
export interface RuleTargets {
  /** The targets for what comes in on a listen port with `targetPort`, the first to try first. */
  order(targetPort: number): readonly TrackedTarget[];
  readonly failovers: bigint;
  /** Called when the health of a target changes, which changes the order. */
  onChange: (() => void) | null;
  /** Those that health checks are for. */
  readonly probed: readonly ProbedTarget[];
  counters(): readonly TargetCounters[];
}

/** The target of a rule without a list; its ports follow the listen ports. */
export class SingleTarget implements RuleTargets {
  readonly failovers = 0n;
  onChange: (() => void) | null = null;
  readonly probed = [];
  readonly #host: string;
  /** By target port: connections keep theirs as long as they live. */
  readonly #targets = new Map<number, readonly TrackedTarget[]>();

  constructor(host: string) {
    this.#host = host;
  }

  order(targetPort: number): readonly TrackedTarget[] {
    const known = this.#targets.get(targetPort);
    if (known !== undefined) return known;
    const targets = [untracked(this.#host, targetPort)];
    this.#targets.set(targetPort, targets);
    return targets;
  }

  counters(): readonly TargetCounters[] {
    return [];
  }
}

function untracked(host: string, port: number): TrackedTarget {
  const nothing = () => {};
  return {
    index: null,
    host,
    port,
    proxyProtocol: null,
    isHealthy: true,
    dialed: nothing,
    failed: nothing,
    refused: nothing,
    answered: nothing,
    countIn: nothing,
    countOut: nothing,
  };
}

/** The targets of a rule with a list. */
export class ListedTargets implements RuleTargets {
  /** In the order they were given. */
  readonly #targets: readonly ListedTarget[];
  readonly #byPriority: readonly ListedTarget[];
  readonly #logger: Logger;
  #failovers = 0;
  onChange: (() => void) | null = null;

  constructor(
    { id: ruleId, targets }: Pick<RuleSpec, "id" | "targets">,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#logger = logger;
    this.#targets = targets.map((target, index) => {
      const about = {
        rule_id: `${ruleId}`,
        target_index: index,
        target_host: target.host,
        target_port: target.port,
      };
      const health = new TargetHealth(
        clock,
        (to, consecutiveFailures) =>
          this.#healthChanged(to, { ...about, consecutive_failures: consecutiveFailures }),
      );
      return new ListedTarget(target, index, health);
    });
    this.#byPriority = byPriority(this.#targets);
  }

  get failovers(): bigint {
    return BigInt(this.#failovers);
  }

  get probed(): readonly ProbedTarget[] {
    return this.#targets;
  }

  order(): readonly TrackedTarget[] {
    return attemptOrder(this.#byPriority);
  }

  counters(): readonly TargetCounters[] {
    return this.#targets.map((target) => target.counters());
  }

  #healthChanged(to: Health, fields: LogFields): void {
    this.#failovers += 1;
    const event = "rule.target.health_changed";
    if (to === "failed") {
      this.#logger.warn(event, { ...fields, from: "Healthy", to: "Failed" });
    } else {
      const { consecutive_failures: _, ...about } = fields;
      this.#logger.info(event, { ...about, from: "Failed", to: "Healthy" });
    }
    this.onChange?.();
  }
}

class ListedTarget implements TrackedTarget, ProbedTarget {
  readonly index: number;
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly proxyProtocol: ProxyVersion | null;
  readonly #health: TargetHealth;
  /** Whether a flow was refused since the last reply: then sending alone proves nothing. */
  #isDoubted = false;
  #bytesIn = 0;
  #bytesOut = 0;
  #accepted = 0;

  constructor(target: RuleTarget, index: number, health: TargetHealth) {
    this.index = index;
    this.host = target.host;
    this.port = target.port;
    this.priority = target.priority;
    this.proxyProtocol = target.proxyProtocol;
    this.#health = health;
  }

  get health(): Health {
    return this.#health.state;
  }

  get isHealthy(): boolean {
    return this.health === "healthy";
  }

  dialed(count = 1): void {
    this.#accepted += count;
    if (!this.#isDoubted) this.#health.succeeded();
  }

  failed(): void {
    this.#health.failed();
  }

  refused(): void {
    this.#isDoubted = true;
    this.#health.failed();
  }

  answered(): void {
    this.#isDoubted = false;
    this.#health.succeeded();
  }

  probed(ok: boolean): void {
    if (ok) this.#health.succeeded();
    else this.#health.failed();
  }

  countIn(bytes: number): void {
    this.#bytesIn += bytes;
  }

  countOut(bytes: number): void {
    this.#bytesOut += bytes;
  }

  counters(): TargetCounters {
    const { state, consecutiveFailures, lastFailureAtMs, lastSuccessAtMs } = this.#health;
    return {
      index: this.index,
      host: this.host,
      port: this.port,
      priority: this.priority,
      health: state,
      consecutiveFailures,
      lastFailureAtMs,
      lastSuccessAtMs,
      bytesIn: BigInt(this.#bytesIn),
      bytesOut: BigInt(this.#bytesOut),
      connectionsAccepted: BigInt(this.#accepted),
    };
  }
}
