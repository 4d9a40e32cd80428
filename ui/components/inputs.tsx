/**
 * Inputs that are no line of text.
 *
 * @module
 */

import { useId } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { Field } from "./field.tsx";
import { parseQuantity, quantityEcho, type QuantityKind } from "./quantity.ts";

export interface SwitchProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
  readonly hint?: string;
  /** @default {"checkbox"} */
  readonly role?: "checkbox" | "switch";
}

/** A box to tick. */
export function Check({ label, checked, onChange, hint, role, disabled = false }: SwitchProps) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        {...(role === undefined ? {} : { role })}
        checked={checked}
        disabled={disabled}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint !== undefined && <p id={`${id}-hint`} class="hint">{hint}</p>}
    </div>
  );
}

export interface SelectProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly onChange: (value: Value) => void;
  readonly disabled?: boolean;
  readonly hint?: string;
}

/** One of a few. */
export function Select<Value extends string>(props: SelectProps<Value>) {
  const id = useId();
  const { label, value, options, onChange, disabled = false, hint } = props;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        disabled={disabled}
        onChange={(event) => {
          const chosen = options.find((it) => it.value === event.currentTarget.value);
          if (chosen) onChange(chosen.value);
        }}
      >
        {options.map((it) => <option key={it.value} value={it.value}>{it.label}</option>)}
      </select>
      {hint !== undefined && <p class="hint">{hint}</p>}
    </div>
  );
}

export interface QuantityFieldProps {
  readonly label: string;
  readonly value: string;
  readonly kind: QuantityKind;
  readonly onInput: (value: string) => void;
  readonly error?: string | undefined;
}

/** An amount or a rate with its unit; what it comes to is shown below. */
export function QuantityField({ kind, error, ...field }: QuantityFieldProps) {
  const examples = t(kind === "rate" ? "quantity.rate_hint" : "quantity.bytes_hint");
  const isWrong = field.value.trim() !== "" && parseQuantity(field.value, kind) === null;
  return (
    <Field
      {...field}
      hint={quantityEcho(field.value, kind) ?? examples}
      error={error ?? (isWrong ? t("quantity.wrong", { examples }) : undefined)}
    />
  );
}
