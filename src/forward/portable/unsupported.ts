import type { RuleSpec } from "../../core/rule.ts";

/** What this engine does not forward yet, in the order it is reported. */
const UNSUPPORTED: readonly [what: string, asks: (rule: RuleSpec) => boolean][] = [
  ["sni", (rule) => rule.sniPattern !== null],
];

/** The failure reason of a rule that asks for more than the engine can, or `null`. */
export function unsupportedReason(rule: RuleSpec): string | null {
  const row = UNSUPPORTED.find(([, asks]) => asks(rule));
  return row === undefined ? null : `unsupported: ${row[0]}`;
}
