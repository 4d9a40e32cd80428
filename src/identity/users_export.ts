/**
 * Accounts as the file that Authelia and others read users from. One way: it is never read back.
 *
 * @module
 */

import type { Role } from "../store/users.ts";

/** An account with its hash, for the export alone. */
export interface ExportedUser {
  readonly userId: string;
  readonly displayName: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly email: string | null;
  /** Argon2id PHC string; `null` for accounts that are left out. */
  readonly passwordHash: string | null;
}

/** Whose mail goes nowhere while this server has no domain. */
const NO_DOMAIN = "localhost";

/** Group of superadmins, and that of everybody else. */
const GROUPS: Readonly<Record<Role, string>> = { superadmin: "admins", user: "users" };

/**
 * The file's text: `users.<name>` with `displayname`, `password`, `email`, `groups`, `disabled`.
 * Accounts without a password are left out. The package is loaded with the first use.
 *
 * @param domain what addresses are made of where an account has none
 */
export async function usersYaml(
  users: readonly ExportedUser[],
  domain: string | null,
): Promise<string> {
  const { stringify } = await import("yaml");
  const entries = users.flatMap(({ passwordHash, ...user }) =>
    passwordHash === null ? [] : [[user.userId, {
      displayname: user.displayName,
      password: passwordHash,
      email: user.email ?? `${user.userId}@${domain ?? NO_DOMAIN}`,
      groups: [GROUPS[user.role]],
      disabled: user.disabled,
    }]]
  );
  // Strings are quoted, and names that YAML 1.1 takes for something else: readers differ.
  return stringify({ users: Object.fromEntries(entries) }, {
    compat: "yaml-1.1",
    defaultStringType: "QUOTE_DOUBLE",
    defaultKeyType: "PLAIN",
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}
