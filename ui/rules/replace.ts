/**
 * A rule in the place of another, through the operator API.
 *
 * @module
 */

import { cleanPush, NotReplaced, replaceRule, type RuleCalls } from "../../src/rulefile/replace.ts";
import { type ApiError, call, errorText } from "../api/client.ts";
import { t } from "../i18n/i18n.ts";
import { areApart } from "./change.ts";
import type { RuleBody } from "./rule_fields.ts";

/** A refusal on its way through code that throws. */
export class Refused extends Error {
  constructor(readonly error: ApiError) {
    super(errorText(error));
  }

  override name = "Refused";
}

/** The requests of a replacement; they throw {@linkcode Refused}. */
export const ruleCalls: RuleCalls<RuleBody> = {
  async push(body) {
    const pushed = await call("POST /v1/rules", { body });
    if (!pushed.ok) throw new Refused(pushed.error);
    return BigInt(pushed.value.rule_id);
  },
  async remove(id) {
    const removed = await call("DELETE /v1/rules/{rule_id}", { path: { rule_id: `${id}` } });
    if (!removed.ok) throw new Refused(removed.error);
  },
  async list() {
    const rules = await call("GET /v1/rules", { query: {} });
    if (!rules.ok) throw new Refused(rules.error);
    return rules.value;
  },
};

export type Replaced =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly text: string; readonly restored: string | null };

/** Replaces a rule; where both can listen at once, the new one is there before the old one goes. */
export async function replace(
  ruleId: number | string,
  { before, after }: { readonly before: RuleBody; readonly after: RuleBody },
): Promise<Replaced> {
  const id = BigInt(ruleId);
  try {
    if (!areApart(before, after)) {
      return { ok: true, id: `${await replaceRule(ruleCalls, { id, before, after })}` };
    }
    const pushed = await cleanPush(ruleCalls, await ruleCalls.list())(after);
    await ruleCalls.remove(id);
    return { ok: true, id: `${pushed}` };
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): Replaced {
  if (error instanceof Refused) return { ok: false, text: error.message, restored: null };
  if (!(error instanceof NotReplaced)) throw error;
  const why = textOf(error.cause);
  if ("id" in error.restored) {
    const { id } = error.restored;
    return {
      ok: false,
      text: `${why}. ${t("replace.restored", { id: `${id}` })}`,
      restored: `${id}`,
    };
  }
  const lost = t("replace.lost", { why: textOf(error.restored.failure) });
  return { ok: false, text: `${why}. ${lost}`, restored: null };
}

const textOf = (error: unknown) => error instanceof Error ? error.message : `${error}`;
