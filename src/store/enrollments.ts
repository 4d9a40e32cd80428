/**
 * One-time enrollment codes (table `client_enrollments`), and what redeeming one does to the
 * roster. Each operation is one write transaction.
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";
import { toStoreText } from "../core/instant.ts";
import { ENROLLMENT, NAMES } from "../core/limits.ts";
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
  readonly code: string;
  readonly codeHash: string;
  /** Of the token that the client gets. */
  readonly tokenHash: string;
  readonly now: Temporal.Instant;
  /** Used only for rows of releases that knew no client ids. */
  readonly newClientId: string;
  /** Used only for rows of releases that kept no endpoint. May throw; nothing is consumed then. */
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

  constructor(store: Store) {
    this.#store = store;
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
    return db.transaction(() => {
      const old = toStoreText(now.subtract({ seconds: ENROLLMENT.keepSecs }));
      db.run("DELETE FROM client_enrollments WHERE consumed_at <= ? OR expires_at <= ?", old, old);
      const { clientId, clientName, clientAddress } = subject.kind === "new"
        ? subject
        : this.#client(subject.clientId);
      db.run(
        "UPDATE client_enrollments SET consumed_at = ? WHERE client_id = ? AND consumed_at IS NULL",
        toStoreText(now),
        clientId,
      );
      db.run(
        `INSERT INTO client_enrollments
           (client_name, client_address, code_hash, issued_at, expires_at, advertised_endpoint, client_id)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        clientName,
        clientAddress,
        codeHash,
        toStoreText(now),
        toStoreText(expiresAt),
        endpoint,
        clientId,
      );
      return clientName;
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
    return db.transaction(() => {
      const columns = db.get("SELECT * FROM client_enrollments WHERE code_hash = ?", codeHash);
      if (!columns) throw new PortunusError("enrollment_invalid");
      const row = new Row("client_enrollments", columns);
      if (row.textOrNull("consumed_at") !== null) throw new PortunusError("enrollment_used");
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

  /** Gives the row's client its new token, entering it into the roster if it is not there. */
  #enter(row: Row, { tokenHash, now, newClientId }: Redemption): Omit<Redeemed, "endpoint"> {
    const { db } = this.#store;
    const address = row.textOrNull("client_address");
    const clientId = row.textOrNull("client_id") ?? this.#idByName(row.text("client_name")) ??
      newClientId;
    const existing = db.get("SELECT client_name FROM client_tokens WHERE client_id = ?", clientId);
    if (existing) {
      db.run(
        `UPDATE client_tokens
         SET token_hash = ?, issued_at = ?, revoked_at = NULL, client_address = COALESCE(?, client_address)
         WHERE client_id = ?`,
        tokenHash,
        toStoreText(now),
        address,
        clientId,
      );
      return {
        clientId,
        clientName: new Row("client_tokens", existing).text("client_name"),
        rotated: true,
      };
    }
    const clientName = row.text("client_name");
    db.run(
      `INSERT INTO client_tokens (client_id, client_name, token_hash, issued_at, client_address)
       VALUES (?, ?, ?, ?, ?)`,
      clientId,
      clientName,
      tokenHash,
      toStoreText(now),
      address,
    );
    return { clientId, clientName, rotated: false };
  }

  #client(clientId: string) {
    const columns = this.#store.db.get(
      "SELECT client_name, client_address FROM client_tokens WHERE client_id = ?",
      clientId,
    );
    if (!columns) throw new PortunusError("client_not_found", clientId);
    const row = new Row("client_tokens", columns);
    return {
      clientId,
      clientName: row.text("client_name"),
      clientAddress: row.textOrNull("client_address"),
    };
  }

  #idByName(clientName: string): string | null {
    const columns = this.#store.db.get(
      "SELECT client_id FROM client_tokens WHERE client_name = ? ORDER BY client_id LIMIT 1",
      clientName,
    );
    return columns ? new Row("client_tokens", columns).text("client_id") : null;
  }
}
