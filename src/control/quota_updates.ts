/**
 * Tells clients of quotas: each change as it happens, and all of them when a client connects.
 *
 * @module
 */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { gateForQuota } from "../core/capabilities.ts";
import { errorText } from "../core/errors.ts";
import type { LogFields, Logger } from "../core/log.ts";
import { periodEndsAt, type Quota, remainingBytes } from "../core/quota.ts";
import type { QuotaRepository } from "../store/quotas.ts";
import type { QuotaObserver } from "../traffic/quota_ledger.ts";
import {
  type ServerMessage,
  ServerMessageSchema,
  TrafficQuotaAction,
  type TrafficQuotaUpdateSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import type { SessionRegistry } from "./registry.ts";
import type { ReplaySource } from "./replay.ts";
import type { Session } from "./session.ts";

export interface QuotaUpdatesOptions {
  readonly quotas: Pick<QuotaRepository, "get" | "listOfClient">;
  readonly registry: SessionRegistry;
  /** Makes a ULID. */
  readonly newId: () => string;
  readonly logger: Logger;
}

/**
 * Nobody waits for what is sent here: a client that is not connected gets it with the next replay,
 * and one that is slow to read must not hold up an operator.
 */
export class QuotaUpdates implements QuotaObserver, ReplaySource {
  readonly #options: QuotaUpdatesOptions;

  constructor(options: QuotaUpdatesOptions) {
    this.#options = options;
  }

  /** An operator made or changed a quota. */
  changed(quota: Quota): void {
    this.#push(quota, setMessage, {
      requestPrefix: "quota-",
      failure: "traffic_quota.push_failed",
      fields: { user_id: quota.userId, action: "set" },
    });
  }

  /** An operator removed a quota. */
  removed(quota: Quota): void {
    this.#push(quota, removeMessage, {
      requestPrefix: "quota-",
      failure: "traffic_quota.push_failed",
      fields: { user_id: quota.userId, action: "remove" },
    });
  }

  rolledOver(quota: Quota): void {
    this.#push(quota, setMessage, {
      requestPrefix: "quota-rollover-",
      failure: "traffic_quota.rollover_push_failed",
      fields: { user: quota.userId },
    });
  }

  exhausted(quota: Quota): void {
    this.#push(quota, setMessage, {
      requestPrefix: "quota-exhaust-",
      failure: "traffic_quota.exhaust_push_failed",
      fields: { user: quota.userId },
    });
  }

  /**
   * Sends a client that has just connected its quotas, if it knows what they are; those that are
   * removed meanwhile are left out. Where the store cannot be read, so are those it would say.
   * `false` when the session is over.
   */
  async replay(session: Session): Promise<boolean> {
    const { clientId, clientName: name, version, protocols } = session;
    if (gateForQuota({ name, version, protocols })) return true;
    const users = this.#read((quotas) => quotas.listOfClient(clientId)) ?? [];
    for (const { userId } of users) {
      const quota = this.#read((quotas) => quotas.get({ userId, clientId }));
      if (!quota) continue;
      const message = setMessage(`quota-replay-${this.#options.newId()}`, quota, session);
      if (!await session.send(message)) return false;
    }
    return true;
  }

  #read<T>(query: (quotas: QuotaUpdatesOptions["quotas"]) => T): T | undefined {
    try {
      return query(this.#options.quotas);
    } catch (error) {
      this.#options.logger.warn("operator.store_error", { error: errorText(error) });
      return undefined;
    }
  }

  #push(quota: Quota, toMessage: ToMessage, { requestPrefix, failure, fields }: Push): void {
    const { registry, newId, logger } = this.#options;
    const session = registry.ready(quota.clientId);
    if (!session) return;
    const message = toMessage(`${requestPrefix}${newId()}`, quota, session);
    // Not awaited: see above. The promise never rejects.
    void session.send(message).then((isSent) => {
      if (!isSent) logger.warn(failure, { ...fields, client_id: quota.clientId });
    });
  }
}

type ToMessage = (requestId: string, quota: Quota, session: Session) => ServerMessage;

/** How a message is marked, and what is logged when it cannot be sent. */
interface Push {
  readonly requestPrefix: string;
  readonly failure: string;
  readonly fields: LogFields;
}

/** SET: this is the budget of a user's rules from now on. */
function setMessage(requestId: string, quota: Quota, session: Session): ServerMessage {
  return quotaUpdate(requestId, quota, {
    clientName: session.clientName,
    action: TrafficQuotaAction.SET,
    state: {
      monthlyBytes: quota.monthlyBytes,
      budgetRemainingBytes: remainingBytes(quota),
      periodStartedAtUnixSec: quota.periodStartedAt,
      periodEndsAtUnixSec: periodEndsAt(quota),
      exhausted: quota.exhaustedAt !== null,
    },
  });
}

/** REMOVE: a user's rules have no budget any more. */
function removeMessage(requestId: string, quota: Quota, session: Session): ServerMessage {
  return quotaUpdate(requestId, quota, {
    clientName: session.clientName,
    action: TrafficQuotaAction.REMOVE,
  });
}

function quotaUpdate(
  requestId: string,
  { userId, clientId }: Quota,
  rest: MessageInitShape<typeof TrafficQuotaUpdateSchema>,
): ServerMessage {
  return create(ServerMessageSchema, {
    payload: { case: "trafficQuotaUpdate", value: { ...rest, requestId, userId, clientId } },
  });
}
