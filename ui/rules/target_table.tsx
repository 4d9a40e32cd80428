import type { RuleStatsEvent } from "../api/live_stats.ts";
import type { Rule, TargetStats } from "../api/types.ts";
import { formatBytes, formatInstant, formatPorts } from "../components/format.ts";
import { HealthBadge } from "../components/rule_badges.tsx";
import { Table, type TableColumn } from "../components/table.tsx";
import { t } from "../i18n/i18n.ts";

type Target = Rule["targets"][number];

interface Row {
  readonly index: number;
  readonly target: Target;
  /** What the client counted last. */
  readonly live: TargetStats | undefined;
  readonly portEnd: number | undefined;
}

export interface TargetTableProps {
  readonly rule: Rule;
  readonly latest: RuleStatsEvent | undefined;
}

/** Where a rule forwards to, and how each target does. */
export function TargetTable({ rule, latest }: TargetTableProps) {
  const rows = rule.targets.map((target, index): Row => ({
    index,
    target,
    live: latest?.per_target?.find((it) => it.index === index),
    portEnd: index === 0 ? rule.target_port_end : undefined,
  }));
  return (
    <Table
      label={t("rule.targets")}
      rows={rows}
      columns={columns()}
      keyOf={(it) => `${it.index}`}
      empty=""
    />
  );
}

/** What the client said last, else what the rule says. */
function healthOf({ live, target }: Row): boolean | null {
  return live === undefined ? target.health?.healthy ?? null : live.health === 0;
}

function lastFailure({ live, target }: Row): string {
  const ms = live?.last_failure_at_unix_ms ?? target.health?.last_failure_at_unix_ms ?? 0;
  return ms === 0 ? "—" : formatInstant(new Date(ms).toISOString());
}

const count = (value: number | undefined) => value === undefined ? "—" : `${value}`;

function columns(): TableColumn<Row>[] {
  return [
    { title: "#", cell: ({ index }) => index + 1, isNumber: true },
    { title: t("rule_form.host"), cell: ({ target }) => <code>{target.host}</code> },
    {
      title: t("rule_form.port_placeholder"),
      cell: ({ target, portEnd }) => <code>{formatPorts(target.port, portEnd)}</code>,
    },
    { title: t("rule_form.priority"), cell: ({ target }) => target.priority, isNumber: true },
    { title: "PROXY", cell: ({ target }) => target.proxy_protocol ?? "—" },
    { title: t("target.health"), cell: (row) => <HealthBadge healthy={healthOf(row)} /> },
    {
      title: t("target.failures"),
      cell: ({ live, target }) =>
        count(live?.consecutive_failures ?? target.health?.consecutive_failures),
      isNumber: true,
    },
    {
      title: t("stats.bytes_in"),
      cell: ({ live }) => formatBytes(live?.bytes_in ?? NaN),
      isNumber: true,
    },
    {
      title: t("stats.bytes_out"),
      cell: ({ live }) => formatBytes(live?.bytes_out ?? NaN),
      isNumber: true,
    },
    {
      title: t("target.connections"),
      cell: ({ live }) => count(live?.connections_accepted),
      isNumber: true,
    },
    { title: t("target.last_failure"), cell: lastFailure },
  ];
}
