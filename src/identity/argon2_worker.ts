/**
 * The Worker that computes Argon2, so that the event loop of the server never waits for it.
 *
 * @module
 */

import { argon2id, argon2Verify } from "hash-wasm";

/** A password as UTF-8 to hash, or to compare with a stored PHC string. */
export type Argon2Job =
  | { readonly kind: "hash"; readonly password: Uint8Array; readonly salt: Uint8Array }
  | { readonly kind: "verify"; readonly password: Uint8Array; readonly phc: string };

/** A job, and the number its answer carries. */
export interface Argon2Request {
  readonly id: number;
  readonly job: Argon2Job;
}

/** The PHC string of a `hash`, the verdict of a `verify`, or `null` when Argon2 refused. */
export interface Argon2Answer {
  readonly id: number;
  readonly result: string | boolean | null;
}

/** What `storage.md` §6 fixes for new hashes; stored ones are verified with their own. */
const COST = { memorySize: 19_456, iterations: 2, parallelism: 1, hashLength: 32 } as const;

function compute(job: Argon2Job): Promise<string | boolean> {
  const { password } = job;
  switch (job.kind) {
    case "hash":
      return argon2id({ ...COST, password, salt: job.salt, outputType: "encoded" });
    case "verify":
      return argon2Verify({ password, hash: job.phc });
    default:
      return job satisfies never;
  }
}

self.onmessage = async ({ data: { id, job } }: MessageEvent<Argon2Request>) => {
  const result = await compute(job).catch(() => null);
  self.postMessage({ id, result } satisfies Argon2Answer);
};
