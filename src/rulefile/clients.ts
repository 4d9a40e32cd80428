import type { FleetRule } from "./fleet.ts";
import type { Obstacle, Step } from "./plan.ts";

/** A client as `GET /v1/clients` shows it, as far as rules depend on it. */
export interface ShownClient {
  readonly client_name: string;
  readonly connected: boolean;
}

/** The rules whose client is not there, not one, or not connected when its rule has to change. */
export function clientObstacles(
  rules: readonly FleetRule[],
  steps: readonly Step[],
  clients: readonly ShownClient[],
): Obstacle[] {
  const changed = new Set(steps.flatMap((it) => it.kind === "remove" ? [] : [it.wanted]));
  return rules.flatMap((rule) => {
    const named = clients.filter(({ client_name }) => client_name === rule.clientName);
    const message = named.length === 0
      ? `no client is called "${rule.clientName}"`
      : named.length > 1
      ? `several clients are called "${rule.clientName}"`
      : changed.has(rule) && !named[0]?.connected
      ? `client "${rule.clientName}" is not connected`
      : null;
    return message === null ? [] : [{ rule, message }];
  });
}
