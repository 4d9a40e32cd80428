import type { RuleService } from "../control/rules.ts";
import { PortunusError } from "../core/errors.ts";
import { requireOwner } from "../identity/operators.ts";
import type { StoredRule } from "../store/rules.ts";
import { type AppContext, u64Param } from "./http.ts";

/**
 * The rule that `{rule_id}` of the path names.
 *
 * @throws {DecodeError} 400 when it is no number
 * @throws {PortunusError} `rule_not_found`, or `not_owner` when it is somebody else's
 */
export function ownRule(c: AppContext, rules: RuleService): StoredRule {
  const rule = rules.get(u64Param(c, "rule_id"));
  if (!rule) throw new PortunusError("rule_not_found");
  requireOwner(c.get("operator"), rule.ownerId);
  return rule;
}
