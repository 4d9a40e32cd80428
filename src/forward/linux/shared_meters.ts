/**
 * The meters of an engine, on the main thread: it alone refills them, by its clock.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { type MeterCalls, Meters, METERS_MAX } from "./meters.ts";
import { SharedMeter } from "./shared_meter.ts";

/** How often tokens come in while any are taken, at most and at least. */
const TICK_MS = { max: 20, min: 1 } as const;

export class SharedMeters implements MeterCalls, Disposable {
  readonly memory = Meters.allocate();
  readonly #meters = new Meters(this.memory);
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #bySlot = new Map<number, SharedMeter>();
  readonly #freeSlots: number[] = [];
  /** Those that tokens are taken from. */
  readonly #spending = new Set<SharedMeter>();
  #tick: Disposable | null = null;
  #tickedAt = 0;

  /** @param changed called when who waits for tokens may have to wait no longer */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** @throws {RangeError} when there are too many */
  readonly create = (): SharedMeter => {
    const slot = this.#freeSlots.pop() ?? this.#bySlot.size;
    if (slot >= METERS_MAX) throw new RangeError(`More than ${METERS_MAX} rules and owners`);
    const dispose = () => this.#forget(meter);
    const meter = new SharedMeter(slot, this.#meters, { changed: this.#changed, dispose });
    this.#bySlot.set(slot, meter);
    return meter;
  };

  spending(slot: number): void {
    const meter = this.#bySlot.get(slot);
    if (meter === undefined) return;
    if (this.#tick === null) this.#tickedAt = this.#clock.monotonic();
    this.#spending.add(meter);
    // Tokens that came in while nobody looked.
    if (meter.refill(0)) this.#changed();
    this.#arm();
  }

  low(slot: number): void {
    this.#bySlot.get(slot)?.low();
  }

  /** Buckets that hold little have to be refilled more often, or their rate is not reached. */
  #arm(): void {
    if (this.#tick !== null || this.#spending.size === 0) return;
    const fillMs = Math.min(...[...this.#spending].map((meter) => meter.fillMs));
    const ms = Math.max(TICK_MS.min, Math.min(TICK_MS.max, Math.floor(fillMs / 2)));
    this.#tick = this.#clock.timer(ms, () => this.#ticked());
  }

  #ticked(): void {
    this.#tick = null;
    const now = this.#clock.monotonic();
    const micros = Math.round((now - this.#tickedAt) * 1_000);
    this.#tickedAt = now;
    let isAwaited = false;
    for (const meter of [...this.#spending]) {
      const hasWaiting = meter.refill(micros);
      isAwaited ||= hasWaiting;
      if (!hasWaiting && meter.rest()) this.#spending.delete(meter);
    }
    if (isAwaited) this.#changed();
    this.#arm();
  }

  /** Refills nothing any more. */
  [Symbol.dispose](): void {
    this.#spending.clear();
    this.#tick?.[Symbol.dispose]();
    this.#tick = null;
  }

  #forget(meter: SharedMeter): void {
    this.#spending.delete(meter);
    this.#bySlot.delete(meter.slot);
    this.#freeSlots.push(meter.slot);
  }
}
