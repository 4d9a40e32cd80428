/**
 * What the flows of a UDP rule share.
 *
 * @module
 */

import type { RuleError } from "../counters.ts";
import type { QueueBudget } from "./datagram_queue.ts";
import type { UdpEnvironment } from "./environment.ts";
import type { LogGate } from "./log_gate.ts";
import type { TrafficPolicy } from "../policy/traffic_policy.ts";
import type { RuleTargets } from "./rule_targets.ts";

/** Counters of one listen port. */
export interface UdpPort {
  readonly listenPort: number;
  /** The target's port for it; rules with a list of targets have one port for all. */
  readonly targetPort: number;
  bytesIn: number;
  bytesOut: number;
  datagramsIn: number;
  datagramsOut: number;
}

/** A rule as its flows see it. */
export interface UdpContext {
  readonly ruleId: bigint;
  readonly preferIpv6: boolean;
  readonly environment: UdpEnvironment;
  /** Bounds what all flows together keep while their targets are looked up. */
  readonly queueBudget: QueueBudget;
  readonly targets: RuleTargets;
  readonly policy: TrafficPolicy;
  readonly errors: Record<RuleError, number>;
  readonly warnings: LogGate;
  dnsFailures: number;
  /** Aborted when the rule ends. */
  readonly closing: AbortSignal;
}
