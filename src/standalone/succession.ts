/**
 * A standalone client that takes the place of another one, which runs by the same file.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import { type Heir, Predecessor } from "../forward/predecessor.ts";
import { inherit, type Inheritance } from "../forward/successor.ts";
import type { ServiceManager } from "../system/service_manager.ts";

export interface PlaceOptions {
  /** Where the two meet. */
  readonly path: string;
  /** The file that both run by. */
  readonly configPath: string;
  readonly forwarder: Forwarder;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a successor begins with: variables of the service manager. Rules are in the file. */
type Environment = Readonly<Record<string, string>>;

/** Where the two meet when nobody says: beside the stats socket. */
export function defaultSuccessionPath(statsSocket: string): string {
  return `${statsSocket.replace(/\.sock$/, "")}.take-over.sock`;
}

/** Asks the client that runs for its place. @throws {SuccessionError} when it can't be had */
export async function inheritPlace(options: PlaceOptions): Promise<Inheritance> {
  const { forwarder, path, clock } = options;
  return await inherit({ forwarder, path, identity: await identityOf(options), clock });
}

/** What the service manager of the other client has told it. */
export function environmentOf({ state }: Inheritance): Environment {
  return JSON.parse(state);
}

/** Waits for a client that takes this one's place; `null` when none can, which is logged. */
export async function offerPlace(
  options: PlaceOptions & { readonly manager: ServiceManager },
): Promise<Predecessor | null> {
  const { forwarder: { succession }, path, manager, clock, logger } = options;
  return Predecessor.open({
    succession,
    path,
    identity: await identityOf(options),
    describe: () => JSON.stringify(manager.environment),
    clock,
    logger,
  });
}

/** Leaves everything to `heir` and drains. */
export async function handOver(
  heir: Heir,
  { forwarder, logger, drainMs }: {
    readonly forwarder: Forwarder;
    readonly logger: Logger;
    readonly drainMs: number;
  },
): Promise<void> {
  using _heir = heir;
  const { released, drained } = forwarder.retire(drainMs);
  await released;
  logger.info("standalone.handed_over", { pid: heir.pid, draining_for_ms: drainMs });
  await heir.release("").catch((error) =>
    logger.warn("standalone.successor_lost", { pid: heir.pid, error: errorText(error) })
  );
  await drained;
}

async function identityOf({ configPath }: PlaceOptions): Promise<string> {
  return `standalone ${await Deno.realPath(configPath)}`;
}
