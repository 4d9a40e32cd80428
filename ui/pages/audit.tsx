import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import type { AuditEntry } from "../api/types.ts";
import { useUrlState } from "../app/url_state.ts";
import { type Column, DataTable } from "../components/data_table.tsx";
import { download } from "../components/download.ts";
import { Field } from "../components/field.tsx";
import { formatInstant } from "../components/format.ts";
import { Select } from "../components/inputs.tsx";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { auditFilter, auditPlace, keyed, type KeyedEntry } from "./audit_entries.ts";

const PAGE = "100";

/** Any bound makes the server answer in pages. */
const FOREVER = "2999-01-01T00:00:00Z";

/** Who changed what, and who was refused: as it happens, or looked up. */
export default function Audit() {
  const { query, set } = useUrlState();
  const isHistory = query["mode"] === "history";
  return (
    <>
      <div class="page-head">
        <h1>{t("nav.audit")}</h1>
        <div class="segments" role="group" aria-label={t("audit.mode")}>
          {(["", "history"] as const).map((mode) => (
            <button
              key={mode}
              type="button"
              aria-pressed={isHistory === (mode === "history")}
              onClick={() => set({ mode, since: "", until: "" })}
            >
              {t(mode === "history" ? "audit.history" : "audit.live")}
            </button>
          ))}
        </div>
      </div>
      {isHistory
        ? <History key={`${query["outcome"]} ${query["since"]} ${query["until"]}`} />
        : <Live />}
    </>
  );
}

/** The newest entries, asked for again and again. */
function Live() {
  const state = useQuery("GET /v1/audit", { query: { limit: PAGE } }, { everyMs: 5_000 });
  const entries = Array.isArray(state.data) ? state.data as readonly AuditEntry[] : undefined;
  return <Entries entries={entries} error={state.error} onRetry={state.reload} />;
}

/** Everything of a range, page by page, as it was when the page was asked for. */
function History() {
  const { query } = useUrlState();
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  const { outcome } = query;
  const since = instantOf(query["since"]);
  const state = useQuery("GET /v1/audit", {
    query: {
      limit: PAGE,
      until: instantOf(query["until"]) ?? FOREVER,
      ...(since === undefined ? {} : { since }),
      ...(outcome === undefined ? {} : { outcome }),
      ...(cursor === undefined ? {} : { cursor }),
    },
  });
  const page = state.data && "count" in state.data ? state.data : undefined;
  return (
    <Entries entries={page?.entries} error={state.error} onRetry={state.reload} isHistory>
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={cursors.length === 0}
          onClick={() => setCursors(cursors.slice(0, -1))}
        >
          {t("audit.newer")}
        </button>
        <button
          type="button"
          class="button"
          disabled={page?.next_cursor === undefined}
          onClick={() => setCursors([...cursors, page?.next_cursor ?? ""])}
        >
          {t("audit.older")}
        </button>
        <span aria-live="polite">{t("audit.page", { n: cursors.length + 1 })}</span>
        {page && page.next_cursor === undefined && <span class="muted">{t("audit.end")}</span>}
      </div>
    </Entries>
  );
}

/** What a `datetime-local` input says, in the reader's own time. */
function instantOf(local: string | undefined): string | undefined {
  const date = new Date(local ?? "");
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

interface EntriesProps {
  readonly entries: readonly AuditEntry[] | undefined;
  readonly error: Parameters<typeof ErrorState>[0]["error"] | null;
  readonly onRetry: () => void;
  readonly isHistory?: boolean;
  /** How to get at others. */
  readonly children?: ComponentChildren;
}

function Entries({ entries, error, onRetry, isHistory = false, children }: EntriesProps) {
  const { query, set } = useUrlState();
  const { q = "", sort = "", outcome = "" } = query;
  const shown = keyed(entries ?? []).filter(auditFilter(q, outcome));
  return (
    <>
      <div class="toolbar bottom">
        <input
          type="search"
          aria-label={t("audit.search")}
          placeholder={t("audit.search")}
          value={q}
          onInput={(event) => set({ q: event.currentTarget.value })}
        />
        <Select
          label={t("audit.outcome")}
          value={outcome}
          options={[
            { value: "", label: t("audit.all") },
            { value: "allow", label: t("audit.allow") },
            { value: "deny", label: t("audit.deny") },
          ]}
          onChange={(it) => set({ outcome: it })}
        />
        {isHistory && (
          <>
            <Field
              label={t("audit.since")}
              type="datetime-local"
              value={query["since"] ?? ""}
              onInput={(since) => set({ since })}
            />
            <Field
              label={t("audit.until")}
              type="datetime-local"
              value={query["until"] ?? ""}
              onInput={(until) => set({ until })}
            />
          </>
        )}
      </div>
      {entries === undefined
        ? (error === null ? <Loading /> : <ErrorState error={error} onRetry={onRetry} />)
        : shown.length === 0
        ? <Empty title={t("audit.none")} />
        : (
          <DataTable
            label={t("nav.audit")}
            rows={shown}
            columns={columns()}
            keyOf={(it) => it.key}
            sort={sort}
            onSort={(it) => set({ sort: it })}
          />
        )}
      <div class="section-head">
        <div>{children}</div>
        <button
          type="button"
          class="button"
          disabled={shown.length === 0}
          onClick={() => downloadEntries(shown)}
        >
          {t("audit.download")}
        </button>
      </div>
    </>
  );
}

function downloadEntries(entries: readonly KeyedEntry[]): void {
  const lines = entries.map(({ key: _, ...entry }) => `${JSON.stringify(entry)}\n`);
  const now = new Date().toISOString().replaceAll(/[:.]/g, "-");
  download(`audit-${now}.ndjson`, "application/x-ndjson", lines.join(""));
}

function columns(): Column<KeyedEntry>[] {
  return [
    {
      id: "time",
      title: t("audit.time"),
      width: "12.5rem",
      cell: (it) => <time dateTime={it.timestamp}>{formatInstant(it.timestamp)}</time>,
      sortBy: (it) => it.timestamp,
    },
    {
      id: "outcome",
      title: t("audit.outcome_short"),
      width: "7.5rem",
      cell: ({ outcome }) => (
        <span class={`badge ${outcome === "allow" ? "good" : "bad"}`}>{t(`audit.${outcome}`)}</span>
      ),
    },
    {
      id: "actor",
      title: t("audit.actor"),
      width: "8.5rem",
      cell: ({ actor }) =>
        actor === "_anonymous"
          ? <span class="muted">{actor}</span>
          : <a href={`/users/${encodeURIComponent(actor)}`}>{actor}</a>,
    },
    {
      id: "role",
      title: t("column.role"),
      width: "7.5rem",
      cell: ({ role }) =>
        role === undefined ? "—" : t(role === "superadmin" ? "role.superadmin" : "role.user"),
    },
    { id: "method", title: t("audit.method"), width: "6.25rem", cell: (it) => it.method || "—" },
    {
      id: "path",
      title: t("audit.path"),
      width: "1.5fr",
      cell: (it) => {
        const place = auditPlace(it);
        const path = <code title={it.path}>{it.path}</code>;
        return place === null ? path : <a href={place}>{path}</a>;
      },
    },
    {
      id: "reason",
      title: t("audit.reason"),
      width: "1fr",
      cell: ({ reason, details }) =>
        reason ??
          (details === undefined
            ? "—"
            : <code title={JSON.stringify(details, null, 1)}>{JSON.stringify(details)}</code>),
    },
  ];
}
