/**
 * A client whose place another one takes: it ends what there can be only one of, drains, and says
 * what it counts until it is gone.
 *
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { changedSince, encodeCounters } from "../forward/carried_counters.ts";
import type { ForwarderCounters } from "../forward/counters.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import { type Heir, Predecessor } from "../forward/predecessor.ts";
import type { ServiceManager } from "../system/service_manager.ts";
import { encodeState, type StateOwner } from "./client_state.ts";
import { identityOf, type News, type Place } from "./place.ts";
import type { RuleTable } from "./rule_table.ts";
import type { StateFile } from "./state_file.ts";

const NEWS_MS = 1_000;
const NO_COUNTERS: ForwarderCounters = { rules: [], sniListeners: [], owners: [] };

export interface HandOverOptions {
  /** Where successors find this client. */
  readonly path: string;
  readonly owner: StateOwner;
  readonly forwarder: Forwarder;
  readonly table: RuleTable;
  readonly state: StateFile;
  readonly manager: ServiceManager;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Waits for a client that takes this one's place; `null` when none can, which is logged. */
export function offerPlace(options: HandOverOptions): Predecessor | null {
  const { path, owner, forwarder: { succession }, table, manager, clock, logger } = options;
  const describe = () => {
    const place: Place = {
      client: encodeState(table.state(), owner),
      environment: manager.environment,
    };
    return JSON.stringify(place);
  };
  return Predecessor.open({
    succession,
    path,
    identity: identityOf(owner),
    describe,
    clock,
    logger,
  });
}

/**
 * Leaves everything to `heir` and drains; the control session is over already.
 *
 * @returns false when the heir has gone before that: then nothing has happened
 */
export async function handOver(
  heir: Heir,
  place: Predecessor,
  { forwarder, table, state, manager, clock, logger }: HandOverOptions,
): Promise<boolean> {
  using _heir = heir;
  const { pid } = heir;
  await table.settled();
  if (!heir.isThere) {
    logger.warn("succession.abandoned", { pid, reason: "the other process has ended" });
    return false;
  }
  // From here on it is the heir that is restarted if it fails.
  await manager.succeededBy(pid);
  await state.close();
  place[Symbol.dispose]();
  const { released, drained } = forwarder.retire(table.drainMs);
  await released;
  logger.info("client.handed_over", { pid, draining_for_ms: table.drainMs });
  const teller = new Teller(heir, table);
  try {
    await teller.tellAll();
    await tellUntil(drained, teller, clock);
  } catch (error) {
    logger.warn("client.successor_lost", { pid, error: errorText(error) });
  }
  await drained;
  return true;
}

async function tellUntil(drained: Promise<void>, teller: Teller, clock: Clock): Promise<void> {
  const over = new AbortController();
  void drained.then(() => over.abort());
  while (!over.signal.aborted) {
    await sleep(clock, NEWS_MS, over.signal).catch(() => undefined);
    await teller.tell();
  }
}

/** Says what this client has counted. */
class Teller {
  readonly #heir: Heir;
  readonly #table: RuleTable;
  #told: ForwarderCounters = NO_COUNTERS;

  constructor(heir: Heir, table: RuleTable) {
    this.#heir = heir;
    this.#table = table;
  }

  tellAll(): Promise<void> {
    return this.#heir.release(this.#news());
  }

  tell(): Promise<void> {
    return this.#heir.tell(this.#news());
  }

  #news(): string {
    const counters = this.#table.counters();
    const changed = changedSince(this.#told, counters);
    this.#told = counters;
    const news: News = {
      counters: encodeCounters(changed),
      quotas: this.#table.owners.quotas.map(({ ownerId, quota }) => [
        ownerId,
        `${quota.remainingBytes}`,
      ]),
    };
    return JSON.stringify(news);
  }
}
