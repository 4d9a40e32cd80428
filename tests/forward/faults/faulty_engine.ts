/**
 * The Linux engine over calls that go wrong.
 *
 * @module
 */

import {
  createLinuxForwarder,
  type LinuxForwarderOptions,
} from "../../../src/forward/linux/forwarder.ts";
import type { Forwarder } from "../../../src/forward/forwarder.ts";
import { openLibc } from "../../../src/forward/linux/native/libc.ts";
import type { Start } from "../../../src/forward/linux/protocol.ts";
import { withFaults } from "./faulty_libc.ts";
import type { FaultyStart } from "./faulty_worker.ts";
import type { FaultPlan } from "./mishaps.ts";

/**
 * @param options its `plan` is that of the Workers, each with a seed of its own; the main thread's
 * calls go wrong in the same ways
 */
export function createFaultyForwarder(
  { plan, ...options }: LinuxForwarderOptions & { readonly plan: FaultPlan },
): Forwarder {
  const { seed, mishaps, workers = Infinity } = plan;
  let started = 0;
  const spawn = () => {
    started += 1;
    return new FaultyWorker({
      seed: seed + started,
      mishaps: started > workers ? [] : mishaps,
    });
  };
  return createLinuxForwarder({ ...options, libc: withFaults(openLibc(), plan), spawn });
}

/** A Worker of the engine with the mishaps of a plan. */
export class FaultyWorker extends Worker {
  readonly #plan: FaultPlan;

  constructor(plan: FaultPlan) {
    super(new URL("./faulty_worker.ts", import.meta.url), { type: "module" });
    this.#plan = plan;
  }

  override postMessage(start: Start): void {
    super.postMessage({ start, plan: this.#plan } satisfies FaultyStart);
  }
}
