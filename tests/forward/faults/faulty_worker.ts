/**
 * A Worker of the Linux engine over calls that go wrong.
 *
 * @module
 */

import { Loop } from "../../../src/forward/linux/loop.ts";
import { openLibc } from "../../../src/forward/linux/native/libc.ts";
import type { Start } from "../../../src/forward/linux/protocol.ts";
import { withFaults } from "./faulty_libc.ts";
import type { FaultPlan } from "./mishaps.ts";

/** The first message. */
export interface FaultyStart {
  readonly start: Start;
  readonly plan: FaultPlan;
}

self.onmessage = ({ data }: MessageEvent<FaultyStart>) => {
  work(data);
  self.close();
};

function work({ start, plan }: FaultyStart): void {
  const libc = withFaults(openLibc(), plan);
  using loop = new Loop(start, libc, () => self.postMessage(null));
  loop.run();
}
