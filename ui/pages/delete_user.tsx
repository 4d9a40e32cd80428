import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { User } from "../api/types.ts";
import { Confirm } from "../components/dialog.tsx";
import { formatPorts } from "../components/format.ts";
import { t } from "../i18n/i18n.ts";

export interface DeleteUserProps {
  readonly user: User;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}

/** Deletes a user, after saying what goes with them. */
export function DeleteUser({ user, onClose, onDeleted }: DeleteUserProps) {
  const { user_id } = user;
  const rules = useQuery("GET /v1/rules", { query: { owner: user_id } });
  const grants = useQuery("GET /v1/grants", { query: { user_id } });
  const { busy, error, run } = useAction();
  const remove = async () => {
    const result = await run(() => call("DELETE /v1/users/{user_id}", { path: { user_id } }));
    if (!result.ok) return;
    await Promise.all([invalidate("/v1/users"), invalidate("/v1/rules")]);
    onDeleted();
  };
  const impact = [
    ...(rules.data ?? []).map((it) =>
      t("impact.rule", {
        id: it.id,
        client: it.client_name,
        port: formatPorts(it.listen_port, it.listen_port_end),
      })
    ),
    ...(grants.data ?? []).map((it) =>
      t("impact.grant", {
        client: it.client,
        port: formatPorts(it.listen_port_start, it.listen_port_end),
      })
    ),
    ...(user.credential_count > 0 ? [t("impact.credentials", { n: user.credential_count })] : []),
  ];
  return (
    <Confirm
      title={t("user.delete_title", { id: user_id })}
      confirm={t("user.delete")}
      busy={busy || rules.data === undefined || grants.data === undefined}
      impact={impact}
      onClose={onClose}
      onConfirm={() => void remove()}
    >
      <p>{t(impact.length > 0 ? "user.delete_text" : "user.delete_nothing")}</p>
      {error !== null && <p class="alert" role="alert">{error}</p>}
    </Confirm>
  );
}
