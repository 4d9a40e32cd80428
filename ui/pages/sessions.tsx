import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Session } from "../api/types.ts";
import { formatInstant } from "../components/format.ts";
import { ErrorState, Loading } from "../components/states.tsx";
import { Table, type TableColumn } from "../components/table.tsx";
import { t } from "../i18n/i18n.ts";

/** Where a user is logged in, and the way to end that. */
export function Sessions({ userId }: { readonly userId: string }) {
  const path = { user_id: userId };
  const { data, error, reload } = useQuery("GET /v1/users/{user_id}/sessions", { path });
  const action = useAction();
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const others = data.filter((it) => !it.current);
  const end = async (sessions: readonly Session[]) => {
    for (const { session_id } of sessions) {
      const result = await action.run(() =>
        call("DELETE /v1/users/{user_id}/sessions/{session_id}", { path: { ...path, session_id } })
      );
      if (!result.ok && result.error.status !== 404) break;
    }
    await invalidate(`/v1/users/${userId}/sessions`);
  };
  return (
    <>
      <div class="section-head">
        <p class="muted">{t("sessions.text")}</p>
        {others.length > 1 && (
          <button
            type="button"
            class="button"
            disabled={action.busy}
            onClick={() => void end(others)}
          >
            {t("sessions.end_others")}
          </button>
        )}
      </div>
      {action.error !== null && <p class="alert" role="alert">{action.error}</p>}
      <Table
        label={t("sessions.title")}
        rows={data}
        columns={columns((session) => void end([session]))}
        keyOf={(it) => it.session_id}
        empty={t("sessions.none")}
      />
    </>
  );
}

function columns(onEnd: (session: Session) => void): TableColumn<Session>[] {
  return [
    {
      title: t("sessions.browser"),
      cell: (it) => (
        <span title={it.user_agent ?? ""}>
          {browserName(it.user_agent)}{" "}
          {it.current && <span class="badge good">{t("sessions.current")}</span>}
        </span>
      ),
    },
    { title: t("sessions.from"), cell: (it) => <code>{it.remote_addr}</code> },
    { title: t("sessions.begun"), cell: (it) => formatInstant(it.created_at) },
    { title: t("sessions.seen"), cell: (it) => formatInstant(it.last_seen_at) },
    {
      title: "",
      isNumber: true,
      cell: (it) =>
        !it.current && (
          <button type="button" class="link bad-text" onClick={() => onEnd(it)}>
            {t("sessions.end")}
          </button>
        ),
    },
  ];
}

const BROWSERS = [["Edg/", "Edge"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], [
  "Safari/",
  "Safari",
]] as const;
const SYSTEMS = [
  ["Android", "Android"],
  ["iPhone", "iOS"],
  ["iPad", "iPadOS"],
  [
    "Windows",
    "Windows",
  ],
  ["Mac OS X", "macOS"],
  ["Linux", "Linux"],
] as const;

/** Browser and system of a user agent, as far as its text says; else the text. */
export function browserName(userAgent: string | null): string {
  const agent = userAgent ?? "";
  const browser = BROWSERS.find(([mark]) => agent.includes(mark))?.[1];
  const system = SYSTEMS.find(([mark]) => agent.includes(mark))?.[1];
  const known = [browser, system].filter((it) => it !== undefined);
  return known.length > 0 ? known.join(", ") : agent.slice(0, 40) || "—";
}
