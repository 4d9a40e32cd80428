/**
 * A connected client, as the rest of the server sees it.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { SESSION } from "../core/limits.ts";
import { BoundedQueue } from "../core/queue.ts";
import type { Protocol } from "../core/rule.ts";
import {
  ActivationOutcome,
  type RuleStatus,
  type ServerMessage,
} from "../wire/gen/portunus/v1/portunus_pb.ts";

/** Who authenticated: nothing but the token identifies a client. */
export interface ClientIdentity {
  readonly clientId: string;
  readonly clientName: string;
}

/** What came back for a pushed rule. */
export type AckResult =
  | { readonly kind: "status"; readonly status: RuleStatus }
  /** No answer in time. */
  | { readonly kind: "timeout" }
  /** No answer in time, and the session it was expected on is gone. */
  | { readonly kind: "lost" };

/** An answer that somebody waits for. Disposing it stops the waiting. */
export interface PendingAck extends Disposable {
  readonly result: Promise<AckResult>;
}

interface Waiter {
  readonly ruleId: bigint;
  readonly settle: (result: AckResult) => void;
}

/** One control session. Its queue, waiters and capabilities die with it; the rules do not. */
export class Session {
  readonly clientId: string;
  /** Display name; follows renames. */
  clientName: string;
  readonly connectedAt: Temporal.Instant;
  /** Protocols the client said it forwards; a client that says nothing forwards TCP. */
  protocols: ReadonlySet<Protocol> = new Set<Protocol>(["tcp"]);
  /** Release version of the client, `null` until (and unless) it says one. */
  version: string | null = null;
  /** Messages on their way to the client. */
  readonly outbound = new BoundedQueue<ServerMessage>(SESSION.serverOutboundMax);
  /** Whether Welcome was queued: nothing may be sent before it. */
  welcomed = false;

  readonly #cancel = new AbortController();
  readonly #waiters = new Map<string, Waiter>();

  constructor(
    /** Counts up over the life of the process. */
    readonly sessionId: number,
    identity: ClientIdentity,
    /** `ip:port` of the peer. */
    readonly remoteAddr: string,
    readonly clock: Clock,
  ) {
    this.clientId = identity.clientId;
    this.clientName = identity.clientName;
    this.connectedAt = Temporal.Instant.fromEpochMilliseconds(clock.now());
  }

  /** Aborted when the session has to end: superseded, revoked, re-enrolled or server shutdown. */
  get cancelled(): AbortSignal {
    return this.#cancel.signal;
  }

  /** Ends the session; the client sees an orderly end of the stream. */
  cancel(): void {
    this.#cancel.abort();
    this.outbound.close();
  }

  /** Queues `message`, waiting for room. `false` when the session is over. */
  send(message: ServerMessage): Promise<boolean> {
    return this.outbound.push(message);
  }

  /** Waits up to `timeoutMs` for the status that answers `requestId`. */
  expectAck(requestId: string, ruleId: bigint, timeoutMs: number): PendingAck {
    const { promise, resolve } = Promise.withResolvers<AckResult>();
    const timer = this.clock.timer(timeoutMs, () => {
      settle({ kind: this.outbound.closed ? "lost" : "timeout" });
    });
    const settle = (result: AckResult) => {
      this.#waiters.delete(requestId);
      timer[Symbol.dispose]();
      resolve(result);
    };
    this.#waiters.set(requestId, { ruleId, settle });
    return { result: promise, [Symbol.dispose]: () => settle({ kind: "lost" }) };
  }

  /**
   * Hands `status` to whoever waits for it. A 3.1.0 client answers a rule it could not read with
   * FAILED and an empty request id; that belongs to the push of the rule that is still unanswered.
   *
   * @returns whether somebody waited
   */
  acknowledge(status: RuleStatus): boolean {
    const waiter = status.requestId === "" && status.outcome === ActivationOutcome.FAILED
      ? this.#waiters.values().find(({ ruleId }) => ruleId === status.ruleId)
      : this.#waiters.get(status.requestId);
    waiter?.settle({ kind: "status", status });
    return waiter !== undefined;
  }
}
