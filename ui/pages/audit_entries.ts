/**
 * Entries of the audit trail: found by what they say, and led back to what they were about.
 *
 * @module
 */

import type { AuditEntry } from "../api/types.ts";

/** An entry with something to tell it from the others of its page. */
export type KeyedEntry = AuditEntry & { readonly key: string };

/** Entries have no ids; those of one instant are counted from the oldest, which stays put. */
export function keyed(entries: readonly AuditEntry[]): KeyedEntry[] {
  const seen = new Map<string, number>();
  return entries.toReversed().map((entry) => {
    const n = seen.get(entry.timestamp) ?? 0;
    seen.set(entry.timestamp, n + 1);
    return { ...entry, key: `${entry.timestamp} ${n}` };
  }).toReversed();
}

/** Whether an entry speaks of `search` and has that outcome; empty ones are every entry's. */
export function auditFilter(search: string, outcome: string): (entry: AuditEntry) => boolean {
  const wanted = search.trim().toLowerCase();
  return ({ actor, method, path, reason = "", resource_value = "", ...entry }) =>
    (outcome === "" || entry.outcome === outcome) &&
    `${actor} ${method} ${path} ${reason} ${resource_value}`.toLowerCase().includes(wanted);
}

/** The page of what an entry is about, `null` where there is none. */
export function auditPlace({ path, resource_kind, resource_value }: AuditEntry): string | null {
  if (resource_kind === "user" && resource_value !== undefined) return `/users/${resource_value}`;
  const [, kind, id] = /^\/v1\/(rules|clients|users)\/([^/]+)/.exec(path) ?? [];
  return kind === undefined || id === "me" ? null : `/${kind}/${id}`;
}
