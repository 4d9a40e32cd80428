/**
 * When sessions and credentials were used last: written at most once a minute each, beside the
 * request and as well as it goes, and remembered here in between.
 *
 * @module
 */

import { SHARED_IDENTITY } from "../core/limits.ts";

/** Writes that something was used at `at`. */
export type WriteTouch = (key: string, at: Temporal.Instant) => Promise<void>;

interface Touch {
  readonly used: Temporal.Instant;
  readonly written: Temporal.Instant;
}

export class Touches implements AsyncDisposable {
  readonly #write: WriteTouch;
  readonly #touches = new Map<string, Touch>();
  readonly #writing = new Set<Promise<void>>();

  constructor(write: WriteTouch) {
    this.#write = write;
  }

  /** The last use of `key`, of which the database knows `stored`. */
  latest<T extends Temporal.Instant | null>(key: string, stored: T): T | Temporal.Instant {
    const used = this.#touches.get(key)?.used;
    if (used === undefined) return stored;
    return stored !== null && Temporal.Instant.compare(stored, used) > 0 ? stored : used;
  }

  /** Records that `key` was used, of which the database knows `stored`. */
  touch(key: string, stored: Temporal.Instant | null, now: Temporal.Instant): void {
    const before = this.#touches.get(key)?.written ?? null;
    const known = [stored, before].filter((it) => it !== null);
    const due = known.every((it) =>
      now.epochMilliseconds - it.epochMilliseconds >= SHARED_IDENTITY.touchIntervalSecs * 1_000
    );
    this.#touches.delete(key);
    this.#touches.set(key, { used: now, written: due ? now : before ?? stored ?? now });
    const [oldest] = this.#touches.keys();
    if (this.#touches.size > SHARED_IDENTITY.touchesMax && oldest !== undefined) {
      this.#touches.delete(oldest);
    }
    if (!due) return;
    const writing = this.#write(key, now).catch(() => undefined).finally(() =>
      this.#writing.delete(writing)
    );
    this.#writing.add(writing);
  }

  /** Waits for what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#writing);
  }
}
