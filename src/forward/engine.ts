/**
 * Which engine forwards.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { FORWARD } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { Forwarder } from "./forwarder.ts";
import { createLinuxForwarder } from "./linux/forwarder.ts";
import { type Libc, openLibc } from "./linux/native/libc.ts";
import { probe } from "./linux/native/probe.ts";
import { createPortableForwarder } from "./portable/forwarder.ts";
import type { Resolver } from "./resolver.ts";

export interface EngineOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default the operating system's name service */
  readonly resolver?: Resolver;
  /** Workers of the Linux engine. @default `PORTUNUS_WORKERS`, or the processors but one */
  readonly workers?: number | null;
  /**
   * Reads a variable of the environment: `PORTUNUS_ENGINE`, `PORTUNUS_WORKERS`,
   * `PORTUNUS_DISABLE_SPLICE`.
   */
  readonly env: (name: string) => string | undefined;
  /** @default this system's */
  readonly os?: typeof Deno.build.os;
  /** Opens libc, or throws. @default the system's */
  readonly openLibc?: () => Libc;
}

/**
 * Creates a forwarder on the fastest engine there is here. A line tells which one it is, and why it
 * is not the other. `PORTUNUS_ENGINE` can rule out the Linux engine, but can't make it possible.
 */
export function createForwarder(options: EngineOptions): Forwarder {
  const { clock, logger, resolver, env, workers } = options;
  const base = { clock, logger, ...(resolver && { resolver }) };
  const libc = chooseLibc(options);
  if (typeof libc === "string") {
    logger.info("forward.engine", { engine: "portable", reason: libc });
    return createPortableForwarder(base);
  }
  const count = workers ?? workersOf(options) ?? Math.max(1, navigator.hardwareConcurrency - 1);
  const splice = !env("PORTUNUS_DISABLE_SPLICE");
  logger.info("forward.engine", { engine: "linux", workers: count, splice });
  return createLinuxForwarder({ ...base, libc, workers: count, splice });
}

function workersOf({ env, logger }: EngineOptions): number | null {
  const text = env("PORTUNUS_WORKERS")?.trim();
  if (!text) return null;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= FORWARD.workersMax) return count;
  const expected = `an integer from 1 to ${FORWARD.workersMax}`;
  logger.warn("forward.workers_ignored", { variable: "PORTUNUS_WORKERS", got: text, expected });
  return null;
}

/** The Linux engine's libc, or why the engine is not to be had. */
function chooseLibc(
  { env, os = Deno.build.os, openLibc: open = openLibc }: EngineOptions,
): Libc | string {
  if (env("PORTUNUS_ENGINE")?.trim().toLowerCase() === "portable") return "PORTUNUS_ENGINE";
  if (os !== "linux") return `no Linux: ${os}`;
  try {
    const libc = open();
    probe(libc, { splice: !env("PORTUNUS_DISABLE_SPLICE") });
    return libc;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
