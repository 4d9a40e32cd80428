/**
 * Caps on everything an owner forwards on a client: kept here, enforced there.
 *
 * Memory holds all of them and is what is read; the store holds the same and is written first.
 *
 * @module
 */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { gateForOwnerCap } from "../core/capabilities.ts";
import type { Clock } from "../core/clock.ts";
import { errorText, PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { checkRateLimit, type RateLimit, rateLimitFromJson } from "../core/rate_limit.ts";
import type { RateLimitBody } from "../core/rule_body.ts";
import { refuseReservedBurst } from "../core/rule_input.ts";
import type { ClientRepository, ClientRow } from "../store/clients.ts";
import { StoreError } from "../store/database.ts";
import type { OwnerCap, OwnerCapRepository, OwnerOnClient } from "../store/owner_caps.ts";
import {
  OwnerRateLimitAction,
  type OwnerRateLimitUpdateSchema,
  ServerMessageSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { rateLimitToWire } from "../wire/rate_limit.ts";
import type { SessionRegistry } from "./registry.ts";
import type { ReplaySource } from "./replay.ts";
import type { OwnerBelongings } from "./rules.ts";
import type { Session } from "./session.ts";

/** Somebody with rules or caps on a client. */
export interface ClientOwner {
  readonly ownerId: string;
  readonly hasCap: boolean;
  readonly ruleCount: number;
}

/** The caps of an owner on a client, with the client's display name. */
export interface NamedOwnerCap extends OwnerCap {
  readonly clientName: string;
}

export interface OwnerCapServiceOptions {
  readonly caps: OwnerCapRepository;
  readonly clients: Pick<ClientRepository, "get">;
  readonly registry: SessionRegistry;
  /** How many rules each owner has on a client. */
  readonly ownersOn: (clientId: string) => ReadonlyMap<string, number>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class OwnerCapService implements OwnerBelongings, ReplaySource {
  readonly #options: OwnerCapServiceOptions;
  /** By client, then by owner. */
  readonly #caps = new Map<string, Map<string, OwnerCap>>();

  /** Loads what is stored. @throws {StoreError} */
  constructor(options: OwnerCapServiceOptions) {
    this.#options = options;
    const { caps, logger } = options;
    try {
      for (const cap of caps.loadAll()) this.#remember(cap);
    } catch (error) {
      logger.warn("owner_cap.hydrate_failed", { error: errorText(error) });
      throw error;
    }
    const owners = this.#caps.values().reduce((sum, { size }) => sum + size, 0);
    logger.info("owner_cap.hydrated", { owners, clients: this.#caps.size });
  }

  /**
   * Everybody with rules or caps on a client, by id.
   *
   * @throws {PortunusError} `client_not_found`
   */
  ownersOf(clientId: string): ClientOwner[] {
    this.#client(clientId);
    const rules = this.#options.ownersOn(clientId);
    const caps = this.#caps.get(clientId);
    const ids = new Set([...rules.keys(), ...caps?.keys() ?? []]);
    return [...ids].sort().map((ownerId) => ({
      ownerId,
      hasCap: caps?.has(ownerId) ?? false,
      ruleCount: rules.get(ownerId) ?? 0,
    }));
  }

  /** @throws {PortunusError} `client_not_found`, `owner_rate_limit_not_found` */
  get({ clientId, ownerId }: OwnerOnClient): NamedOwnerCap {
    const { clientName } = this.#client(clientId);
    const cap = this.#caps.get(clientId)?.get(ownerId);
    if (!cap) throw new PortunusError("owner_rate_limit_not_found");
    return { ...cap, clientName };
  }

  /**
   * Gives an owner these caps in place of any others, and tells the client.
   *
   * @throws {PortunusError} `client_not_found`, `validation.rate_limit_burst_unsupported`,
   * `rate_limit_unsupported_by_client`, the codes of `checkRateLimit`, `internal_error`, in this
   * order
   */
  put(owner: OwnerOnClient, body: RateLimitBody): NamedOwnerCap {
    const { registry, caps, clock, logger } = this.#options;
    const { clientId, ownerId } = owner;
    const { clientName } = this.#client(clientId);
    refuseReservedBurst(body);
    const session = registry.get(clientId);
    const refusal = gateForOwnerCap({
      name: clientName,
      version: session?.version ?? null,
      protocols: new Set(),
    });
    if (refusal) throw refusal;
    const limits = rateLimitFromJson(body);
    checkRateLimit(limits);
    const cap: OwnerCap = { clientId, ownerId, limits, updatedAtMs: clock.now() };
    stored(() => caps.upsert(cap));
    this.#remember(cap);
    logger.info("owner_cap.upserted", {
      client_id: clientId,
      owner_id: ownerId,
      updated_at_unix_ms: cap.updatedAtMs,
    });
    this.#tell(owner, limits);
    return { ...cap, clientName };
  }

  /**
   * Takes the caps of an owner away, and tells the client so even where there were none.
   *
   * @throws {PortunusError} `internal_error`
   */
  remove(owner: OwnerOnClient): void {
    stored(() => this.#options.caps.remove(owner));
    if (this.#forget(owner)) {
      const { clientId, ownerId } = owner;
      this.#options.logger.info("owner_cap.deleted", { client_id: clientId, owner_id: ownerId });
    }
    this.#tell(owner, null);
  }

  /** Deletes the stored caps of owners whose last rule goes in the same transaction. */
  deleteStored(owners: readonly OwnerOnClient[]): void {
    for (const owner of owners) {
      if (this.#has(owner)) this.#options.caps.remove(owner);
    }
  }

  /** Follows {@linkcode deleteStored} in memory, and on the clients. */
  forget(owners: readonly OwnerOnClient[]): void {
    for (const owner of owners) {
      if (!this.#forget(owner)) continue;
      const { clientId, ownerId } = owner;
      this.#options.logger.info("owner_cap.gc_swept", { client_id: clientId, owner_id: ownerId });
      this.#tell(owner, null);
    }
  }

  async replay(session: Session): Promise<boolean> {
    const { clientId, clientName: name, version, protocols } = session;
    if (gateForOwnerCap({ name, version, protocols })) return true;
    for (const ownerId of [...this.#caps.get(clientId)?.keys() ?? []]) {
      const cap = this.#caps.get(clientId)?.get(ownerId);
      if (cap && !await session.send(setMessage(session, ownerId, cap.limits))) return false;
    }
    return true;
  }

  #client(clientId: string): ClientRow {
    const client = this.#options.clients.get(clientId);
    if (!client) throw new PortunusError("client_not_found", clientId);
    return client;
  }

  #remember(cap: OwnerCap): void {
    const owners = this.#caps.get(cap.clientId) ?? new Map<string, OwnerCap>();
    this.#caps.set(cap.clientId, owners.set(cap.ownerId, cap));
  }

  #has({ clientId, ownerId }: OwnerOnClient): boolean {
    return this.#caps.get(clientId)?.has(ownerId) ?? false;
  }

  /** Whether there was something to forget. */
  #forget({ clientId, ownerId }: OwnerOnClient): boolean {
    const owners = this.#caps.get(clientId);
    const known = owners?.delete(ownerId) ?? false;
    if (owners?.size === 0) this.#caps.delete(clientId);
    return known;
  }

  /** Best effort: what does not arrive now goes with the next replay. */
  #tell({ clientId, ownerId }: OwnerOnClient, limits: RateLimit | null): void {
    const { registry, logger } = this.#options;
    const session = registry.ready(clientId);
    if (!session) return;
    const message = limits ? setMessage(session, ownerId, limits) : removeMessage(session, ownerId);
    // Nobody waits for a client that reads slowly: the caps are stored.
    void session.send(message).then((sent) => {
      if (sent) return;
      const action = limits ? "set" : "remove";
      logger.warn("owner_cap.push_failed", { client_id: clientId, owner_id: ownerId, action });
    });
  }
}

/** Runs a write; what the store refuses is an internal error of these routes. */
function stored(write: () => void): void {
  try {
    write();
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw new PortunusError("internal_error", cause.kind, { cause });
  }
}

function setMessage(session: Session, ownerId: string, limits: RateLimit) {
  return message(session, {
    ownerId,
    action: OwnerRateLimitAction.SET,
    rateLimit: rateLimitToWire(limits),
  });
}

function removeMessage(session: Session, ownerId: string) {
  return message(session, { ownerId, action: OwnerRateLimitAction.REMOVE });
}

function message(
  { clientId, clientName }: Session,
  value: MessageInitShape<typeof OwnerRateLimitUpdateSchema>,
) {
  return create(ServerMessageSchema, {
    payload: { case: "ownerRateLimitUpdate", value: { ...value, clientId, clientName } },
  });
}
