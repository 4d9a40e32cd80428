import { useState } from "preact/hooks";
import { call } from "../api/client.ts";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";
import { Field, Form } from "./field.tsx";

const LENGTH_MIN = 12;
const BYTES_MAX = 1024;

/** Why a new password cannot be used, or `null`. The server has the last word. */
export function passwordProblem(password: string, confirmation: string): string | null {
  if ([...password].length < LENGTH_MIN) return t("password.short", { n: LENGTH_MIN });
  if (new TextEncoder().encode(password).length > BYTES_MAX) return t("password.long");
  return password === confirmation ? null : t("password.differs");
}

export interface NewPasswordProps {
  /** The current password, where it was just typed. */
  readonly current?: string;
  readonly onChanged: () => void;
}

/** Changes the password of whoever is logged in. */
export function NewPassword({ current, onChanged }: NewPasswordProps) {
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const [confirmation, setConfirmation] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const submit = async () => {
    const problem = passwordProblem(password, confirmation);
    if (problem !== null) return setError(problem);
    setBusy(true);
    const result = await call("POST /v1/users/me/password", {
      body: {
        current_password: current ?? old,
        new_password: password,
        new_password_confirm: confirmation,
      },
    });
    setBusy(false);
    if (!result.ok) return setError(explain(result.error));
    setError(null);
    onChanged();
  };

  return (
    <Form onSubmit={() => void submit()} submit={t("password.submit")} busy={busy} error={error}>
      {current === undefined && (
        <Field
          label={t("password.current")}
          type="password"
          value={old}
          onInput={setOld}
          autoComplete="current-password"
        />
      )}
      <Field
        label={t("password.new")}
        type="password"
        value={password}
        onInput={setPassword}
        autoComplete="new-password"
        hint={t("password.short", { n: LENGTH_MIN })}
      />
      <Field
        label={t("password.confirm")}
        type="password"
        value={confirmation}
        onInput={setConfirmation}
        autoComplete="new-password"
      />
    </Form>
  );
}
