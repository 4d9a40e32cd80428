/**
 * Integers of bodies and answers, by width. `parseJson` gives those beyond 2^53 as `bigint`.
 *
 * @module
 */

import { z } from "zod";

export const u16 = z.int().min(0).max(0xffff);
export const u32 = z.int().min(0).max(0xffff_ffff);
export const u64 = wide(0n, 2n ** 64n - 1n, { format: "uint64", minimum: 0 });
/** What the store can hold of a {@linkcode u64}. */
export const u63 = wide(0n, 2n ** 63n - 1n, { format: "int64", minimum: 0 });
export const i64 = wide(-(2n ** 63n), 2n ** 63n - 1n, { format: "int64" });

/** To whoever reads the OpenAPI document a wide integer is one type, not two. */
function wide(min: bigint, max: bigint, shown: { readonly format: string; readonly minimum?: 0 }) {
  const exact = min < 0n ? z.int() : z.int().min(0);
  return z.union([exact, z.bigint().min(min).max(max)]).meta({
    override({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }) {
      delete jsonSchema["anyOf"];
      Object.assign(jsonSchema, { type: "integer", ...shown });
    },
  });
}
