import { z } from "zod";
import { toJsonText } from "../../core/instant.ts";
import type { AuditEntry } from "../../store/audit.ts";
import { dateTime, role } from "./scalars.ts";

export const AuditEntryView = z.object({
  timestamp: dateTime,
  actor: z.string().meta({ description: "A user id, or `_anonymous`." }),
  role: role.optional(),
  method: z.string(),
  path: z.string(),
  outcome: z.enum(["allow", "deny"]),
  reason: z.string().optional().meta({ description: "Why a request was denied." }),
  action: z.string().optional().meta({ description: "Of entries that are not requests." }),
  resource_kind: z.string().optional(),
  resource_value: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
}).meta({ id: "AuditEntry" });

/** An entry of the audit trail as JSON; what is not known or does not apply is left out. */
export function auditView(entry: AuditEntry): z.input<typeof AuditEntryView> {
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
