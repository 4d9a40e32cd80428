/**
 * What an edited rule changes, and what that takes.
 *
 * @module
 */

import { t } from "../i18n/i18n.ts";
import { capsOf, parseHost } from "./rule_body.ts";
import { mayHaveSni, type RuleBody, type RuleFields, type TargetFields } from "./rule_fields.ts";

/** One field, as it was and as it is going to be. */
export interface FieldChange {
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

/** A form as the lines of a comparison. */
function lines(fields: RuleFields): Readonly<Record<string, string>> {
  const { protocol, listenStart, listenEnd, isMulti, targets, targetEnd } = fields;
  const rows = isMulti ? targets : targets.slice(0, 1);
  const end = (text: string) => text.trim() === "" ? "" : `-${text.trim()}`;
  const target = ({ host, port, priority, proxy }: TargetFields) =>
    `${parseHost(host) ?? host}:${port.trim()}${isMulti ? `@${priority}` : end(targetEnd)}` +
    (proxy === "" || protocol !== "tcp" ? "" : ` PROXY ${proxy}`);
  return {
    [t("column.listen")]: `${protocol.toUpperCase()} ${listenStart.trim()}${end(listenEnd)}`,
    [t("rule.targets")]: rows.map(target).join(", "),
    SNI: mayHaveSni(fields) ? fields.sni.trim().toLowerCase() : "",
    [t("rule_form.interval")]: fields.interval.trim(),
    [t("rule_form.prefer_ipv6")]: fields.preferIpv6 ? t("answer.yes") : t("answer.no"),
  };
}

/** The fields that differ, but for caps. */
export function fieldChanges(before: RuleFields, after: RuleFields): FieldChange[] {
  const [old, now] = [lines(before), lines(after)];
  return Object.keys(now).filter((label) => old[label] !== now[label]).map((label) => ({
    label,
    before: old[label] || "—",
    after: now[label] || "—",
  }));
}

/**
 * What brings a rule to `after`: caps change in place, everything else needs a new rule in the
 * place of the old one.
 */
export function changeKind(before: RuleFields, after: RuleFields): "none" | "caps" | "replace" {
  if (fieldChanges(before, after).length > 0) return "replace";
  const isSame = JSON.stringify(capsOf(before.caps)) === JSON.stringify(capsOf(after.caps));
  return isSame ? "none" : "caps";
}

/** Whether both could listen at once: then the new rule may come before the old one goes. */
export function areApart(before: RuleBody, after: RuleBody): boolean {
  if (before.protocol !== after.protocol) return true;
  const end = (it: RuleBody) => it.listen_port_end ?? it.listen_port;
  return end(before) < after.listen_port || end(after) < before.listen_port;
}
