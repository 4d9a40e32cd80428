import { setImmediate } from "node:timers";

/** Lets everything run that waits for nothing but its turn. Takes no time, however much that is. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}
