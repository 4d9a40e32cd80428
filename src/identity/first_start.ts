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
import type { IdentityStore } from "../store/identity.ts";
import { newToken, type Random } from "../system/random.ts";
import { hashSecret } from "../system/secret_hash.ts";

const SETUP_TOKEN_TTL_SECS = 1_800;

export interface FirstStartOptions {
  readonly operators: IdentityStore;
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
export function bootstrapSuperadmin(
  options: Omit<FirstStartOptions, "logger">,
  displayName: string,
): string {
  const { operators, clock, random, newId } = options;
  requireNoSuperadmin(operators);
  const name = displayName.trim();
  const problem = displayNameProblem(name);
  if (problem !== null) throw new PortunusError("invalid_display_name", problem);
  const token = newToken(random);
  operators.credentials.bootstrapSuperadmin({
    userId: RESERVED_USERS.superadmin,
    displayName: name,
    credentialId: newId(),
    tokenHash: hashSecret(token),
    label: "bootstrap",
    now: instantFromMillis(clock.now()),
  });
  return token;
}

/**
 * Runs at every start. Without a superadmin, the configured `operator_token` becomes one; failing
 * that, a new setup token for the Web UI is handed to `printSetupToken`, its only appearance.
 *
 * @throws {PortunusError} `config_invalid` for an operator token of a wrong length
 */
export function prepareFirstStart(
  options: FirstStartOptions & {
    readonly operatorToken: string | null;
    readonly printSetupToken: (token: string) => void;
  },
): void {
  const { operators, logger, operatorToken } = options;
  const superadminPresent = operators.users.countEnabledSuperadmins() > 0;
  logger.info("operator.store_loaded", {
    users: operators.users.count(),
    grants: operators.grants.count(),
    superadmin_present: superadminPresent,
  });
  if (superadminPresent) return;
  if (operatorToken !== null) return bootstrapFromConfig(options, operatorToken);

  options.printSetupToken(rotateSetupToken(options));
}

/**
 * Replaces the setup token of the Web UI; returns the new one, which is kept nowhere.
 *
 * @throws {PortunusError} `already_bootstrapped`
 */
export function rotateSetupToken(options: Omit<FirstStartOptions, "newId">): string {
  const { operators, clock, random, logger } = options;
  requireNoSuperadmin(operators);
  const now = instantFromMillis(clock.now());
  const expiresAt = now.add({ seconds: SETUP_TOKEN_TTL_SECS });
  const token = newToken(random);
  operators.setupToken.rotate({ tokenHash: hashSecret(token), issuedAt: now, expiresAt });
  logger.info("operator.onboarding_setup_token_rotated", { expires_at: toCliText(expiresAt) });
  return token;
}

function requireNoSuperadmin(operators: IdentityStore): void {
  if (operators.users.countEnabledSuperadmins() > 0) {
    throw new PortunusError("already_bootstrapped", "a superadmin exists");
  }
}

function bootstrapFromConfig(
  { operators, clock, logger, newId }: FirstStartOptions,
  operatorToken: string,
): void {
  const bytes = new TextEncoder().encode(operatorToken).length;
  if (bytes < 1 || bytes > NAMES.bearerMaxBytes) {
    throw new PortunusError(
      "config_invalid",
      `operator_token must be 1 to ${NAMES.bearerMaxBytes} bytes, got ${bytes}`,
    );
  }
  operators.credentials.bootstrapSuperadmin({
    userId: RESERVED_USERS.legacy,
    displayName: "operator_token shortcut",
    credentialId: newId(),
    tokenHash: hashSecret(operatorToken),
    label: "operator_token (server.toml)",
    now: instantFromMillis(clock.now()),
  });
  logger.info("operator.bootstrap_legacy", { outcome: "ok" });
}
