/**
 * How much each source may be read, and which sources wait for tokens.
 *
 * @module
 */

import type { Direction } from "../policy/meter.ts";
import type { MeterTaker } from "./meter_taker.ts";
import type { SessionTable } from "./session_table.ts";
import { ENDED, OUTSIDE, WAITING } from "./socket_states.ts";

/**
 * Tokens are taken before a read, so that what has to wait waits in the kernel, where it slows its
 * sender down; those that the read had no bytes for are given back.
 */
export class Allowances {
  readonly #table: SessionTable;
  readonly #meters: MeterTaker;
  /** Sources that wait for tokens, in the order they came. */
  #waiting: number[] = [];
  /** Whether meters were asked for the read under way. */
  #isMetered = false;

  constructor(table: SessionTable, meters: MeterTaker) {
    this.#table = table;
    this.#meters = meters;
  }

  /** Whether the quota of an owner is used up. */
  isExhausted(owner: number): boolean {
    return this.#meters.isExhausted(owner);
  }

  /**
   * How much may be read from `fd` now, up to `most` bytes. With 0 the state of `fd` says why: it
   * is waiting, or the quota has ended its stream.
   */
  ask(fd: number, most: number): number {
    const rule = this.#table.at(this.#table.ruleMeter, fd);
    const owner = this.#table.at(this.#table.ownerMeter, fd);
    this.#isMetered = this.#meters.isActive(rule) || this.#meters.isActive(owner);
    if (!this.#isMetered) return most;
    if (this.#meters.isExhausted(owner)) {
      this.#table.states.set(fd, ENDED);
      return 0;
    }
    const direction = this.#direction(fd);
    const budget = Math.min(most, this.#meters.budget(owner));
    const ofOwner = this.#meters.take(owner, direction, budget);
    if (ofOwner === 0) return this.#wait(fd, owner) ? 0 : this.ask(fd, most);
    const room = this.#meters.take(rule, direction, ofOwner);
    this.#meters.giveBack(owner, direction, ofOwner - room);
    if (room > 0) return room;
    return this.#wait(fd, rule) ? 0 : this.ask(fd, most);
  }

  /**
   * Settles for `room` what was read of it. What the quota does not cover is not to pass, and ends
   * the stream.
   *
   * @returns whether it may pass
   */
  settle(fd: number, room: number, count: number): boolean {
    if (!this.#isMetered) return true;
    const owner = this.#table.at(this.#table.ownerMeter, fd);
    const direction = this.#direction(fd);
    const unused = room - Math.max(0, count);
    this.#meters.giveBack(owner, direction, unused);
    this.#meters.giveBack(this.#table.at(this.#table.ruleMeter, fd), direction, unused);
    if (count <= 0 || this.#meters.spend(owner, count)) return true;
    this.#table.states.set(fd, ENDED);
    return false;
  }

  /** Calls `retry` with everybody who waits, and waits no longer. */
  refilled(retry: (fd: number) => void): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fd of waiting) {
      // The bit is cleared when a session ends: who reuses the descriptor is not meant.
      if (!this.#table.states.has(fd, WAITING)) continue;
      this.forget(fd);
      retry(fd);
    }
  }

  /** Waits no longer, if it did. */
  forget(fd: number): void {
    if (!this.#table.states.has(fd, WAITING)) return;
    this.#table.states.clear(fd, WAITING);
    this.#meters.waits(this.#table.at(this.#table.awaited, fd), this.#direction(fd), -1);
  }

  /** @returns whether there is something to wait for */
  #wait(fd: number, meter: number): boolean {
    const direction = this.#direction(fd);
    this.#table.states.set(fd, WAITING);
    this.#table.awaited[fd] = meter;
    this.#meters.waits(meter, direction, 1);
    // Tokens that came in before the main thread could know of the waiting wake nobody.
    if (this.#meters.hasTokens(meter, direction)) {
      this.forget(fd);
      return false;
    }
    this.#waiting.push(fd);
    return true;
  }

  #direction(fd: number): Direction {
    return this.#table.states.has(fd, OUTSIDE) ? "in" : "out";
  }
}
