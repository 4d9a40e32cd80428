/**
 * One-time enrollment codes (table `client_enrollments`), and what redeeming one does to the
 * roster. Each operation is one write transaction.
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";
import { toStoreText } from "../core/instant.ts";
import { ENROLLMENT, NAMES } from "../core/limits.ts";
import { ClientRepository } from "./clients.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** Whom a code is for. A new client's row appears only when the code is redeemed. */
export type EnrollmentSubject =
  | {
    readonly kind: "new";
    readonly clientId: string;
    readonly clientName: string;
    readonly clientAddress: string | null;
  }
  | { readonly kind: "existing"; readonly clientId: string };

export interface NewCode {
  readonly subject: EnrollmentSubject;
  readonly codeHash: string;
  readonly now: Temporal.Instant;
  readonly expiresAt: Temporal.Instant;
  /** `host:port` the client will be told to dial. */
  readonly endpoint: string;
}

export interface Redemption {
  /** As it came in. Only its length is looked at. */
  readonly code: string;
  readonly codeHash: string;
  /** Of the token that the client gets. */
  readonly tokenHash: string;
  readonly now: Temporal.Instant;
  /** Used only for rows of releases that knew no client ids. */
  readonly newClientId: string;
  /**
   * Used only for rows of releases that kept no endpoint. Runs inside the transaction, so it must
   * not look into the store. May throw; nothing is consumed then.
   */
  readonly resolveEndpoint: () => string;
}

/** A redeemed code. */
export interface Redeemed {
  readonly clientId: string;
  /** The current display name, which may be newer than the code. */
  readonly clientName: string;
  readonly endpoint: string;
  /** Whether the client existed and its former token is void now. */
  readonly rotated: boolean;
}

const utf8 = new TextEncoder();

export class EnrollmentRepository {
  readonly #store: Store;
  readonly #clients: ClientRepository;

  constructor(store: Store) {
    this.#store = store;
    this.#clients = new ClientRepository(store);
  }

  /**
   * Stores a code. Earlier unused codes of the same client end, and codes that were used up or ran
   * out a day ago go.
   *
   * @returns the client's display name
   * @throws {PortunusError} `client_not_found` for an existing subject that does not exist
   */
  create({ subject, codeHash, now, expiresAt, endpoint }: NewCode): string {
    const { db } = this.#store;
    return this.#store.write(() => {
      const old = toStoreText(now.subtract({ seconds: ENROLLMENT.keepSecs }));
      db.run("DELETE FROM client_enrollments WHERE consumed_at <= ? OR expires_at <= ?", old, old);
      const client = subject.kind === "new" ? subject : this.#clients.get(subject.clientId);
      if (!client) throw new PortunusError("client_not_found", subject.clientId);
      db.run(
        "UPDATE client_enrollments SET consumed_at = ? WHERE client_id = ? AND consumed_at IS NULL",
        toStoreText(now),
        client.clientId,
      );
      db.run(
        `INSERT INTO client_enrollments
           (client_id, client_name, client_address, code_hash, issued_at, expires_at,
             advertised_endpoint)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        client.clientId,
        client.clientName,
        client.clientAddress,
        codeHash,
        toStoreText(now),
        toStoreText(expiresAt),
        endpoint,
      );
      return client.clientName;
    });
  }

  /**
   * Uses up a code: an existing client gets the new token (which also lifts a revocation), a new
   * one is entered into the roster.
   *
   * @throws {PortunusError} `enrollment_invalid`, `enrollment_used`, `enrollment_expired`, or what
   * `resolveEndpoint` throws
   */
  redeem(redemption: Redemption): Redeemed {
    const { code, codeHash, now } = redemption;
    if (code === "" || utf8.encode(code).length > NAMES.bearerMaxBytes) {
      throw new PortunusError("enrollment_invalid");
    }
    const { db } = this.#store;
    return this.#store.write(() => {
      const columns = db.get("SELECT * FROM client_enrollments WHERE code_hash = ?", codeHash);
      if (!columns) throw new PortunusError("enrollment_invalid");
      const row = new Row("client_enrollments", "id", columns);
      if (row.instantOrNull("consumed_at") !== null) throw new PortunusError("enrollment_used");
      if (Temporal.Instant.compare(row.instant("expires_at"), now) <= 0) {
        throw new PortunusError("enrollment_expired");
      }
      const endpoint = row.textOrNull("advertised_endpoint") ?? redemption.resolveEndpoint();
      const client = this.#enter(row, redemption);
      db.run(
        "UPDATE client_enrollments SET consumed_at = ? WHERE id = ?",
        toStoreText(now),
        row.integer("id"),
      );
      return { ...client, endpoint };
    });
  }

  /** Gives the client of a code its new token, entering it into the roster if it is not there. */
  #enter(row: Row, { tokenHash, now, newClientId }: Redemption): Omit<Redeemed, "endpoint"> {
    const clientName = row.text("client_name");
    const clientAddress = row.textOrNull("client_address");
    const token = { tokenHash, issuedAt: now, clientAddress };
    const id = row.textOrNull("client_id");
    const existing = id === null ? this.#clients.findByName(clientName) : this.#clients.get(id);
    if (!existing) {
      const clientId = id ?? newClientId;
      this.#clients.insert({ clientId, clientName, ...token });
      return { clientId, clientName, rotated: false };
    }
    this.#clients.rotate(existing.clientId, token);
    return { clientId: existing.clientId, clientName: existing.clientName, rotated: true };
  }
}
