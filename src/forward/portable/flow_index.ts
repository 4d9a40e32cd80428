/**
 * Finding the flow of a datagram by the address it came from.
 *
 * @module
 */

import type { Endpoint } from "./net.ts";

/** Values by address and port. Looking one up makes no key: both parts are used as they are. */
export class FlowIndex<T> {
  readonly #byHost = new Map<string, Map<number, T>>();

  get({ hostname, port }: Endpoint): T | undefined {
    return this.#byHost.get(hostname)?.get(port);
  }

  set({ hostname, port }: Endpoint, value: T): void {
    const byPort = this.#byHost.get(hostname);
    if (byPort === undefined) this.#byHost.set(hostname, new Map([[port, value]]));
    else byPort.set(port, value);
  }

  delete({ hostname, port }: Endpoint): void {
    const byPort = this.#byHost.get(hostname);
    if (byPort?.delete(port) && byPort.size === 0) this.#byHost.delete(hostname);
  }
}
