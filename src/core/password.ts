import type { ErrorCode } from "./errors.ts";
import { PASSWORD } from "./limits.ts";

const utf8 = new TextEncoder();

/** The code of what is wrong with `password` as a new password, or `null`. */
export function passwordProblem(password: string): ErrorCode | null {
  if ([...password].length < PASSWORD.minChars) return "password_too_short";
  if (utf8.encode(password).length > PASSWORD.maxBytes) return "password_too_long";
  return null;
}
