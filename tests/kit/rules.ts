import { portRange } from "../../src/core/ports.ts";
import type { RuleDraft, RuleInput } from "../../src/core/rule_input.ts";

/** A plain TCP rule of `edge-01`, with what differs. */
export function ruleInput(
  draft: Partial<RuleDraft> & { readonly port?: number } = {},
  clientName = "edge-01",
): RuleInput {
  const { port = 18_080, ...rest } = draft;
  return {
    clientName,
    legacy: true,
    draft: {
      protocol: "tcp",
      listen: portRange(port),
      targetHost: "10.0.0.5",
      targetPorts: portRange(8_080),
      preferIpv6: false,
      targets: [],
      healthCheckIntervalSecs: null,
      sniPattern: null,
      limits: null,
      ...rest,
    },
  };
}
