/**
 * `${NAME}` in values of `server.toml`. Substituted after the file was parsed, so that a secret
 * with a quote or a line break in it cannot change what the file means.
 *
 * @module
 */

/** A text without references, and the variables that had nothing to give. */
export interface Interpolated {
  readonly text: string;
  readonly unresolved: readonly string[];
}

/** Looks up a variable; one that cannot be read counts as unset. */
export type Env = (name: string) => string | undefined;

const REFERENCE = /(\\*)\$\{([^${}]+)\}/g;

/**
 * Replaces `${NAME}`, `${NAME:-fallback}` (unset or empty), `${NAME-fallback}` (unset) and
 * `${NAME?}` (nothing, without a word). An odd number of backslashes before it leaves a reference
 * as it is, and each pair of them becomes one. What a variable holds is not looked at again.
 */
export function interpolate(text: string, env: Env): Interpolated {
  const unresolved: string[] = [];
  const replaced = text.replace(REFERENCE, (whole, slashes: string, body: string) => {
    const kept = "\\".repeat(Math.floor(slashes.length / 2));
    if (slashes.length % 2 === 1) return kept + whole.slice(slashes.length);
    const { value, missing } = resolve(body, env);
    if (missing !== null) unresolved.push(missing);
    return kept + value;
  });
  return { text: replaced, unresolved };
}

function resolve(body: string, env: Env): { value: string; missing: string | null } {
  const [, name = body, operator, fallback = ""] = /^(.*?)(:-|-)(.*)$/s.exec(body) ?? [];
  if (operator !== undefined) {
    const value = env(name);
    const use = value !== undefined && (operator === "-" || value !== "");
    return { value: use ? value : fallback, missing: null };
  }
  if (body.endsWith("?")) return { value: env(body.slice(0, -1)) ?? "", missing: null };
  const value = env(body) ?? "";
  return { value, missing: value === "" ? body : null };
}
