import type { Json } from "../core/json.ts";
import { RULES } from "../core/limits.ts";
import { bodyOf } from "../rulefile/fleet.ts";
import { placeOf, type RunningRule, type Step } from "../rulefile/plan.ts";
import { CreatedRuleAnswer } from "./answers.ts";
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
      await remove(api, step.running);
      const id = await pushOrRestore(api, step);
      return `replaced rule ${step.running.id} by ${id}: ${placeOf(step.wanted)}`;
    }
    case "remove":
      await remove(api, step.running);
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

const remove = (api: ApiOptions, { id }: RunningRule) =>
  callApi(api, { method: "DELETE", path: apiPath`/rules/${id}` });

/** The old rule comes back when the new one is refused. */
async function pushOrRestore(
  api: ApiOptions,
  { wanted, running }: Extract<Step, { kind: "replace" }>,
): Promise<bigint> {
  try {
    return await push(api, wanted.body as Json);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const restored = await restore(api, running);
    throw new CommandError(`${error.message}; ${restored}`, error.exit);
  }
}

async function restore(api: ApiOptions, { clientName, draft }: RunningRule): Promise<string> {
  try {
    const id = await push(api, bodyOf(clientName, draft) as Json);
    return `the old rule is back as rule ${id}`;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return `the old rule could not be brought back: ${error.message.replace(/^error: /, "")}`;
  }
}
