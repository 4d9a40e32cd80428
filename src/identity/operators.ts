/**
 * The operators of the control plane as the API needs them. Asynchronous, because accounts may
 * live in another database than the rules do.
 *
 * @module
 */

import type { Grant } from "../core/grants.ts";
import { AccessError } from "../core/errors.ts";
import type { Role } from "../store/users.ts";

/** An authenticated operator. */
export interface Operator {
  readonly userId: string;
  readonly role: Role;
}

export interface AuthenticationFailure {
  readonly ok: false;
  readonly code: "credential_invalid" | "user_disabled";
}

export type AuthenticationResult =
  | { readonly ok: true; readonly operator: Operator }
  | AuthenticationFailure;

export interface OperatorDirectory {
  /** Whether an enabled superadmin exists. Until then the API is closed. */
  bootstrapped(): Promise<boolean>;
  /** Looks up a bearer token. Equal work for tokens that exist and tokens that do not. */
  authenticate(bearer: string): Promise<AuthenticationResult>;
  /** What a user may forward. */
  grantsOf(userId: string): Promise<readonly Grant[]>;
}

/**
 * @param text what the refusal says; routes about identities say `rbac: role_required`
 * @throws {AccessError} `role_required` unless `operator` is a superadmin
 */
export function requireSuperadmin(operator: Operator, text = "superadmin only"): void {
  if (operator.role !== "superadmin") throw new AccessError("role_required", text);
}

/** @throws {AccessError} `not_owner` unless `operator` owns the thing or is a superadmin */
export function requireOwner(operator: Operator, ownerId: string | null): void {
  if (operator.role !== "superadmin" && operator.userId !== ownerId) {
    throw new AccessError("not_owner");
  }
}
