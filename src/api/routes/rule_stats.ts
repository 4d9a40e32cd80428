/**
 * The counters of a rule: once, or as they come in.
 *
 * @module
 */

import type { RuleService } from "../../control/rules.ts";
import { PortunusError } from "../../core/errors.ts";
import { stringifyJson } from "../../core/json.ts";
import type { RuleStatsCache, RuleStatsSnapshot } from "../../traffic/rule_stats.ts";
import type { EventStreams } from "../event_streams.ts";
import { queryFlag, type Route, sendJson } from "../http.ts";
import { ownRule } from "../own_rule.ts";
import { statsEventView, statsView } from "../views/rule.ts";

export interface RuleStatsRoutesOptions {
  readonly rules: RuleService;
  readonly stats: RuleStatsCache;
  readonly streams: EventStreams;
}

export function ruleStatsRoutes(
  route: Route,
  { rules, stats, streams }: RuleStatsRoutesOptions,
): void {
  route("/v1/rules/:rule_id/stats", {
    GET(c) {
      const rule = ownRule(c, rules);
      const snapshot = stats.get(rule.id);
      if (!snapshot) throw new PortunusError("rule_not_found");
      const include = { perPort: queryFlag(c, "per_port"), perTarget: queryFlag(c, "per_target") };
      return sendJson(c, statsView(rule, snapshot, include));
    },
  });

  route("/v1/rules/:rule_id/stats/stream", {
    GET(c) {
      const rule = ownRule(c, rules);
      c.header("Content-Type", "text/event-stream");
      c.header("Cache-Control", "no-cache");
      if (c.req.method === "HEAD") return c.body(null);
      const include = { perTarget: queryFlag(c, "per_target") };
      const stream = streams.open(() => subscription[Symbol.dispose]());
      const next = (snapshot: RuleStatsSnapshot) =>
        stream.send("stats", stringifyJson(statsEventView(rule, snapshot, include)));
      const subscription = stats.subscribe(rule.id, { next, end: () => stream.end() });
      const current = stats.get(rule.id);
      if (current) next(current);
      return c.body(stream.body);
    },
  });
}
