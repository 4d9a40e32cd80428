/**
 * Accounts that are offered to somebody (table `invitations`). Only hashes of the tokens are kept.
 *
 * @module
 */

import { z } from "zod";
import type { Grant } from "../core/grants.ts";
import { toStoreText } from "../core/instant.ts";
import { PROTOCOLS } from "../core/rule.ts";
import { type Columns, StoreError } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";
import { type Role, ROLES } from "./users.ts";

/** A grant that comes with the account. */
export interface InvitedGrant extends Grant {
  readonly note: string | null;
}

export interface Invitation {
  readonly invitationId: string;
  readonly userId: string;
  readonly displayName: string | null;
  readonly email: string | null;
  readonly role: Role;
  readonly grants: readonly InvitedGrant[];
  readonly createdBy: string;
  readonly createdAt: Temporal.Instant;
  readonly expiresAt: Temporal.Instant;
  readonly acceptedAt: Temporal.Instant | null;
}

const Grants = z.array(z.strictObject({
  client: z.string(),
  listen: z.strictObject({ start: z.int(), end: z.int() }),
  protocols: z.array(z.enum(PROTOCOLS)),
  note: z.string().nullable(),
}));

const COLUMNS = `invitation_id, user_id, display_name, email, role, grants, created_by, created_at,
  expires_at, accepted_at`;

export class InvitationRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every invitation, the newest first. */
  list(): Invitation[] {
    return this.#store.db.all(
      `SELECT ${COLUMNS} FROM invitations ORDER BY created_at DESC, invitation_id DESC`,
    ).map(toInvitation);
  }

  ofToken(tokenHash: string): Invitation | undefined {
    const row = this.#store.db.get(
      `SELECT ${COLUMNS} FROM invitations WHERE token_hash = ?`,
      tokenHash,
    );
    return row && toInvitation(row);
  }

  /** Whether somebody may still accept to be this user. */
  isPending(userId: string, now: Temporal.Instant): boolean {
    return this.#store.db.get(
      `SELECT 1 AS n FROM invitations
       WHERE user_id = ? AND accepted_at IS NULL AND expires_at > ?`,
      userId,
      toStoreText(now),
    ) !== undefined;
  }

  insert(invitation: Invitation, tokenHash: string): void {
    this.#store.db.run(
      `INSERT INTO invitations (token_hash, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      tokenHash,
      invitation.invitationId,
      invitation.userId,
      invitation.displayName,
      invitation.email,
      invitation.role,
      JSON.stringify(invitation.grants),
      invitation.createdBy,
      toStoreText(invitation.createdAt),
      toStoreText(invitation.expiresAt),
      invitation.acceptedAt && toStoreText(invitation.acceptedAt),
    );
  }

  /** Uses an invitation up. `false` when it was used before, is over, or was revoked. */
  accept(invitationId: string, now: Temporal.Instant): boolean {
    return this.#store.db.run(
      `UPDATE invitations SET accepted_at = ?
       WHERE invitation_id = ? AND accepted_at IS NULL AND expires_at > ?`,
      toStoreText(now),
      invitationId,
      toStoreText(now),
    ) > 0;
  }

  /** `false` when there is no such invitation. */
  delete(invitationId: string): boolean {
    return this.#store.db.run(
      "DELETE FROM invitations WHERE invitation_id = ?",
      invitationId,
    ) > 0;
  }

  /** Deletes what was over before `since`. */
  sweep(since: Temporal.Instant): void {
    this.#store.db.run("DELETE FROM invitations WHERE expires_at < ?", toStoreText(since));
  }
}

function toInvitation(columns: Columns): Invitation {
  const row = new Row("invitations", "invitation_id", columns);
  const grants = Grants.safeParse(JSON.parse(row.text("grants")));
  if (!grants.success) {
    const id = row.text("invitation_id");
    throw new StoreError("corruption", `invitations.grants of ${id} are no grants`);
  }
  return {
    invitationId: row.text("invitation_id"),
    userId: row.text("user_id"),
    displayName: row.textOrNull("display_name"),
    email: row.textOrNull("email"),
    role: row.oneOf("role", ROLES),
    grants: grants.data,
    createdBy: row.text("created_by"),
    createdAt: row.instant("created_at"),
    expiresAt: row.instant("expires_at"),
    acceptedAt: row.instantOrNull("accepted_at"),
  };
}
