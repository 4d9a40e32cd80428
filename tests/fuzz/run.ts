import { mutated } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

/** An input that went wrong, and how. */
export interface Crash {
  readonly input: Uint8Array;
  readonly error: unknown;
}

/** Runs a target on its corpus, then on mutations of it. @returns the first crash, if any */
export function fuzz(
  target: FuzzTarget,
  { corpus, inputs, random }: {
    readonly corpus: readonly Uint8Array[];
    /** How many mutations. */
    readonly inputs: number;
    readonly random: () => number;
  },
): Crash | null {
  for (const input of corpus) {
    const crash = tried(target, input);
    if (crash !== null) return crash;
  }
  for (let i = 0; i < inputs; i++) {
    const crash = tried(target, mutated(corpus, random));
    if (crash !== null) return crash;
  }
  return null;
}

function tried(target: FuzzTarget, input: Uint8Array): Crash | null {
  try {
    target.run(input);
    return null;
  } catch (error) {
    return { input, error };
  }
}
