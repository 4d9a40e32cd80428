/**
 * Traffic quotas as operators set them, and as clients are told of them.
 *
 * @module
 */

import { gateForQuota } from "../core/capabilities.ts";
import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import { type Grant, grantNames } from "../core/grants.ts";
import { parseUlid } from "../core/ids.ts";
import { unixSeconds } from "../core/instant.ts";
import { isBillingAnchor } from "../core/period.ts";
import {
  newQuota,
  type Quota,
  type QuotaKey,
  withMonthlyBytes,
  withoutUsage,
} from "../core/quota.ts";
import type { ClientRepository, ClientRow } from "../store/clients.ts";
import type { QuotaLedger } from "../traffic/quota_ledger.ts";
import type { QuotaUpdates } from "./quota_updates.ts";
import type { SessionRegistry } from "./registry.ts";

/** Whose quota a path names. The id of the client is as it was given. */
export interface QuotaAddress {
  readonly userId: string;
  readonly clientId: string;
}

/** What a new quota is to be. */
export interface QuotaDraft {
  readonly monthlyBytes: bigint;
  /** Where periods are counted from; `null` for now. */
  readonly billingAnchor: bigint | null;
  /** What its user may forward. */
  readonly grants: readonly Grant[];
}

/** What `PATCH` changes; `null` leaves the limit. */
export interface QuotaPatch {
  readonly monthlyBytes: bigint | null;
  readonly clearUsage: boolean;
}

export interface QuotaServiceOptions {
  readonly ledger: QuotaLedger;
  readonly updates: QuotaUpdates;
  readonly clients: Pick<ClientRepository, "get">;
  readonly registry: SessionRegistry;
  readonly clock: Clock;
}

export class QuotaService {
  readonly #options: QuotaServiceOptions;

  constructor(options: QuotaServiceOptions) {
    this.#options = options;
  }

  /**
   * Gives a user a quota of which nothing is used, in place of any there was.
   *
   * @throws {PortunusError} `invalid_quota_size`, `client_not_found`, `quota_target_not_found`,
   * `quota_unsupported_by_client`, `invalid_billing_anchor`, in this order
   */
  put({ userId, clientId: clientIdText }: QuotaAddress, draft: QuotaDraft): Quota {
    const { ledger, updates, clock } = this.#options;
    const { monthlyBytes, grants } = draft;
    checkSize(monthlyBytes);
    const client = this.#client(clientIdText);
    const { clientId, clientName } = client;
    if (!grants.some((grant) => grantNames(grant, clientName))) {
      throw new PortunusError("quota_target_not_found", `${userId} has no grant for ${clientName}`);
    }
    this.#checkVersion(client);
    const now = unixSeconds(clock.now());
    const billingAnchor = draft.billingAnchor ?? now;
    if (!isBillingAnchor(billingAnchor)) {
      throw new PortunusError("invalid_billing_anchor", `${billingAnchor} is not a date`);
    }
    const quota = newQuota({ userId, clientId, clientName, monthlyBytes, billingAnchor }, now);
    ledger.put(quota);
    updates.changed(quota);
    return quota;
  }

  /**
   * Changes the limit, then forgets what was used, as far as either is asked for.
   *
   * @throws {PortunusError} `client_not_found`, `quota_not_found`, `invalid_quota_size`, in this order
   */
  patch(address: QuotaAddress, { monthlyBytes, clearUsage }: QuotaPatch): Quota {
    const { ledger, updates, clock } = this.#options;
    const now = unixSeconds(clock.now());
    const quota = ledger.update(keyOf(address), (before) => {
      if (monthlyBytes !== null) checkSize(monthlyBytes);
      const limited = monthlyBytes === null ? before : withMonthlyBytes(before, monthlyBytes, now);
      return clearUsage ? withoutUsage(limited, now) : limited;
    });
    if (!quota) throw new PortunusError("quota_not_found");
    updates.changed(quota);
    return quota;
  }

  /** Takes a quota away. @throws {PortunusError} `client_not_found`, `quota_not_found` */
  remove(address: QuotaAddress): void {
    const quota = this.#options.ledger.remove(keyOf(address));
    if (!quota) throw new PortunusError("quota_not_found");
    this.#options.updates.removed(quota);
  }

  /** One quota. @throws {PortunusError} `client_not_found`, `quota_not_found` */
  get(address: QuotaAddress): Quota {
    const quota = this.#options.ledger.get(keyOf(address));
    if (!quota) throw new PortunusError("quota_not_found");
    return quota;
  }

  /** The quotas of a user, who need not exist, by client id. */
  listOfUser(userId: string): Quota[] {
    return this.#options.ledger.listOfUser(userId);
  }

  /** The quotas for a client, by user id. @throws {PortunusError} `client_not_found` */
  listOfClient(clientId: string): Quota[] {
    return this.#options.ledger.listOfClient(this.#client(clientId).clientId);
  }

  #client(text: string): ClientRow {
    const client = this.#options.clients.get(clientIdOf(text));
    if (!client) throw new PortunusError("client_not_found", text);
    return client;
  }

  /** Who cannot enforce a quota is not given one; that of an absent client is unknown. */
  #checkVersion({ clientId, clientName }: ClientRow): void {
    const session = this.#options.registry.get(clientId);
    const refusal = gateForQuota({
      name: clientName,
      version: session?.version ?? null,
      protocols: session?.protocols ?? new Set(),
    });
    if (refusal) throw refusal;
  }
}

function keyOf({ userId, clientId }: QuotaAddress): QuotaKey {
  return { userId, clientId: clientIdOf(clientId) };
}

function clientIdOf(text: string): string {
  const id = parseUlid(text);
  if (id === null) throw new PortunusError("client_not_found", "invalid client id");
  return id;
}

function checkSize(monthlyBytes: bigint): void {
  if (monthlyBytes < 0n) {
    throw new PortunusError("invalid_quota_size", "monthly_bytes must not be negative");
  }
}
