import { type Clock, sleep } from "../../core/clock.ts";
import { FORWARD } from "../../core/limits.ts";
import type { Direction } from "../policy/meter.ts";
import type { TrafficPolicy } from "../policy/traffic_policy.ts";

/**
 * Waits until `bytes` may pass in `direction`, under the owner's cap and then the rule's. Caps are
 * looked at again every tenth of a second: one that was raised or lifted does not have to be slept
 * out.
 *
 * @throws the signal's reason, once `signal` is aborted
 */
export async function throttle(
  policy: TrafficPolicy,
  { direction, bytes, clock, signal }: {
    readonly direction: Direction;
    readonly bytes: number;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  for (const limiter of policy.limiters) {
    while (true) {
      const micros = limiter.acquire(direction, bytes);
      if (micros === 0) break;
      const pauseMs = Math.min(Math.ceil(micros / 1_000), FORWARD.throttleSleepMaxMs);
      const startedAt = clock.monotonic();
      await sleep(clock, pauseMs, signal);
      limiter.throttled(direction, Math.round((clock.monotonic() - startedAt) * 1_000));
    }
  }
}
