/**
 * Active health checks: TCP connections to the targets of a rule, closed at once.
 *
 * @module
 */

import { sleep } from "../../core/clock.ts";
import { errorText } from "../../core/errors.ts";
import { FAILOVER } from "../../core/limits.ts";
import type { LogFields } from "../../core/log.ts";
import { dial, type DialContext } from "./dial.ts";

/** A target that is probed. */
export interface ProbedTarget {
  /** Place in the rule's `targets`, from 0. */
  readonly index: number;
  /** IPv4, `[IPv6]` or a host name. */
  readonly host: string;
  readonly port: number;
  /** Told the outcome of each probe. */
  probed(ok: boolean): void;
}

/** What a rule's probes need. */
export interface ProbeOptions {
  readonly ruleId: bigint;
  readonly preferIpv6: boolean;
  /** Probed in turn. */
  readonly targets: readonly ProbedTarget[];
  /** From one probe to the next, whichever target has its turn. */
  readonly intervalMs: number;
  readonly context: DialContext;
  /** Ends the probing. */
  readonly signal: AbortSignal;
}

/**
 * Probes one target after another, the first one now, until `signal` is aborted. A probe that
 * takes longer than the interval delays the next. Resolves, never rejects, when no probe runs.
 */
export async function probeTargets(options: ProbeOptions): Promise<void> {
  const { targets, intervalMs, context: { clock }, signal } = options;
  for (let turn = 0; !signal.aborted; turn++) {
    const target = targets[turn % targets.length];
    if (target === undefined) return;
    const startedAt = clock.monotonic();
    await probe(target, options);
    const pause = Math.max(0, intervalMs - (clock.monotonic() - startedAt));
    await sleep(clock, pause, signal).catch(() => undefined);
  }
}

async function probe(target: ProbedTarget, options: ProbeOptions): Promise<void> {
  const { context, ruleId, preferIpv6, signal } = options;
  const deadline = new AbortController();
  const onAbort = () => deadline.abort(signal.reason);
  signal.addEventListener("abort", onAbort);
  let isLate = false;
  using _timer = context.clock.timer(FAILOVER.probeTimeoutMs, () => {
    isLate = true;
    deadline.abort(new Error("probe timeout"));
  });
  try {
    const { host, port } = target;
    const { socket } = await dial({ ruleId, host, port, preferIpv6 }, context, deadline.signal);
    socket[Symbol.dispose]();
    if (signal.aborted) return;
    target.probed(true);
    log("debug", "rule.target.probe_ok", { target, options });
  } catch (error) {
    if (signal.aborted) return;
    target.probed(false);
    if (isLate) {
      const extra = { timeout_secs: FAILOVER.probeTimeoutMs / 1_000 };
      log("warn", "rule.target.probe_timeout", { target, options, extra });
    } else {
      log("warn", "rule.target.probe_failed", {
        target,
        options,
        extra: { error: errorText(error) },
      });
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function log(
  level: "debug" | "warn",
  event: string,
  { target, options: { ruleId, context }, extra }: {
    readonly target: ProbedTarget;
    readonly options: ProbeOptions;
    readonly extra?: LogFields;
  },
): void {
  context.logger.log(level, event, {
    rule_id: `${ruleId}`,
    target_index: target.index,
    target_host: target.host,
    target_port: target.port,
    ...extra,
  });
}
