/**
 * A client that takes the place of the one that runs: it begins with its rules and its sockets, and
 * counts on where it stops.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { decodeCounters } from "../forward/carried_counters.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import { inherit, type Inheritance } from "../forward/successor.ts";
import { SuccessionError } from "../forward/succession_message.ts";
import { decodeState, type StateOwner } from "./client_state.ts";
import { identityOf, type News, type Place } from "./place.ts";
import type { RuleTable } from "./rule_table.ts";

export interface TakeOverOptions {
  /** Where the running client waits. */
  readonly path: string;
  readonly owner: StateOwner;
  readonly forwarder: Forwarder;
  readonly table: RuleTable;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The place of another client, taken. */
export interface TakenOver {
  readonly pid: number;
  /** What that client's service manager has told it. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Runs the rules of the client at `path` until it takes nothing new, and takes over what it counts
 * from then on.
 *
 * @throws {SuccessionError} when that can't be: the other client goes on, and what came in here
 * meanwhile has been served to its end
 */
export async function takeOver(options: TakeOverOptions): Promise<TakenOver> {
  const { path, owner, forwarder, table, clock, logger } = options;
  const inheritance = await inherit({ forwarder, path, identity: identityOf(owner), clock });
  try {
    const { client, environment }: Place = JSON.parse(inheritance.state);
    const last = decodeState(client, owner);
    await table.restore(last);
    const missing = last.rules.length - table.size;
    if (missing > 0) throw new SuccessionError(`${missing} of its rules cannot be opened here`);
    forwarder.succession?.dropUnclaimed();
    const news = await inheritance.take();
    const follower = new Follower(table, last.quotas);
    if (news !== null) follower.hear(news);
    void follower.follow(inheritance, logger);
    logger.info("client.took_over", { pid: inheritance.pid, rules: table.size });
    return { pid: inheritance.pid, environment };
  } catch (error) {
    inheritance[Symbol.dispose]();
    await forwarder.retire(table.drainMs).drained;
    throw error;
  }
}

/** Hears of what the other client still forwards. */
class Follower {
  readonly #table: RuleTable;
  /** What was left of quotas there when it said so last. */
  readonly #left = new Map<string, bigint>();

  constructor(table: RuleTable, quotas: RuleTable["owners"]["quotas"]) {
    this.#table = table;
    for (const { ownerId, quota } of quotas) this.#left.set(ownerId, quota.remainingBytes);
  }

  hear(text: string): void {
    const { counters, quotas }: News = JSON.parse(text);
    this.#table.carried.update(decodeCounters(counters));
    for (const [ownerId, remaining] of quotas) {
      const before = this.#left.get(ownerId);
      const now = BigInt(remaining);
      this.#left.set(ownerId, now);
      if (before !== undefined) this.#table.owners.spend(ownerId, before - now);
    }
  }

  /** Never rejects. */
  async follow(inheritance: Inheritance, logger: Logger): Promise<void> {
    using _ = inheritance;
    for await (const news of inheritance.news()) this.hear(news);
    this.#table.carried.end();
    logger.info("client.predecessor_ended", { pid: inheritance.pid });
  }
}
