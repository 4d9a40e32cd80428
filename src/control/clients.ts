/**
 * The roster of clients and their sessions.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { Logger } from "../core/log.ts";
import type { ClientRepository, ClientRow } from "../store/clients.ts";
import type { SessionRegistry } from "./registry.ts";
import type { Session } from "./session.ts";

export interface ClientServiceOptions {
  readonly clients: ClientRepository;
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ClientService {
  readonly #options: ClientServiceOptions;

  constructor(options: ClientServiceOptions) {
    this.#options = options;
  }

  /** Every enrolled client by name, revoked ones too. */
  list(): ClientRow[] {
    return this.#options.clients.list();
  }

  /** The live session of a client. */
  sessionOf({ clientId }: ClientRow): Session | undefined {
    return this.#options.registry.get(clientId);
  }

  /**
   * Refuses the client's token from now on and ends its session. Its rules stay stored. Idempotent.
   *
   * @throws {PortunusError} `client_not_found`
   */
  revoke(clientId: string): void {
    const { clients, registry, clock, logger } = this.#options;
    const client = clients.get(clientId);
    if (!client) throw new PortunusError("client_not_found", clientId);
    clients.revoke(clientId, instantFromMillis(clock.now()));
    const wasConnected = registry.disconnect(clientId);
    logger.info("audit.revoke", {
      outcome: "success",
      client_id: clientId,
      client_name: client.clientName,
      was_connected: wasConnected,
    });
  }
}
