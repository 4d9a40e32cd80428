/**
 * Who may visit a protected host, as of at most half a minute ago.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { PUBLISH_ACCESS } from "../../core/publish_limits.ts";
import type { UserStore } from "../../identity/identity_store.ts";
import type { Role } from "../../store/users.ts";
import type { HostPolicy } from "../host_table.ts";
import { hashSecret } from "../../system/secret_hash.ts";

/** Somebody with an enabled account. */
export interface Visitor {
  readonly userId: string;
  readonly role: Role;
  /** Changes with the password, so that a reset ends logins on hosts, too. No secret. */
  readonly version: string;
}

/** The protected hosts there are. */
export interface ProtectedHosts {
  /** `undefined` for a host that does not exist, or is not protected. Asked once a request. */
  policyOf(host: string): HostPolicy | undefined;
}

export function mayVisit({ users }: HostPolicy, { userId, role }: Visitor): boolean {
  return users === null || role === "superadmin" || users.includes(userId);
}

/** What applications behind a host are told of a visitor's groups. */
export function groupsOf({ role }: Pick<Visitor, "role">): readonly string[] {
  return [role === "superadmin" ? "admins" : "users"];
}

interface Known {
  readonly asked: Promise<Visitor | null>;
  readonly untilMs: number;
}

export class Visitors {
  readonly #store: Pick<UserStore, "account" | "passwordHash">;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(
    { store, clock }: {
      readonly store: Pick<UserStore, "account" | "passwordHash">;
      readonly clock: Clock;
    },
  ) {
    this.#store = store;
    this.#clock = clock;
  }

  /** As of half a minute ago at the most; `null` for who is no visitor any more. */
  async recent(userId: string): Promise<Visitor | null> {
    const known = this.#known.get(userId);
    if (known !== undefined && this.#clock.monotonic() < known.untilMs) return await known.asked;
    return await this.current(userId);
  }

  /** As of now. @throws {PortunusError} what the store of accounts does */
  async current(userId: string): Promise<Visitor | null> {
    const asked = this.#ask(userId);
    const untilMs = this.#clock.monotonic() + PUBLISH_ACCESS.recheckSecs * 1_000;
    const known = { asked, untilMs };
    this.#known.delete(userId);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= PUBLISH_ACCESS.visitorsMax) {
      this.#known.delete(oldest);
    }
    this.#known.set(userId, known);
    try {
      return await asked;
    } catch (error) {
      // A failure is nobody's answer but this request's.
      if (this.#known.get(userId) === known) this.#known.delete(userId);
      throw error;
    }
  }

  async #ask(userId: string): Promise<Visitor | null> {
    const account = await this.#store.account(userId);
    if (account === undefined || account.disabled) return null;
    const hash = await this.#store.passwordHash(userId);
    const version = hashSecret(`${account.createdAt.epochMilliseconds} ${hash ?? ""}`).slice(0, 16);
    return { userId, role: account.role, version };
  }
}
