/**
 * User ids as callers write them.
 *
 * @module
 */

import { AccessError, PortunusError } from "../core/errors.ts";
import { displayNameProblem, isReservedUserId, isUserId } from "../core/ids.ts";

/** Whether a user of this id may exist, reserved ones included. */
export const mayExist = (text: string): boolean => isUserId(text) || isReservedUserId(text);

/** The id of a user that may exist, reserved ones too. @throws {AccessError} `invalid_user_id` */
export function knownUserId(text: string): string {
  if (!mayExist(text)) throw new AccessError("invalid_user_id");
  return text;
}

/** An id that people may have. @throws {AccessError} `reserved_user_id`, `invalid_user_id` */
export function personalUserId(text: string): string {
  if (text.startsWith("_")) throw new AccessError("reserved_user_id");
  return knownUserId(text);
}

/** A display name without the spaces around it. @throws {PortunusError} `invalid_display_name` */
export function displayName(text: string): string {
  const name = text.trim();
  const problem = displayNameProblem(name);
  if (problem !== null) throw new PortunusError("invalid_display_name", problem);
  return name;
}
