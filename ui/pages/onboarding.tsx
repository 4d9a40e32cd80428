import { useState } from "preact/hooks";
import { call } from "../api/client.ts";
import { loadSession } from "../app/session.ts";
import { Field, Form } from "../components/field.tsx";
import { Front } from "../components/front.tsx";
import { passwordProblem } from "../components/new_password.tsx";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";

/** Makes the first superadmin, and logs them in. */
export default function Onboarding() {
  const [token, setToken] = useState("");
  const [userId, setUserId] = useState("admin");
  const [displayName, setDisplayName] = useState("Administrator");
  const [password, setPassword] = useState("");
  const [confirmation, setConfirmation] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const submit = async () => {
    if ([token, userId, displayName].some((it) => it.trim() === "")) {
      return setError(t("onboarding.required"));
    }
    const problem = passwordProblem(password, confirmation);
    if (problem !== null) return setError(problem);
    setBusy(true);
    const account = { user_id: userId.trim(), password };
    const created = await call("POST /v1/auth/onboarding", {
      body: {
        ...account,
        setup_token: token.trim(),
        display_name: displayName.trim(),
        password_confirm: confirmation,
      },
    });
    const result = created.ok ? await call("POST /v1/auth/login", { body: account }) : created;
    setBusy(false);
    if (!result.ok) return setError(explain(result.error));
    await loadSession();
  };

  const secret = { type: "password", autoComplete: "new-password" } as const;
  return (
    <Front title={t("onboarding.title")}>
      <p class="muted">{t("onboarding.text")}</p>
      <Form
        onSubmit={() => void submit()}
        submit={t("onboarding.submit")}
        busy={busy}
        error={error}
      >
        <Field
          label={t("label.setup_token")}
          type="password"
          value={token}
          onInput={setToken}
          hint={t("onboarding.token_hint")}
          autoFocus
        />
        <Field label={t("label.user_id")} value={userId} onInput={setUserId} />
        <Field label={t("label.display_name")} value={displayName} onInput={setDisplayName} />
        <Field label={t("label.password")} value={password} onInput={setPassword} {...secret} />
        <Field
          label={t("password.confirm")}
          value={confirmation}
          onInput={setConfirmation}
          {...secret}
        />
      </Form>
    </Front>
  );
}
