/**
 * What there is with `[publish]` in `server.toml`, and only then: this module and what it imports
 * are loaded when it is there.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { PublishedHostRepository } from "../store/published_hosts.ts";
import { PublishStateRepository } from "../store/publish_state.ts";
import type { Store } from "../store/open.ts";
import type { PublishConfig } from "./config.ts";
import { HostRegistry } from "./hosts.ts";

/** What publishing takes from the server. Who needs more adds it here; `start.ts` passes all it has. */
export interface PublishOptions {
  /** The configuration in force: limits change while the server runs, listeners and folders do not. */
  readonly config: () => PublishConfig;
  readonly store: Store;
  /** Where browsers reach the operator API, if that is said. */
  readonly publicOrigin: () => string | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The services behind the routes of publishing. */
export interface Publish {
  readonly config: () => PublishConfig;
  readonly state: PublishStateRepository;
  readonly hosts: HostRegistry;
  /**
   * Brings back what was published before, and listens. Ends when `stack` is disposed of.
   *
   * @throws what the system says when an address cannot be bound
   */
  start(stack: AsyncDisposableStack): Promise<void>;
}

/** Puts the services together; nothing listens yet. */
export function createPublish(options: PublishOptions): Publish {
  const { config, store, publicOrigin } = options;
  const state = new PublishStateRepository(store);
  const hosts = new HostRegistry({
    hosts: new PublishedHostRepository(store),
    domain: () => state.get().domain,
    maxHosts: () => config().maxHosts,
    operatorHost: () => hostOf(publicOrigin()),
  });
  return {
    config,
    state,
    hosts,
    start: () => Promise.resolve(),
  };
}

const hostOf = (origin: string | null): string | null =>
  origin === null ? null : new URL(origin).hostname;
