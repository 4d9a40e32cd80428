import { RULES } from "../../src/core/limits.ts";
import { Field } from "../components/field.tsx";
import { Icon } from "../components/icon.tsx";
import { Select } from "../components/inputs.tsx";
import { t } from "../i18n/i18n.ts";
import type { Problems } from "./rule_body.ts";
import { emptyTarget, type Proxy, type RuleFields, type TargetFields } from "./rule_fields.ts";

export interface TargetInputsProps {
  readonly fields: RuleFields;
  readonly problems: Problems;
  readonly onChange: (changes: Partial<RuleFields>) => void;
}

const proxyOptions = () => [
  { value: "" as Proxy, label: t("rule_form.proxy_none") },
  { value: "v1" as Proxy, label: "PROXY v1" },
  { value: "v2" as Proxy, label: "PROXY v2" },
];

/** Where a rule forwards to: one target, which may be a range of ports, or a list in order. */
export function TargetInputs(props: TargetInputsProps) {
  const { fields, onChange } = props;
  const modes = [{ isMulti: false, label: t("rule_form.single") }, {
    isMulti: true,
    label: t("rule_form.multi"),
  }];
  return (
    <fieldset>
      <legend>{t("rule.targets")}</legend>
      <div class="radios" role="radiogroup" aria-label={t("rule.targets")}>
        {modes.map(({ isMulti, label }) => (
          <label key={label}>
            <input
              type="radio"
              name="target-mode"
              checked={fields.isMulti === isMulti}
              onChange={() => onChange({ isMulti })}
            />
            {label}
          </label>
        ))}
      </div>
      {fields.isMulti ? <TargetList {...props} /> : <SingleTarget {...props} />}
    </fieldset>
  );
}

/** The targets with the one at `index` changed. */
const withTarget = (
  targets: readonly TargetFields[],
  index: number,
  changes: Partial<TargetFields>,
) => targets.map((it, i) => i === index ? { ...it, ...changes } : it);

function SingleTarget({ fields, problems, onChange }: TargetInputsProps) {
  const [target = emptyTarget(0)] = fields.targets;
  const change = (changes: Partial<TargetFields>) =>
    onChange({ targets: withTarget(fields.targets, 0, changes) });
  return (
    <div class="target-single">
      <Field
        label={t("rule_form.host")}
        value={target.host}
        onInput={(host) => change({ host })}
        error={problems["targets.0.host"]}
      />
      <Field
        label={t("rule_form.target_start")}
        value={target.port}
        onInput={(port) => change({ port })}
        error={problems["targets.0.port"]}
      />
      <Field
        label={t("rule_form.target_end")}
        value={fields.targetEnd}
        onInput={(targetEnd) => onChange({ targetEnd })}
        error={problems["targetEnd"]}
      />
      <Select
        label={t("rule_form.proxy")}
        value={fields.protocol === "tcp" ? target.proxy : ""}
        options={proxyOptions()}
        onChange={(proxy) => change({ proxy })}
        disabled={fields.protocol !== "tcp"}
      />
    </div>
  );
}

function TargetList({ fields, problems, onChange }: TargetInputsProps) {
  const { targets } = fields;
  return (
    <>
      <div class="target-list">
        <div class="target-row target-head" aria-hidden="true">
          <span>{t("rule_form.host")}</span>
          <span>{t("rule_form.port_placeholder")}</span>
          <span>{t("rule_form.priority")}</span>
          <span>{t("rule_form.proxy")}</span>
        </div>
        {targets.map((_, i) => (
          <TargetRow key={i} index={i} fields={fields} problems={problems} onChange={onChange} />
        ))}
      </div>
      {problems["targets"] !== undefined && <p class="hint bad-text">{problems["targets"]}</p>}
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={targets.length >= RULES.targetsMax}
          onClick={() => onChange({ targets: [...targets, emptyTarget(targets.length)] })}
        >
          <Icon name="plus" />
          {t("rule_form.add_target")}
        </button>
        <span class="hint">{t("rule_form.priority_hint")}</span>
      </div>
    </>
  );
}

interface TargetRowProps extends TargetInputsProps {
  readonly index: number;
}

function TargetRow({ index, fields, problems, onChange }: TargetRowProps) {
  const { targets, protocol } = fields;
  const target = targets[index] ?? emptyTarget(index);
  const input = (name: "host" | "port" | "priority", label: string) => (
    <Cell
      label={t("rule_form.of_target", { label, n: index + 1 })}
      placeholder={label}
      value={target[name]}
      error={problems[`targets.${index}.${name}`]}
      onInput={(value) => onChange({ targets: withTarget(targets, index, { [name]: value }) })}
    />
  );
  return (
    <div class="target-row">
      {input("host", t("rule_form.host_placeholder"))}
      {input("port", t("rule_form.port_placeholder"))}
      {input("priority", t("rule_form.priority"))}
      <select
        aria-label={t("rule_form.of_target", { label: t("rule_form.proxy"), n: index + 1 })}
        value={protocol === "tcp" ? target.proxy : ""}
        disabled={protocol !== "tcp"}
        onChange={({ currentTarget: { value } }) => {
          const proxy = proxyOptions().find((it) => it.value === value)?.value ?? "";
          onChange({ targets: withTarget(targets, index, { proxy }) });
        }}
      >
        {proxyOptions().map((it) => <option key={it.value} value={it.value}>{it.label}</option>)}
      </select>
      <button
        type="button"
        class="icon-button"
        aria-label={t("rule_form.remove_target", { n: index + 1 })}
        disabled={targets.length === 1}
        onClick={() => onChange({ targets: targets.filter((_, i) => i !== index) })}
      >
        <Icon name="trash" />
      </button>
    </div>
  );
}

interface CellProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly error: string | undefined;
  readonly onInput: (value: string) => void;
}

/** An input whose column says what it is. */
function Cell({ label, placeholder, value, error, onInput }: CellProps) {
  return (
    <div class="field">
      <input
        type="text"
        aria-label={error === undefined ? label : `${label}: ${error}`}
        aria-invalid={error !== undefined}
        placeholder={placeholder}
        value={value}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {error !== undefined && <p class="hint bad-text">{error}</p>}
    </div>
  );
}
