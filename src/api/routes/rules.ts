/**
 * `/v1/rules`: push, list, show, remove, counters.
 *
 * @module
 */

import type { RuleService } from "../../control/rules.ts";
import { PortunusError } from "../../core/errors.ts";
import { checkPush } from "../../core/grants.ts";
import { RuleBody } from "../../core/rule_body.ts";
import { ackTimeoutSecs, completeRule, shapeOf } from "../../core/rule_input.ts";
import { type OperatorDirectory, requireOwner } from "../../identity/operators.ts";
import type { StoredRule } from "../../store/rules.ts";
import type { RuleStatsCache } from "../../traffic/rule_stats.ts";
import { type AppContext, queryFlag, readJson, type Route, sendJson, u64Param } from "../http.ts";
import { pushView, ruleView, statsView } from "../views/rule.ts";

export interface RuleRoutesOptions {
  readonly rules: RuleService;
  readonly stats: RuleStatsCache;
  readonly operators: OperatorDirectory;
}

export function ruleRoutes(
  route: Route,
  { rules, stats, operators }: RuleRoutesOptions,
): void {
  /** The rule of the path, if the caller may see it. */
  const ownRule = (c: AppContext): StoredRule => {
    const rule = rules.get(u64Param(c, "rule_id"));
    if (!rule) throw new PortunusError("rule_not_found");
    requireOwner(c.get("operator"), rule.ownerId);
    return rule;
  };

  route("/v1/rules", {
    GET(c) {
      const { role, userId } = c.get("operator");
      const client = c.req.query("client")?.trim() ?? "";
      const owner = role === "superadmin" ? c.req.query("owner") ?? "" : userId;
      const shown = rules.list().filter((rule) =>
        (client === "" || rule.clientName === client) && (owner === "" || rule.ownerId === owner)
      );
      return sendJson(c, shown.map((rule) => ruleView(rule, stats.get(rule.id))));
    },

    async POST(c) {
      const body = await readJson(c, RuleBody);
      const { role, userId } = c.get("operator");
      const shape = shapeOf(body);
      if (role !== "superadmin") checkPush(await operators.grantsOf(userId), shape);
      const rule = await rules.push(completeRule(shape), userId, ackTimeoutSecs(body) * 1_000);
      return sendJson(c, pushView(rule, userId), 201);
    },
  });

  route("/v1/rules/:rule_id", {
    GET(c) {
      const rule = ownRule(c);
      return sendJson(c, ruleView(rule, stats.get(rule.id)));
    },

    async DELETE(c) {
      await rules.remove(ownRule(c).id);
      return c.body(null, 204);
    },
  });

  route("/v1/rules/:rule_id/stats", {
    GET(c) {
      const rule = ownRule(c);
      const snapshot = stats.get(rule.id);
      if (!snapshot) throw new PortunusError("rule_not_found");
      const include = { perPort: queryFlag(c, "per_port"), perTarget: queryFlag(c, "per_target") };
      return sendJson(c, statsView(rule, snapshot, include));
    },
  });
}
