/**
 * Time as a parameter. Real implementations live in `system/clock.ts`; tests pass a fake one.
 *
 * @module
 */

/** A source of time. Every delay in Portunus goes through one. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary origin. Never goes backwards. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds. Disposing the handle before then cancels it. */
  timer(ms: number, fn: () => void): Disposable;
}

/**
 * Resolves after `ms` milliseconds of `clock`.
 *
 * @throws the signal's reason when `signal` is, or becomes, aborted
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal?.aborted) {
    reject(signal.reason);
    return promise;
  }
  const onAbort = () => {
    timer[Symbol.dispose]();
    reject(signal?.reason);
  };
  const timer = clock.timer(ms, () => {
    signal?.removeEventListener("abort", onAbort);
    resolve();
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  return promise;
}
