/**
 * What happens while a server has no superadmin: the ways to get the first one.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import { displayNameProblem, RESERVED_USERS } from "../core/ids.ts";
import { instantFromMillis, toCliText } from "../core/instant.ts";
import { NAMES } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { GrantRepository } from "../store/grants.ts";
import type { SetupTokenRepository } from "../store/setup_token.ts";
import { newToken, type Random } from "../system/random.ts";
import { hashSecret } from "../system/secret_hash.ts";
import type { UserStore } from "./identity_store.ts";

const SETUP_TOKEN_TTL_SECS = 1_800;

export interface FirstStartOptions {
  readonly store: UserStore;
  readonly setupToken: SetupTokenRepository;
  readonly grantRows: GrantRepository;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Makes a ULID. */
  readonly newId: () => string;
}

/**
 * Creates the first superadmin, `_superadmin`, and returns its API token, which is kept nowhere.
 *
 * @throws {PortunusError} `already_bootstrapped`, `invalid_display_name`
 */
export async function bootstrapSuperadmin(
  options: Pick<FirstStartOptions, "store" | "clock" | "random" | "newId">,
  displayName: string,
): Promise<string> {
  await requireNoSuperadmin(options.store);
  const name = displayName.trim();
  const problem = displayNameProblem(name);
  if (problem !== null) throw new PortunusError("invalid_display_name", problem);
  const token = newToken(options.random);
  await insertFirst(options, {
    userId: RESERVED_USERS.superadmin,
    displayName: name,
    token,
    label: "bootstrap",
  });
  return token;
}

/**
 * Runs at every start. Without a superadmin, the configured `operator_token` becomes one; failing
 * that, a new setup token for the Web UI is handed to `printSetupToken`, its only appearance.
 *
 * @throws {PortunusError} `config_invalid` for an operator token of a wrong length
 */
export async function prepareFirstStart(
  options: FirstStartOptions & {
    readonly operatorToken: string | null;
    readonly printSetupToken: (token: string) => void;
    /** Of the store, for the log. */
    readonly path: string;
  },
): Promise<void> {
  const { store, grantRows, logger, operatorToken, path } = options;
  const superadminPresent = await store.enabledSuperadmins() > 0;
  logger.info("operator.store_loaded", {
    path,
    users: (await store.accounts()).length,
    grants: grantRows.count(),
    superadmin_present: superadminPresent,
  });
  if (superadminPresent) return;
  if (operatorToken !== null) return await bootstrapFromConfig(options, operatorToken);

  options.printSetupToken(await rotateSetupToken(options));
}

/**
 * Replaces the setup token of the Web UI; returns the new one, which is kept nowhere.
 *
 * @throws {PortunusError} `already_bootstrapped`
 */
export async function rotateSetupToken(
  options: Pick<FirstStartOptions, "store" | "setupToken" | "clock" | "random" | "logger">,
): Promise<string> {
  const { store, setupToken, clock, random, logger } = options;
  await requireNoSuperadmin(store);
  const now = instantFromMillis(clock.now());
  const expiresAt = now.add({ seconds: SETUP_TOKEN_TTL_SECS });
  const token = newToken(random);
  setupToken.rotate({ tokenHash: hashSecret(token), issuedAt: now, expiresAt });
  logger.info("operator.onboarding_setup_token_rotated", { expires_at: toCliText(expiresAt) });
  return token;
}

async function requireNoSuperadmin(store: UserStore): Promise<void> {
  if (await store.enabledSuperadmins() > 0) {
    throw new PortunusError("already_bootstrapped", "a superadmin exists");
  }
}

async function bootstrapFromConfig(
  options: FirstStartOptions,
  operatorToken: string,
): Promise<void> {
  const bytes = new TextEncoder().encode(operatorToken).length;
  if (bytes < 1 || bytes > NAMES.bearerMaxBytes) {
    throw new PortunusError(
      "config_invalid",
      `operator_token must be 1 to ${NAMES.bearerMaxBytes} bytes, got ${bytes}`,
    );
  }
  await insertFirst(options, {
    userId: RESERVED_USERS.legacy,
    displayName: "operator_token shortcut",
    token: operatorToken,
    label: "operator_token (server.toml)",
  });
  options.logger.info("operator.bootstrap_legacy", { outcome: "ok" });
}

/** Enters a superadmin who has no password but an API credential. */
async function insertFirst(
  { store, clock, newId }: Pick<FirstStartOptions, "store" | "clock" | "newId">,
  { userId, displayName, token, label }: {
    readonly userId: string;
    readonly displayName: string;
    readonly token: string;
    readonly label: string;
  },
): Promise<void> {
  const now = instantFromMillis(clock.now());
  await store.insertFirstSuperadmin({
    user: {
      userId,
      role: "superadmin",
      displayName,
      createdAt: now,
      passwordHash: null,
      passwordChangeRequired: false,
    },
    credential: {
      credentialId: newId(),
      userId,
      tokenHash: hashSecret(token),
      label,
      issuedAt: now,
    },
  }, () => undefined);
}
