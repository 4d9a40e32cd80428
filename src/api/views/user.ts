/**
 * Users, their grants and their API credentials as JSON.
 *
 * @module
 */

import { z } from "zod";
import { toJsonText } from "../../core/instant.ts";
import type { CreatedUser, PasswordResetResult, UserSummary } from "../../identity/accounts.ts";
import type { IssuedCredential } from "../../identity/api_credentials.ts";
import type { RemovedUser } from "../../control/access.ts";
import { u16, u64 } from "../../core/integer_schemas.ts";
import type { CredentialRow } from "../../store/credentials.ts";
import type { GrantRow } from "../../store/grants.ts";
import { dateTime, protocol, role, ulid, userId } from "./scalars.ts";

const count = z.int().min(0);

export const UserView = z.object({
  user_id: userId,
  display_name: z.string(),
  role,
  disabled: z.boolean(),
  created_at: dateTime,
  grant_count: count,
  credential_count: count.meta({ description: "Active API credentials." }),
  email: z.string().optional(),
  totp_enabled: z.literal(true).optional().meta({
    description: "There when logins ask for a one-time code.",
  }),
}).meta({ id: "User" });

export function userView(user: UserSummary): z.input<typeof UserView> {
  return {
    user_id: user.userId,
    display_name: user.displayName,
    role: user.role,
    disabled: user.disabled,
    created_at: toJsonText(user.createdAt),
    grant_count: user.grantCount,
    credential_count: user.credentialCount,
    ...(user.email === null ? {} : { email: user.email }),
    ...(user.totpEnabled ? { totp_enabled: true } : {}),
  };
}

export const CreatedUserView = z.object({ user_id: userId, display_name: z.string(), role })
  .meta({ id: "CreatedUser" });

/** A user that was just made. */
export function createdUserView(
  { userId, displayName, role }: CreatedUser,
): z.input<typeof CreatedUserView> {
  return { user_id: userId, display_name: displayName, role };
}

export const RemovedUserView = z.object({
  user_id: userId,
  removed_credential_ids: z.array(ulid),
  revoked_grant_ids: z.array(ulid),
  removed_rule_ids: z.array(u64),
}).meta({ id: "RemovedUser" });

/** What went with a user. */
export function removedUserView(removed: RemovedUser): z.input<typeof RemovedUserView> {
  return {
    user_id: removed.userId,
    removed_credential_ids: [...removed.credentialIds],
    revoked_grant_ids: [...removed.grantIds],
    removed_rule_ids: [...removed.ruleIds],
  };
}

export const PasswordResetView = z.object({
  user_id: userId,
  sessions_revoked: count,
  api_tokens_revoked: count,
  temporary_password: z.string().optional().meta({
    description: "The password that was made up, this once. Absent when one was given.",
  }),
}).meta({ id: "PasswordReset" });

export function passwordResetView(
  userId: string,
  { sessionsRevoked, apiTokensRevoked, generatedPassword }: PasswordResetResult,
): z.input<typeof PasswordResetView> {
  return {
    user_id: userId,
    sessions_revoked: sessionsRevoked,
    api_tokens_revoked: apiTokensRevoked,
    ...(generatedPassword === null ? {} : { temporary_password: generatedPassword }),
  };
}

export const GrantView = z.object({
  grant_id: ulid,
  user_id: userId,
  client: z.string().meta({ description: "A client's display name, or `*` for all." }),
  listen_port_start: u16,
  listen_port_end: u16,
  protocols: z.array(protocol),
  note: z.string().nullable(),
  created_at: dateTime,
}).meta({ id: "Grant" });

export function grantView(grant: GrantRow): z.input<typeof GrantView> {
  return {
    grant_id: grant.grantId,
    user_id: grant.userId,
    client: grant.client,
    listen_port_start: grant.listen.start,
    listen_port_end: grant.listen.end,
    protocols: [...grant.protocols],
    note: grant.note,
    created_at: toJsonText(grant.createdAt),
  };
}

export const CredentialView = z.object({
  credential_id: ulid,
  user_id: userId,
  label: z.string().nullable(),
  created_at: dateTime,
  last_used_at: dateTime.nullable(),
  status: z.enum(["active", "revoked"]),
  revoked_at: dateTime.nullable(),
}).meta({ id: "Credential" });

/** A credential as JSON; its hash never leaves the store. */
export function credentialView(credential: CredentialRow): z.input<typeof CredentialView> {
  const { lastUsedAt, revokedAt } = credential;
  return {
    credential_id: credential.credentialId,
    user_id: credential.userId,
    label: credential.label,
    created_at: toJsonText(credential.issuedAt),
    last_used_at: lastUsedAt && toJsonText(lastUsedAt),
    status: credential.status,
    revoked_at: revokedAt && toJsonText(revokedAt),
  };
}

export const IssuedCredentialView = z.object({
  credential_id: ulid,
  user_id: userId,
  token: z.string().meta({ description: "The bearer token, this once. It is kept nowhere." }),
  label: z.string().nullable(),
  created_at: dateTime,
}).meta({ id: "IssuedCredential" });

/** A credential that was just made, with its token, this once. */
export function issuedCredentialView(
  credential: IssuedCredential,
): z.input<typeof IssuedCredentialView> {
  return {
    credential_id: credential.credentialId,
    user_id: credential.userId,
    token: credential.token,
    label: credential.label,
    created_at: toJsonText(credential.issuedAt),
  };
}
