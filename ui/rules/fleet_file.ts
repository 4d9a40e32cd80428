/**
 * Rules as the file of `rules export` and `rules apply`, in the browser.
 *
 * @module
 */

import "./no_eval.ts";
import { stringifyJson } from "../../src/core/json.ts";
import { clientObstacles } from "../../src/rulefile/clients.ts";
import { bodyOf, type FleetRule, parseFleet } from "../../src/rulefile/fleet.ts";
import { formatFleet } from "../../src/rulefile/fleet_format.ts";
import { type Plan, planFleet, type Step } from "../../src/rulefile/plan.ts";
import { ConfigError } from "../../src/rulefile/problems.ts";
import { runningRule } from "../../src/rulefile/running.ts";
import { call, errorText } from "../api/client.ts";
import type { Client, Rule } from "../api/types.ts";
import { t } from "../i18n/i18n.ts";
import type { Outcome } from "./batch.tsx";
import { replace, ruleCalls } from "./replace.ts";
import type { RuleBody } from "./rule_fields.ts";

/** The rules in TOML. */
export const exportText = (rules: readonly Rule[]): string =>
  formatFleet(rules.map(runningRule), "toml");

/** What a file would change, or all that is in the way. */
export type DryRun =
  | { readonly ok: true; readonly plan: Plan; readonly ignored: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface DryRunOptions {
  readonly rules: readonly Rule[];
  readonly clients: readonly Client[];
  /** Whether rules go that the file does not have, of clients that it names. */
  readonly prune: boolean;
}

/** Compares a file with what runs; nothing is changed. */
export function dryRun(text: string, { rules, clients, prune }: DryRunOptions): DryRun {
  try {
    const file = parseFleet(text);
    const plan = planFleet(file.rules, rules.map(runningRule), { prune });
    const known = clients.filter((it) => it.revoked_at === null);
    const obstacles = [...clientObstacles(file.rules, plan.steps, known), ...plan.obstacles];
    if (obstacles.length === 0) return { ok: true, plan, ignored: file.ignored };
    const problems = obstacles.map(({ rule: { name, position }, message }) =>
      `${position.line}:${position.column}: ${name}: ${message}`
    );
    return { ok: false, problems };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((it) => `${it.line}:${it.column}: ${it.message}`);
    return { ok: false, problems };
  }
}

/** What a request takes: integers of files are exact, those of the API's types are numbers. */
const requestBody = (body: FleetRule["body"]): RuleBody => JSON.parse(stringifyJson(body));

/** Makes one change. */
export async function applyStep(step: Step): Promise<Outcome> {
  try {
    return { kind: "done", text: await change(step) };
  } catch (error) {
    return { kind: "failed", text: error instanceof Error ? error.message : `${error}` };
  }
}

async function change(step: Step): Promise<string> {
  switch (step.kind) {
    case "create":
      return t("import.created", { id: `${await ruleCalls.push(requestBody(step.wanted.body))}` });
    case "remove":
      await ruleCalls.remove(step.running.id);
      return t("import.removed");
    case "limits": {
      const path = { rule_id: `${step.running.id}` };
      const body = requestBody(step.wanted.body);
      const saved = await call("PUT /v1/rules/{rule_id}", { path, body });
      if (!saved.ok) throw new Error(errorText(saved.error));
      return t("batch.done");
    }
    case "replace": {
      const { clientName, draft, id } = step.running;
      const replaced = await replace(`${id}`, {
        before: requestBody(bodyOf(clientName, draft)),
        after: requestBody(step.wanted.body),
      });
      if (!replaced.ok) throw new Error(replaced.text);
      return t("import.created", { id: replaced.id });
    }
    default:
      return step satisfies never;
  }
}
