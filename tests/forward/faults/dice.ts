import { seeded } from "../../kit/seeded.ts";
import type { FaultPlan, Mishap } from "./mishaps.ts";

/** How late a call is at most, in milliseconds. */
const LATE_MAX_MS = 3;

/** Says what happens to each call. */
export class Dice {
  readonly #random: () => number;
  readonly #mishaps = new Map<Mishap["call"], Chance[]>();

  constructor({ seed, mishaps }: FaultPlan) {
    this.#random = seeded(seed);
    for (const mishap of mishaps) {
      const chances = this.#mishaps.get(mishap.call) ?? [];
      chances.push(new Chance(mishap, this.#random));
      this.#mishaps.set(mishap.call, chances);
    }
  }

  /** What `call` fails with, or 0; delays it where that is what happens. */
  errno(call: Mishap["call"]): number {
    for (const chance of this.#mishaps.get(call) ?? []) {
      const { how } = chance.mishap;
      if (how === "short" || !chance.strikes()) continue;
      if (how !== "late") return how;
      delay(Math.ceil(this.#random() * LATE_MAX_MS));
    }
    return 0;
  }

  /** How much of `length` the call is about, at least 1. */
  part(call: Mishap["call"], length: number): number {
    const chance = this.#mishaps.get(call)?.find(({ mishap }) => mishap.how === "short");
    if (length < 2 || !chance?.strikes()) return length;
    // Over all orders of magnitude: a byte is as likely as half of it.
    return Math.max(1, Math.floor(length ** this.#random()));
  }
}

/** The state of a mishap. */
class Chance {
  readonly mishap: Mishap;
  readonly #random: () => number;
  #calls = 0;
  #times = 0;
  #storm = 0;

  constructor(mishap: Mishap, random: () => number) {
    this.mishap = mishap;
    this.#random = random;
  }

  /** Whether it happens now. */
  strikes(): boolean {
    const { chance, storm = 1, after = 0, times = Infinity } = this.mishap;
    if (this.#calls++ < after || this.#times >= times) return false;
    if (this.#storm > 0) this.#storm -= 1;
    else if (this.#random() < chance) this.#storm = Math.floor(this.#random() * storm);
    else return false;
    this.#times += 1;
    return true;
  }
}

const nothing = new Int32Array(new SharedArrayBuffer(4));

function delay(ms: number): void {
  Atomics.wait(nothing, 0, 0, ms);
}
