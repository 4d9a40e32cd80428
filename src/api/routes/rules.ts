/**
 * `/v1/rules`: push, list, show, change caps, remove.
 *
 * @module
 */

import type { RuleService } from "../../control/rules.ts";
import { checkPush } from "../../core/grants.ts";
import { RuleBody } from "../../core/rule_body.ts";
import { ackTimeoutSecs, completeRule, shapeOf } from "../../core/rule_input.ts";
import { limitsFromUpdate } from "../../core/rule_update.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import type { RuleStatsCache } from "../../traffic/rule_stats.ts";
import { readJson, type Route, sendJson } from "../http.ts";
import { ownRule } from "../own_rule.ts";
import { pushView, ruleView } from "../views/rule.ts";

export interface RuleRoutesOptions {
  readonly rules: RuleService;
  readonly stats: RuleStatsCache;
  readonly operators: OperatorDirectory;
}

export function ruleRoutes(route: Route, { rules, stats, operators }: RuleRoutesOptions): void {
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
      const rule = ownRule(c, rules);
      return sendJson(c, ruleView(rule, stats.get(rule.id)));
    },

    async PUT(c) {
      const body = await readJson(c, RuleBody);
      const rule = ownRule(c, rules);
      const updated = await rules.updateLimits(rule.id, limitsFromUpdate(body, rule));
      return sendJson(c, pushView(updated, c.get("operator").userId));
    },

    async DELETE(c) {
      await rules.remove(ownRule(c, rules).id);
      return c.body(null, 204);
    },
  });
}
