/**
 * What several tables of `server.toml` are made of.
 *
 * @module
 */

import { z } from "zod";
import { parseSocketAddress, type SocketAddress } from "./address.ts";

/** `IP:port`. `key` is what a mistake is told of. */
export const socketAddress = (key: string, fallback: string) =>
  z.string().default(fallback).transform(addressOr(key));

/** The same for a setting that has no default. */
export const optionalSocketAddress = (key: string) =>
  z.string().transform(addressOr(key)).optional();

function addressOr(key: string) {
  return (text: string, context: z.RefinementCtx): SocketAddress => {
    const address = parseSocketAddress(text);
    if (address) return address;
    context.issues.push({
      code: "custom",
      input: text,
      message: `${key} must be IP:port (got "${text}")`,
    });
    return z.NEVER;
  };
}

/** An integer from `min` to `max`. */
export const between = (key: string, min: number, max: number, fallback: number) =>
  z.int().default(fallback).refine((value) => value >= min && value <= max, {
    error: ({ input }) => `${key} out of range (got ${String(input)}, expected ${min}..=${max})`,
  });
