import { toJsonText } from "../../core/instant.ts";
import type { AuditEntry } from "../../store/audit.ts";

/** An entry of the audit trail as JSON; what is not known or does not apply is left out. */
export function auditView(entry: AuditEntry) {
  const { action, details } = entry;
  const space = action.indexOf(" ");
  const isRequest = space !== -1;
  return {
    timestamp: toJsonText(entry.timestamp),
    actor: entry.actor,
    role: entry.role ?? undefined,
    method: isRequest ? action.slice(0, space) : "",
    path: isRequest ? action.slice(space + 1) : action,
    outcome: entry.outcome,
    reason: entry.reason ?? undefined,
    action: isRequest ? undefined : action,
    resource_kind: entry.resourceKind ?? undefined,
    resource_value: entry.resourceValue ?? undefined,
    details: Object.keys(details).length === 0 ? undefined : details,
  };
}
