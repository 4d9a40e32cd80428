import { useEffect, useState } from "preact/hooks";
import { call } from "../api/client.ts";
import { useQuery } from "../api/query.ts";
import type { ClientOwner, Rule } from "../api/types.ts";
import { isSuperadmin } from "../app/session.ts";
import { AsCommand } from "../components/as_command.tsx";
import { Confirm } from "../components/dialog.tsx";
import { t } from "../i18n/i18n.ts";
import { openConnections } from "./connections.ts";
import { impactOf } from "./impact.ts";
import { removeSoon } from "./removal.ts";
import { removeCommands } from "./rule_commands.ts";

export interface RemoveDialogProps {
  readonly rules: readonly Rule[];
  readonly onClose: () => void;
  /** The rules are about to go; that can still be undone. */
  readonly onRemoved?: () => void;
}

/** Shows what removing rules changes before it is done. */
export function RemoveDialog({ rules, onClose, onRemoved }: RemoveDialogProps) {
  const { data: all = rules } = useQuery("GET /v1/rules", { query: {} });
  const { connections, owners } = useImpact(rules);
  const [only, ...others] = rules;
  const isOne = only !== undefined && others.length === 0;
  const remove = () => {
    removeSoon(rules);
    onClose();
    onRemoved?.();
  };
  return (
    <Confirm
      title={isOne
        ? t("rule.remove_title", { id: only.id })
        : t("rules.remove_title", { n: rules.length })}
      confirm={isOne ? t("rule.remove") : t("rules.remove", { n: rules.length })}
      busy={false}
      onClose={onClose}
      onConfirm={remove}
      impact={impactOf(rules, { all, connections, owners })}
    >
      <div class="stack">
        <p>{t("rule.remove_text")}</p>
        {isOne && <AsCommand {...removeCommands(only.id)} />}
      </div>
    </Confirm>
  );
}

/** What has to be asked to say what goes. */
function useImpact(rules: readonly Rule[]) {
  const [connections, setConnections] = useState<ReadonlyMap<number, number>>(new Map());
  const [owners, setOwners] = useState<ReadonlyMap<string, readonly ClientOwner[]>>(new Map());
  useEffect(() => {
    void openConnections().then(setConnections);
    if (isSuperadmin()) void ownersOf(rules).then(setOwners);
  }, []);
  return { connections, owners };
}

async function ownersOf(
  rules: readonly Rule[],
): Promise<ReadonlyMap<string, readonly ClientOwner[]>> {
  const clientIds = [...new Set(rules.map((it) => it.client_id))];
  const answers = await Promise.all(clientIds.map(async (client_id) => {
    const answer = await call("GET /v1/clients/{client_id}/owners", { path: { client_id } });
    return answer.ok ? [[client_id, answer.value] as const] : [];
  }));
  return new Map(answers.flat());
}
