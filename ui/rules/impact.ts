/**
 * What goes with rules that are removed, and what stays.
 *
 * @module
 */

import type { ClientOwner, Rule } from "../api/types.ts";
import { t } from "../i18n/i18n.ts";
import { listenText } from "./rule_fields.ts";

export interface ImpactOptions {
  /** Every rule that is known. */
  readonly all: readonly Rule[];
  /** Open connections of each rule; absent while unknown. */
  readonly connections: ReadonlyMap<number, number>;
  /** Who has caps, by client id; absent for those who may not know. */
  readonly owners: ReadonlyMap<string, readonly ClientOwner[]>;
}

/** Everything that removing `rules` changes, a line each. */
export function impactOf(rules: readonly Rule[], options: ImpactOptions): string[] {
  const gone = new Set(rules.map((it) => it.id));
  return rules.flatMap((rule) => [
    portLine(rule, options.connections.get(rule.id)),
    ...sharedPortLines(rule, options.all.filter((it) => !gone.has(it.id))),
  ]).concat(ownerLines(rules, options));
}

function portLine(rule: Rule, connections: number | undefined): string {
  const values = {
    id: rule.id,
    client: rule.client_name,
    port: `${listenText(rule)}/${rule.protocol.toUpperCase()}`,
  };
  return connections === undefined || connections === 0
    ? t("impact.port", values)
    : t("impact.port_connections", { ...values, n: connections });
}

/** Rules that go on listening on the same port, for other names. */
function sharedPortLines(rule: Rule, others: readonly Rule[]): string[] {
  const sharing = others.filter((it) =>
    it.client_id === rule.client_id && it.protocol === rule.protocol &&
    it.listen_port === rule.listen_port
  );
  return sharing.map((it) =>
    t("impact.stays", { id: it.id, name: it.sni_pattern ?? t("impact.fallback") })
  );
}

/** Caps of an owner end with the last rule of that owner on a client. */
function ownerLines(
  rules: readonly Rule[],
  { all, owners }: Pick<ImpactOptions, "all" | "owners">,
): string[] {
  const gone = new Set(rules.map((it) => it.id));
  const lines = rules.flatMap(({ client_id, client_name, owner_user_id }) => {
    const isCapped = owners.get(client_id)
      ?.some((it) => it.owner_id === owner_user_id && it.has_rate_limit);
    const isLast = !all.some((it) =>
      it.client_id === client_id && it.owner_user_id === owner_user_id && !gone.has(it.id)
    );
    return isCapped && isLast
      ? [t("impact.owner_caps", { owner: owner_user_id ?? "", client: client_name })]
      : [];
  });
  return [...new Set(lines)];
}
