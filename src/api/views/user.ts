import { toJsonText } from "../../core/instant.ts";
import type { CreatedUser } from "../../identity/accounts.ts";
import type { IssuedCredential } from "../../identity/api_credentials.ts";
import type { CredentialRow } from "../../store/credentials.ts";
import type { GrantRow } from "../../store/grants.ts";
import type { UserSummary } from "../../identity/accounts.ts";

/** A user as JSON. */
export function userView(user: UserSummary) {
  return {
    user_id: user.userId,
    display_name: user.displayName,
    role: user.role,
    disabled: user.disabled,
    created_at: toJsonText(user.createdAt),
    grant_count: user.grantCount,
    credential_count: user.credentialCount,
  };
}

/** A user that was just made. */
export function createdUserView({ userId, displayName, role }: CreatedUser) {
  return { user_id: userId, display_name: displayName, role };
}

/** A grant as JSON. */
export function grantView(grant: GrantRow) {
  return {
    grant_id: grant.grantId,
    user_id: grant.userId,
    client: grant.client,
    listen_port_start: grant.listen.start,
    listen_port_end: grant.listen.end,
    protocols: grant.protocols,
    note: grant.note,
    created_at: toJsonText(grant.createdAt),
  };
}

/** A credential as JSON; its hash never leaves the store. */
export function credentialView(credential: CredentialRow) {
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

/** A credential that was just made, with its token, this once. */
export function issuedCredentialView(credential: IssuedCredential) {
  return {
    credential_id: credential.credentialId,
    user_id: credential.userId,
    token: credential.token,
    label: credential.label,
    created_at: toJsonText(credential.issuedAt),
  };
}
