import { type RuleReadings, useRuleReadings } from "../api/rule_rates.ts";
import type { Rule } from "../api/types.ts";
import { DataTable, type Sort } from "../components/data_table.tsx";
import { t } from "../i18n/i18n.ts";
import { ruleColumns } from "./rule_columns.tsx";
import type { Selection } from "./selection.tsx";

/** Of more rules the counters are not worth asking for every five seconds. */
export const RATED_MAX = 2_000;

export interface RuleTableProps {
  /** Every rule there is. */
  readonly rules: readonly Rule[];
  /** Those that pass the filters. */
  readonly shown: readonly Rule[];
  readonly readings?: RuleReadings;
  readonly selection: Selection;
  readonly onRemove: (rule: Rule) => void;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}

/** The list of rules. */
export function RuleTable(props: RuleTableProps) {
  const { rules, shown, readings, selection, onRemove, sort, onSort } = props;
  return (
    <DataTable
      label={t("nav.rules")}
      rows={shown}
      columns={ruleColumns({ rules, readings, selection, onRemove })}
      keyOf={(rule) => rule.id}
      sort={sort}
      onSort={onSort}
    />
  );
}

/** The list of rules, with what each moves now. */
export function RatedTable(props: RuleTableProps) {
  return <RuleTable {...props} readings={useRuleReadings()} />;
}
