import { limitsText, placeOf, type Plan, type Step, upstreamText } from "../rulefile/plan.ts";

/** A change as a line of a difference. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case "create":
      return `+ ${placeOf(step.wanted)} -> ${upstreamText(step.wanted.draft)}`;
    case "remove":
      return `- ${placeOf(step.running)} -> ${
        upstreamText(step.running.draft)
      } (rule ${step.running.id})`;
    case "limits": {
      const [from, to] = [step.running.draft, step.wanted.draft].map(limitsText);
      return `~ ${placeOf(step.wanted)}: caps ${from} -> ${to}`;
    }
    case "replace": {
      const { wanted, running } = step;
      const [from, to] = [running.draft, wanted.draft].map(upstreamText);
      const targets = from === to ? `${to}` : `${from} -> ${to}`;
      const why = running.failure === null ? "" : `, which failed: ${running.failure}`;
      const owner = running.ownerId === null ? "" : ` of ${running.ownerId}`;
      return `± ${placeOf(wanted)}: ${targets} (in the place of rule ${running.id}${owner}${why})`;
    }
    default:
      return step satisfies never;
  }
}

/** What a plan comes to. */
export function summary({ steps, unchanged }: Plan): string {
  const count = (kind: Step["kind"]) => steps.filter((step) => step.kind === kind).length;
  return `${count("create")} to create, ${count("limits")} to change, ` +
    `${count("replace")} to replace, ${count("remove")} to remove, ${unchanged} unchanged`;
}
