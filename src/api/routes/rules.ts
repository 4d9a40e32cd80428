/**
 * `/v1/rules`: push, list, show, change caps, remove.
 *
 * @module
 */

import { z } from "zod";
import type { RuleService } from "../../control/rules.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { checkPush } from "../../core/grants.ts";
import { RuleBody } from "../../core/rule_body.ts";
import { ackTimeoutSecs, completeRule, shapeOf } from "../../core/rule_input.ts";
import { limitsFromUpdate } from "../../core/rule_update.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import type { RuleStatsCache } from "../../traffic/rule_stats.ts";
import { operation } from "../operation.ts";
import { ownRule } from "../own_rule.ts";
import type { Route } from "../route.ts";
import { PushedRuleView, pushView, RuleView, ruleView } from "../views/rule.ts";

export interface RuleRoutesOptions {
  readonly rules: RuleService;
  readonly stats: RuleStatsCache;
  readonly operators: OperatorDirectory;
}

const RuleQuery = z.object({
  client: z.string().optional().meta({ description: "Display name of a client." }),
  owner: z.string().optional().meta({ description: "User id. Users see their own in any case." }),
});

const RULE = {
  id: 0,
  client_id: "01JABCDEFGHJKMNPQRSTVWXYZ0",
  client_name: "edge-01",
  listen_port: 18080,
  target_host: "10.0.0.5",
  target_port: 8080,
  prefer_ipv6: false,
  protocol: "tcp",
  state: { kind: "active" },
  created_at: "2026-05-07T10:00:00Z",
  last_state_change_at: "2026-05-07T10:00:00.020Z",
  owner_user_id: "alice",
  targets: [{ host: "10.0.0.5", port: 8080, priority: 0, proxy_protocol: null, health: null }],
};

const PUSHED = {
  rule_id: 1,
  status: "Active",
  target_host: "10.0.0.5",
  prefer_ipv6: false,
  protocol: "tcp",
  owner: "_superadmin",
};

const LIMIT_ERRORS = [
  "validation.rate_limit_burst_unsupported",
  "validation.rate_limit_cap_zero",
  "validation.rate_limit_burst_without_rate",
  "validation.rate_limit_burst_range",
] as const satisfies readonly ErrorCode[];

const EDGE_ERRORS = [
  "multi_target_unsupported_by_client",
  "sni_unsupported_by_client",
  "proxy_protocol_unsupported_by_client",
  "rate_limit_unsupported_by_client",
  "client_not_connected",
  "activation_failed",
  "ack_timeout",
] as const satisfies readonly ErrorCode[];

/** In the order of spec `http-api.md` §11.2 and §11.4. */
const PUSH_ERRORS = [
  "rule_shape_conflict",
  "rule_shape_missing",
  "range_invalid",
  "validation.sni_on_unsupported_rule",
  "validation.sni_pattern_malformed",
  ...LIMIT_ERRORS,
  "validation.rate_limit_on_legacy_shape",
  "health_check_interval_out_of_range",
  "targets_empty",
  "validation.proxy_protocol_invalid",
  "targets_too_many",
  "target_invalid_host",
  "target_invalid_port",
  "targets_duplicate",
  "invalid_name",
  "invalid_protocol",
  "client_not_granted",
  "protocol_not_granted",
  "port_outside_grant",
  "validation.proxy_protocol_on_unsupported_rule",
  "invalid_target_host",
  "invalid_target_host_label_hyphen",
  "invalid_target_host_label_too_long",
  "invalid_target_host_too_long",
  "unsupported_protocol",
  "exceeds_cap",
  "port_in_use",
  "conflict.legacy_to_sni_unsupported",
  "conflict.sni_fallback_duplicate",
  "conflict.sni_route_duplicate",
  ...EDGE_ERRORS,
] as const satisfies readonly ErrorCode[];

export function ruleRoutes(route: Route, options: RuleRoutesOptions): void {
  collectionRoute(route, options);
  itemRoute(route, options);
}

function collectionRoute(route: Route, { rules, stats, operators }: RuleRoutesOptions): void {
  route("/v1/rules", {
    GET: operation({
      summary: "List rules",
      caller: "operator",
      query: RuleQuery,
      success: {
        status: 200,
        description: "The rules by id; of users their own.",
        view: z.array(RuleView),
        example: [RULE],
      },
      errors: [],
      handle(c, { query }) {
        const { role, userId } = c.get("operator");
        const client = query.client?.trim() ?? "";
        const owner = role === "superadmin" ? query.owner ?? "" : userId;
        const shown = rules.list().filter((rule) =>
          (client === "" || rule.clientName === client) && (owner === "" || rule.ownerId === owner)
        );
        return shown.map((rule) => ruleView(rule, stats.get(rule.id)));
      },
    }),

    POST: operation({
      summary: "Forward a port",
      description: "Sends the rule to its client, which must be connected, and waits for the " +
        "answer. Users need one grant that covers client, protocol and all ports. After " +
        "`ack_timeout` the rule stays pending; after `activation_failed` it stays failed, and " +
        "blocks the port until it is removed.",
      caller: "operator",
      body: RuleBody,
      bodyExample: {
        client: "edge-01",
        listen_port: 18081,
        target_host: "10.0.0.5",
        target_port: 8080,
      },
      success: {
        status: 201,
        description: "The rule, which is active.",
        view: PushedRuleView,
        example: PUSHED,
      },
      errors: [...PUSH_ERRORS],
      async handle(c, { body }) {
        const { role, userId } = c.get("operator");
        const shape = shapeOf(body);
        if (role !== "superadmin") checkPush(await operators.grantsOf(userId), shape);
        const rule = await rules.push(completeRule(shape), userId, ackTimeoutSecs(body) * 1_000);
        return pushView(rule, userId);
      },
    }),
  });
}

function itemRoute(route: Route, { rules, stats }: RuleRoutesOptions): void {
  route("/v1/rules/:rule_id", {
    GET: operation({
      summary: "Show a rule",
      caller: "owner",
      success: { status: 200, description: "The rule.", view: RuleView, example: RULE },
      errors: ["rule_not_found", "not_owner"],
      handle(c) {
        const rule = ownRule(c, rules);
        return ruleView(rule, stats.get(rule.id));
      },
    }),

    PUT: operation({
      summary: "Change the caps of a rule",
      description: "The whole rule is sent; nothing but `rate_limit` may differ from what it is. " +
        "Without `rate_limit` the caps are lifted. Connections go on.",
      caller: "owner",
      body: RuleBody,
      bodyExample: {
        client: "edge-01",
        listen_port: 18080,
        targets: [{ host: "10.0.0.5", port: 8080 }],
        rate_limit: { bandwidth_in_bps: 1048576 },
      },
      success: {
        status: 200,
        description: "The rule with its caps.",
        view: PushedRuleView,
        example: { ...PUSHED, rule_id: 0, rate_limit: { bandwidth_in_bps: 1048576 } },
      },
      errors: [
        "rule_not_found",
        "not_owner",
        ...PUSH_ERRORS,
        "validation.rule_update_shape_mismatch",
      ],
      async handle(c, { body }) {
        const rule = ownRule(c, rules);
        const updated = await rules.updateLimits(rule.id, limitsFromUpdate(body, rule));
        return pushView(updated, c.get("operator").userId);
      },
    }),

    DELETE: operation({
      summary: "Remove a rule",
      description: "The client stops listening; established connections may drain.",
      caller: "owner",
      success: { status: 204, description: "The rule is gone." },
      errors: ["rule_not_found", "not_owner"],
      handle: (c) => rules.remove(ownRule(c, rules).id),
    }),
  });
}
