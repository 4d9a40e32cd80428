import type { TrafficPolicy } from "../policy/traffic_policy.ts";
import type { Environment } from "./environment.ts";
import type { LogGate } from "./log_gate.ts";
import type { RuleTargets } from "./rule_targets.ts";

/** What all connections of a TCP rule share. */
export interface TcpContext {
  readonly ruleId: bigint;
  readonly preferIpv6: boolean;
  readonly environment: Environment;
  readonly targets: RuleTargets;
  /** Whether there is a list of targets, which fail over. */
  readonly isListed: boolean;
  readonly policy: TrafficPolicy;
  readonly warnings: LogGate;
  dnsFailures: number;
}

/** What the connections of one listen port share. */
export interface TcpPort {
  readonly listenPort: number;
  /** The port of a target without a list. */
  readonly targetPort: number;
  readonly context: TcpContext;
  bytesIn: number;
  bytesOut: number;
  activeConnections: number;
  /** Those on fast paths, as last counted. */
  fastConnections: number;
}
