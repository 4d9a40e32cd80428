/**
 * Hosts for which no certificate could be issued, and when each is tried again.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { CERTIFICATES } from "../../core/publish_limits.ts";
import { type Random, randomInteger } from "../../system/random.ts";
import { AcmeProblem } from "./acme/problem.ts";

/** Times are milliseconds since the Unix epoch. */
export interface Failure {
  /** How many there were in a row. */
  readonly count: number;
  readonly message: string;
  readonly nextAttempt: number;
  /** Until when the authority asked to be left alone about this host; 0 when it did not. */
  readonly heldUntil: number;
}

export class Failures {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #failures = new Map<string, Failure>();
  /** Until when no host is tried by itself: the authority answered with a rate limit. */
  #pausedUntil = 0;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  get(host: string): Failure | undefined {
    return this.#failures.get(host);
  }

  /** When `host` may be tried by itself: in the past for one that did not fail. */
  nextAttempt(host: string): number {
    return Math.max(this.#failures.get(host)?.nextAttempt ?? 0, this.#pausedUntil);
  }

  clear(host: string): void {
    this.#failures.delete(host);
  }

  /** Forgets all hosts but `hosts`; returns those it forgot. */
  clearExcept(hosts: ReadonlySet<string>): string[] {
    const others = [...this.#failures.keys()].filter((host) => !hosts.has(host));
    for (const host of others) this.#failures.delete(host);
    return others;
  }

  /** Counts a failure. Tries are an hour apart, then two, up to a day, or as the authority asks. */
  add(host: string, error: unknown): Failure {
    const now = this.#clock.now();
    const count = (this.#failures.get(host)?.count ?? 0) + 1;
    const problem = error instanceof AcmeProblem ? error : null;
    const heldMs = problem?.retryAfterMs ?? 0;
    const failure = {
      count,
      message: messageOf(error),
      nextAttempt: now + Math.max(this.#backoffMs(count), heldMs),
      heldUntil: heldMs === 0 ? 0 : now + heldMs,
    };
    this.#failures.set(host, failure);
    if (problem?.type === "rateLimited") {
      const pauseMs = Math.min(heldMs, CERTIFICATES.holdMaxMs);
      this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs);
    }
    return failure;
  }

  #backoffMs(count: number): number {
    const { retryFirstMs, retryMaxMs } = CERTIFICATES;
    const ms = Math.min(retryFirstMs * 2 ** Math.min(count - 1, 10), retryMaxMs);
    return ms + randomInteger(this.#random, ms / 10);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
