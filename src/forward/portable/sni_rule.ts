import type { RateLimit } from "../../core/rate_limit.ts";
import type { RuleCounters } from "../counters.ts";
import type { OpenOutcome } from "../forwarder.ts";
import type { MatchKind } from "../sni/route_table.ts";
import type { Socket } from "./net.ts";
import type { RunningRule } from "./running_rule.ts";
import type { SniMember, SniPort } from "./sni_port.ts";
import type { TcpRule } from "./tcp_rule.ts";

/** A TCP rule whose connections come from a port that it shares. */
export class SniRule implements RunningRule, SniMember {
  readonly ruleId: bigint;
  readonly pattern: string | null;
  readonly #rule: TcpRule;
  readonly #port: SniPort;
  readonly #released = Promise.withResolvers<void>();
  readonly released: Promise<void> = this.#released.promise;
  readonly #routed: Record<MatchKind, number> = { exact: 0, wildcard: 0, fallback: 0 };
  #hasLeft = false;

  /** Joins `port`. @throws {TypeError} when another rule has the pattern */
  constructor(
    { ruleId, pattern }: Pick<SniMember, "ruleId" | "pattern">,
    rule: TcpRule,
    port: SniPort,
  ) {
    this.ruleId = ruleId;
    this.pattern = pattern;
    this.#rule = rule;
    this.#port = port;
    port.join(this);
  }

  take(inbound: Socket, preRead: Uint8Array, kind: MatchKind): void {
    if (this.#hasLeft) return inbound[Symbol.dispose]();
    this.#routed[kind] += 1;
    this.#rule.take(inbound, this.#port.listenPort, preRead);
  }

  counters(): RuleCounters {
    const { exact, wildcard, fallback } = this.#routed;
    const sniRoutes = {
      exact: BigInt(exact),
      wildcard: BigInt(wildcard),
      fallback: BigInt(fallback),
    };
    return { ...this.#rule.counters(), sniRoutes };
  }

  setLimits(limits: RateLimit | null): OpenOutcome {
    return this.#rule.setLimits(limits);
  }

  async retire(): Promise<void> {
    await this.#port.retire();
  }

  async close(drainMs: number): Promise<void> {
    if (!this.#hasLeft) {
      this.#hasLeft = true;
      this.#released.resolve(this.#port.leave(this));
    }
    await Promise.all([this.released, this.#rule.close(drainMs)]);
  }
}
