/**
 * The counters of a rule: once, or as they come in.
 *
 * @module
 */

import { z } from "zod";
import type { RuleService } from "../../control/rules.ts";
import { PortunusError } from "../../core/errors.ts";
import { stringifyJson } from "../../core/json.ts";
import type { RuleStatsCache, RuleStatsSnapshot } from "../../traffic/rule_stats.ts";
import type { EventStreams } from "../event_streams.ts";
import { type AppContext } from "../http.ts";
import { operation } from "../operation.ts";
import { ownRule } from "../own_rule.ts";
import type { Route } from "../route.ts";
import { RuleStatsView, statsEventView, statsView } from "../views/rule_stats.ts";

export interface RuleStatsRoutesOptions {
  readonly rules: RuleService;
  readonly stats: RuleStatsCache;
  readonly streams: EventStreams;
}

/** On for exactly `true`, `1` and `yes`; anything else is off. */
const flag = (description: string) =>
  z.string().optional().transform((text) => ["true", "1", "yes"].includes(text ?? "")).meta({
    description: `${description} if \`true\`, \`1\` or \`yes\`.`,
  });

const COUNTERS = {
  rule_id: 0,
  client_name: "edge-01",
  bytes_in: 79,
  bytes_out: 1070,
  active_connections: 0,
  dns_failures: 0,
  datagrams_in: 0,
  datagrams_out: 0,
  active_flows: 0,
  flows_dropped_overflow: 0,
  target_failovers_total: 0,
  updated_at: "2026-05-07T10:00:05Z",
};

const ERRORS = ["rule_not_found", "not_owner"] as const;

/** Before the routes of rules by id: no rule is called `stats`. */
export function allRuleStatsRoute(route: Route, { rules, stats }: RuleStatsRoutesOptions): void {
  route("/v1/rules/stats", {
    GET: operation({
      summary: "Show the counters of all rules",
      description: "As their clients last reported them. Rules without a report are left out.",
      caller: "operator",
      success: {
        status: 200,
        description: "The counters by rule; of users their own.",
        view: z.array(RuleStatsView),
        example: [{ ...COUNTERS, protocol: "tcp" }],
      },
      errors: [],
      handle(c) {
        const { role, userId } = c.get("operator");
        return rules.list().flatMap((rule) => {
          const snapshot = stats.get(rule.id);
          const isShown = role === "superadmin" || rule.ownerId === userId;
          if (!snapshot || !isShown) return [];
          return [statsView(rule, snapshot, { perPort: false, perTarget: false })];
        });
      },
    }),
  });
}

export function ruleStatsRoutes(route: Route, options: RuleStatsRoutesOptions): void {
  const { rules, stats } = options;
  route("/v1/rules/:rule_id/stats", {
    GET: operation({
      summary: "Show the counters of a rule",
      description: "As its client last reported them; `rule_not_found` before it did.",
      caller: "owner",
      query: z.object({
        per_port: flag("Adds the counters of each port of a range"),
        per_target: flag("Adds the list of targets even where it is empty"),
      }),
      success: {
        status: 200,
        description: "The counters.",
        view: RuleStatsView,
        example: { ...COUNTERS, protocol: "tcp" },
      },
      errors: [...ERRORS],
      handle(c, { query }) {
        const rule = ownRule(c, rules);
        const snapshot = stats.get(rule.id);
        if (!snapshot) throw new PortunusError("rule_not_found");
        return statsView(rule, snapshot, {
          perPort: query.per_port,
          perTarget: query.per_target,
        });
      },
    }),
  });

  route("/v1/rules/:rule_id/stats/stream", {
    GET: operation({
      summary: "Follow the counters of a rule",
      description: "Server-sent events named `stats`, one at once and one per report of the " +
        "client; a comment after 30 s of silence. Ends with the rule.",
      caller: "owner",
      query: z.object({ per_target: flag("Adds the list of targets where there is one") }),
      success: {
        status: 200,
        description: "Events, each with the counters as JSON.",
        mediaType: "text/event-stream",
        example: `event: stats\ndata: ${JSON.stringify(COUNTERS)}\n\n`,
      },
      errors: [...ERRORS],
      handle: (c, { query }) => follow(c, options, query.per_target),
    }),
  });
}

function follow(
  c: AppContext,
  { rules, stats, streams }: RuleStatsRoutesOptions,
  perTarget: boolean,
): Response {
  const rule = ownRule(c, rules);
  c.header("Content-Type", "text/event-stream");
  c.header("Cache-Control", "no-cache");
  if (c.req.method === "HEAD") return c.body(null);
  const stream = streams.open(() => subscription[Symbol.dispose]());
  const next = (snapshot: RuleStatsSnapshot) =>
    stream.send("stats", stringifyJson(statsEventView(rule, snapshot, { perTarget })));
  const subscription = stats.subscribe(rule.id, { next, end: () => stream.end() });
  const current = stats.get(rule.id);
  if (current) next(current);
  return c.body(stream.body);
}
