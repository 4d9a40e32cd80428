import { useState } from "preact/hooks";
import { call } from "../api/client.ts";
import { loadSession } from "../app/session.ts";
import { Field, Form } from "../components/field.tsx";
import { Front } from "../components/front.tsx";
import { NewPassword } from "../components/new_password.tsx";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";

/** The way in; a password that has to be changed is changed here, with what was typed. */
export default function Login({ expired }: { readonly expired: boolean }) {
  const [userId, setUserId] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [changing, setChanging] = useState(false);
  /** `null` while nobody asked for a code. */
  const [code, setCode] = useState<string | null>(null);

  const submit = async () => {
    if (userId.trim() === "" || password === "") return setError(t("login.required"));
    setBusy(true);
    const result = await call("POST /v1/auth/login", {
      body: {
        user_id: userId.trim(),
        password,
        ...(code === null || code === "" ? {} : { totp_code: code }),
      },
    });
    setBusy(false);
    if (!result.ok) {
      const asked = result.error.code === "totp_required";
      if (asked) setCode("");
      return setError(asked ? null : explain(result.error));
    }
    if (result.value.password_change_required) return setChanging(true);
    await loadSession();
  };

  if (changing) {
    return (
      <Front title={t("password.change")}>
        <p class="muted">{t("password.why")}</p>
        <NewPassword current={password} onChanged={() => void loadSession()} />
      </Front>
    );
  }
  return (
    <Front title={t("login.title")}>
      {expired && <p class="alert warn" role="status">{t("login.expired")}</p>}
      <Form onSubmit={() => void submit()} submit={t("login.submit")} busy={busy} error={error}>
        <Field
          label={t("label.user_id")}
          value={userId}
          onInput={setUserId}
          autoComplete="username"
          autoFocus
        />
        <Field
          label={t("label.password")}
          type="password"
          value={password}
          onInput={setPassword}
          autoComplete="current-password"
        />
        {code !== null && (
          <Field
            label={t("label.totp_code")}
            value={code}
            onInput={setCode}
            autoComplete="one-time-code"
            hint={t("login.code")}
            autoFocus
          />
        )}
      </Form>
    </Front>
  );
}
