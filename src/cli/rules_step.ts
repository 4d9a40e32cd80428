import { errorText } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { RULES } from "../core/limits.ts";
import type { RuleBody } from "../core/rule_body.ts";
import { bodyOf } from "../rulefile/fleet.ts";
import { placeOf, type Step } from "../rulefile/plan.ts";
import { NotReplaced, replaceRule } from "../rulefile/replace.ts";
import { CreatedRuleAnswer, RulesAnswer } from "./answers.ts";
import { apiPath } from "./api_path.ts";
import { CommandError } from "./command_error.ts";
import { type ApiOptions, callApi, fetchAnswer } from "./http_client.ts";

/** What became of a step, as a line. */
export interface StepOutcome {
  readonly ok: boolean;
  readonly text: string;
}

/** Makes one change through the operator API. */
export async function applyStep(api: ApiOptions, step: Step): Promise<StepOutcome> {
  try {
    return { ok: true, text: await change(api, step) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const rule = step.kind === "remove" ? step.running : step.wanted;
    return {
      ok: false,
      text: `failed: ${placeOf(rule)}: ${error.message.replace(/^error: /, "")}`,
    };
  }
}

async function change(api: ApiOptions, step: Step): Promise<string> {
  switch (step.kind) {
    case "limits": {
      const body = step.wanted.body as Json;
      await callApi(api, { method: "PUT", path: apiPath`/rules/${step.running.id}`, body });
      return `changed rule ${step.running.id}: ${placeOf(step.wanted)}`;
    }
    case "create":
      return `created rule ${await push(api, step.wanted.body as Json)}: ${placeOf(step.wanted)}`;
    case "replace": {
      const id = await replace(api, step);
      return `replaced rule ${step.running.id} by ${id}: ${placeOf(step.wanted)}`;
    }
    case "remove":
      await remove(api, step.running.id);
      return `removed rule ${step.running.id}: ${placeOf(step.running)}`;
    default:
      return step satisfies never;
  }
}

async function push(api: ApiOptions, body: Json): Promise<bigint> {
  const request = {
    method: "POST",
    path: "/rules",
    body,
    extraTimeoutMs: RULES.ackTimeoutDefaultSecs * 1_000,
  } as const;
  return BigInt((await fetchAnswer(api, request, CreatedRuleAnswer)).rule_id);
}

async function remove(api: ApiOptions, id: bigint): Promise<void> {
  await callApi(api, { method: "DELETE", path: apiPath`/rules/${id}` });
}

async function replace(
  api: ApiOptions,
  { wanted, running }: Extract<Step, { kind: "replace" }>,
): Promise<bigint> {
  const calls = {
    push: (body: RuleBody) => push(api, body as Json),
    remove: (id: bigint) => remove(api, id),
    list: () => fetchAnswer(api, { method: "GET", path: "/rules" }, RulesAnswer),
  };
  const before = bodyOf(running.clientName, running.draft);
  try {
    return await replaceRule(calls, { id: running.id, before, after: wanted.body });
  } catch (error) {
    if (!(error instanceof NotReplaced && error.cause instanceof CommandError)) throw error;
    const { message, exit } = error.cause;
    throw new CommandError(`${message}; ${restoredText(error.restored)}`, exit);
  }
}

function restoredText(restored: NotReplaced["restored"]): string {
  if ("id" in restored) return `the old rule is back as rule ${restored.id}`;
  const why = errorText(restored.failure).replace(/^error: /, "");
  return `the old rule could not be brought back: ${why}`;
}
