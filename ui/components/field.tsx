import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { t } from "../i18n/i18n.ts";

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: "text" | "password" | "date" | "datetime-local";
  readonly error?: string | undefined;
  readonly hint?: string;
  readonly autoComplete?: string;
  readonly autoFocus?: boolean;
}

/** A labelled input with its hint and its error. */
export function Field(props: FieldProps) {
  const id = useId();
  const { label, value, onInput, type = "text", error, hint, autoComplete = "off" } = props;
  const note = error ?? hint;
  const shared = {
    id,
    value,
    autocomplete: autoComplete,
    autofocus: props.autoFocus ?? false,
    spellcheck: false,
    "aria-invalid": error !== undefined,
    "aria-describedby": note === undefined ? undefined : `${id}-note`,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) =>
      onInput(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <Input type={type} shared={shared} />
      {note !== undefined && (
        <p id={`${id}-note`} class={error === undefined ? "hint" : "hint bad-text"}>{note}</p>
      )}
    </div>
  );
}

interface InputProps {
  readonly type: NonNullable<FieldProps["type"]>;
  readonly shared: object;
}

/** The type is spelled out, because what else an input takes depends on it. */
function Input({ type, shared }: InputProps) {
  switch (type) {
    case "text":
      return <input type="text" {...shared} />;
    case "password":
      return <input type="password" {...shared} />;
    case "date":
      return <input type="date" {...shared} />;
    case "datetime-local":
      return <input type="datetime-local" {...shared} />;
    default:
      return type satisfies never;
  }
}

export interface FormProps {
  readonly onSubmit: () => void;
  readonly submit: string;
  readonly busy: boolean;
  /** What the server refused it with. */
  readonly error: string | null;
  /** Where there is a way out other than sending it. */
  readonly onCancel?: () => void;
  readonly children: ComponentChildren;
}

/** Fields, the server's answer, and the button. */
export function Form({ onSubmit, submit, busy, error, onCancel, children }: FormProps) {
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) onSubmit();
      }}
    >
      {children}
      {error !== null && <p class="alert" role="alert">{error}</p>}
      {onCancel === undefined
        ? <button type="submit" class="button primary" disabled={busy}>{submit}</button>
        : (
          <footer>
            <button type="button" class="button" onClick={onCancel}>{t("action.cancel")}</button>
            <button type="submit" class="button primary" disabled={busy}>
              {busy ? t("state.working") : submit}
            </button>
          </footer>
        )}
    </form>
  );
}
