/**
 * The roster of clients and their sessions.
 *
 * @module
 */

import { parseClientAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import { clientNameProblem } from "../core/ids.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { Logger } from "../core/log.ts";
import type { ClientRepository, ClientRow } from "../store/clients.ts";
import type { SessionRegistry } from "./registry.ts";
import type { RuleService } from "./rules.ts";
import type { Session } from "./session.ts";

export interface ClientServiceOptions {
  readonly clients: ClientRepository;
  readonly rules: Pick<RuleService, "renameClient">;
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after a client was deleted. */
  readonly onRemoved: (clientId: string) => void;
}

export class ClientService {
  readonly #options: ClientServiceOptions;
  readonly #moveListeners: ((clientId: string) => void)[] = [];

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
    const client = this.#get(clientId);
    clients.revoke(clientId, instantFromMillis(clock.now()));
    const wasConnected = registry.disconnect(clientId);
    logger.info("audit.revoke", {
      outcome: "success",
      client_id: clientId,
      client_name: client.clientName,
      was_connected: wasConnected,
    });
  }

  /**
   * Sets where people reach the client.
   *
   * @throws {PortunusError} `invalid_client_address`, `client_not_found`
   */
  setAddress(clientId: string, address: string): ClientRow {
    const { clients, logger } = this.#options;
    clients.setAddress(clientId, parseClientAddress(address));
    const client = this.#get(clientId);
    logger.info("audit.client_update", { outcome: "success", client_id: clientId });
    this.moved(clientId);
    return client;
  }

  /** People may reach the client elsewhere: said by who changed that not through here. */
  moved(clientId: string): void {
    for (const listener of this.#moveListeners) listener(clientId);
  }

  /** Calls `listener` after people reach a client elsewhere. */
  onMoved(listener: (clientId: string) => void): void {
    this.#moveListeners.push(listener);
  }

  /**
   * Gives the client another display name; its rules, its session and the grants that can only mean
   * it follow.
   *
   * @throws {PortunusError} `invalid_name`, `client_not_found`
   */
  rename(clientId: string, name: string): ClientRow {
    const { clients, rules, registry, logger } = this.#options;
    const problem = clientNameProblem(name);
    if (problem !== null) throw new PortunusError("invalid_name", problem);
    clients.rename(clientId, name);
    rules.renameClient(clientId, name);
    const session = registry.get(clientId);
    if (session) session.clientName = name;
    logger.info("audit.client_rename", {
      outcome: "success",
      client_id: clientId,
      client_name: name,
    });
    return this.#get(clientId);
  }

  /**
   * Takes a revoked client off the roster. What belongs to its id stays for the case that the id
   * is enrolled again.
   *
   * @throws {PortunusError} `client_not_found`, `client_not_revoked`
   */
  remove(clientId: string): void {
    const { clients, logger, onRemoved } = this.#options;
    const { clientName } = this.#get(clientId);
    clients.remove(clientId);
    onRemoved(clientId);
    logger.info("audit.client_delete", {
      outcome: "success",
      client_id: clientId,
      client_name: clientName,
    });
  }

  #get(clientId: string): ClientRow {
    const client = this.#options.clients.get(clientId);
    if (!client) throw new PortunusError("client_not_found", clientId);
    return client;
  }
}
