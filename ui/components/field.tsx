import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: "text" | "password";
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
      {type === "password"
        ? <input type="password" {...shared} />
        : <input type="text" {...shared} />}
      {note !== undefined && (
        <p id={`${id}-note`} class={error === undefined ? "hint" : "hint bad-text"}>{note}</p>
      )}
    </div>
  );
}

export interface FormProps {
  readonly onSubmit: () => void;
  readonly submit: string;
  readonly busy: boolean;
  /** What the server refused it with. */
  readonly error: string | null;
  readonly children: ComponentChildren;
}

/** Fields, the server's answer, and the button. */
export function Form({ onSubmit, submit, busy, error, children }: FormProps) {
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
      <button type="submit" class="button primary" disabled={busy}>{submit}</button>
    </form>
  );
}
