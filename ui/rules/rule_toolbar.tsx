import type { Rule } from "../api/types.ts";
import { isSuperadmin } from "../app/session.ts";
import { t } from "../i18n/i18n.ts";
import { type RuleFilter, STATES } from "./rule_filter.ts";

export interface RuleToolbarProps {
  readonly rules: readonly Rule[];
  readonly filter: RuleFilter;
  readonly onChange: (changes: Readonly<Record<string, string>>) => void;
}

/** What narrows the list of rules. */
export function RuleToolbar({ rules, filter, onChange }: RuleToolbarProps) {
  const owners = [...new Set(rules.flatMap((it) => it.owner_user_id ?? []))].toSorted();
  const clients = [...new Set(rules.map((it) => it.client_name))].toSorted();
  return (
    <div class="toolbar">
      <input
        type="search"
        aria-label={t("rules.search")}
        placeholder={t("rules.search")}
        value={filter.q}
        onInput={(event) => onChange({ q: event.currentTarget.value })}
      />
      <Choice
        label={t("rules.all_clients")}
        value={filter.client}
        options={clients.map((it) => [it, it])}
        onChange={(client) => onChange({ client })}
      />
      {isSuperadmin() && (
        <Choice
          label={t("rules.all_owners")}
          value={filter.owner}
          options={owners.map((it) => [it, it])}
          onChange={(owner) => onChange({ owner })}
        />
      )}
      <Choice
        label={t("rules.all_states")}
        value={filter.state}
        options={STATES.map((it) => [it, it === "down" ? t("rules.down") : t(`rule_state.${it}`)])}
        onChange={(state) => onChange({ state })}
      />
    </div>
  );
}

interface ChoiceProps {
  /** What no choice is called. */
  readonly label: string;
  readonly value: string;
  /** What each is in the address, and how it is called. */
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{label}</option>
      {options.map(([it, text]) => <option key={it} value={it}>{text}</option>)}
    </select>
  );
}
