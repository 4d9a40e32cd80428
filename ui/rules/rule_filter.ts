import type { Rule } from "../api/types.ts";
import { matchesRule } from "./rule_search.ts";

/** The states that a list can be narrowed to; `down` is any target that is known to fail. */
export const STATES = ["active", "failed", "pending", "down"] as const;
export type StateFilter = typeof STATES[number];

/** What narrows a list of rules, as it is in the address; empty for what does not. */
export interface RuleFilter {
  readonly client: string;
  readonly owner: string;
  readonly state: string;
  readonly q: string;
}

/** The rules that pass every filter, in their order. */
export function filterRules(rules: readonly Rule[], filter: RuleFilter): Rule[] {
  const { client, owner, state, q } = filter;
  return rules.filter((rule) =>
    (client === "" || rule.client_name === client) &&
    (owner === "" || rule.owner_user_id === owner) &&
    (state === "" || isIn(rule, state)) && matchesRule(rule, q)
  );
}

const isIn = (rule: Rule, state: string): boolean =>
  state === "down"
    ? rule.targets.some((it) => it.health?.healthy === false)
    : rule.state.kind === state;
