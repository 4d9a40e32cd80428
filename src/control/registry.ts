/**
 * The connected clients: at most one session per client id.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { type ClientIdentity, Session } from "./session.ts";

export class SessionRegistry {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, Session>();
  #nextSessionId = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Registers a session. An older one of the same client is cancelled: its connection may be dead
   * without either side knowing, and the client that just authenticated is the one to talk to.
   */
  register(identity: ClientIdentity, remoteAddr: string): Session {
    const session = new Session(this.#nextSessionId++, identity, remoteAddr, this.#clock);
    const previous = this.#sessions.get(identity.clientId);
    this.#sessions.set(identity.clientId, session);
    previous?.cancel();
    return session;
  }

  /** Forgets `session`, unless a newer one has taken its place. */
  unregister(session: Session): void {
    session.cancel();
    if (this.#sessions.get(session.clientId) === session) this.#sessions.delete(session.clientId);
  }

  /** The session of a client, if it is connected. */
  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  /** The session that commands for a client may be sent on: connected and welcomed. */
  ready(clientId: string): Session | undefined {
    const session = this.#sessions.get(clientId);
    return session?.welcomed ? session : undefined;
  }

  /** The first ready session whose display name is `name`; names are not unique. */
  readyByName(name: string): Session | undefined {
    return this.#sessions.values().find((it) => it.welcomed && it.clientName === name);
  }

  /** Ends the session of a client whose credentials no longer hold. Whether there was one. */
  disconnect(clientId: string): boolean {
    const session = this.#sessions.get(clientId);
    session?.cancel();
    return session !== undefined;
  }

  /** Ends every session. */
  disconnectAll(): void {
    for (const session of this.#sessions.values()) session.cancel();
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#sessions.size;
  }
}
