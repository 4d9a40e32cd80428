/**
 * What several tables of `server.toml` are made of.
 *
 * @module
 */

import { z } from "zod";
import { parseSocketAddress } from "./address.ts";

/** `IP:port`. `key` is what a mistake is told of. */
export const socketAddress = (key: string, fallback: string) =>
  z.string().default(fallback).transform((text, context) => {
    const address = parseSocketAddress(text);
    if (address) return address;
    context.issues.push({
      code: "custom",
      input: text,
      message: `${key} must be IP:port (got "${text}")`,
    });
    return z.NEVER;
  });

/** An integer from `min` to `max`. */
export const between = (key: string, min: number, max: number, fallback: number) =>
  z.int().default(fallback).refine((value) => value >= min && value <= max, {
    error: ({ input }) => `${key} out of range (got ${String(input)}, expected ${min}..=${max})`,
  });
