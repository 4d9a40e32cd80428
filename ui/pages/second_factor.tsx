import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { type Answer, call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import { Field, Form } from "../components/field.tsx";
import { QrCode } from "../components/qr_code.tsx";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";

type Setup = Answer<"POST /v1/users/me/totp/setup">;

const OWN = "/v1/users/me/totp";

/** One's own second factor; nothing where the server has none to offer. */
export function SecondFactor() {
  const { data } = useQuery("GET /v1/users/me/totp", {});
  const [setup, setSetup] = useState<Setup | null>(null);
  const { busy, error, run } = useAction();
  if (data === undefined || !data.enabled && !data.available) return null;
  const begin = async () => {
    const result = await run(() => call("POST /v1/users/me/totp/setup", {}));
    if (result.ok) setSetup(result.value);
  };
  const done = (text: string) => {
    setSetup(null);
    toast("good", text);
    void invalidate(OWN);
  };
  return (
    <section class="card stack">
      <h2>{t("totp.title")}</h2>
      <p class="muted">{t(data.enabled ? "totp.on" : "totp.off")}</p>
      {data.enabled ? <Disable onDone={() => done(t("totp.disabled"))} /> : setup === null
        ? (
          <>
            {error !== null && <p class="alert" role="alert">{error}</p>}
            <div>
              <button type="button" class="button" disabled={busy} onClick={() => void begin()}>
                {t("totp.set_up")}
              </button>
            </div>
          </>
        )
        : <Confirm setup={setup} onDone={() => done(t("totp.enabled"))} />}
    </section>
  );
}

interface ConfirmProps {
  readonly setup: Setup;
  readonly onDone: () => void;
}

/** Shows the secret, this once, until the first code says that an app has it. */
function Confirm({ setup, onDone }: ConfirmProps) {
  const [code, setCode] = useState("");
  const { busy, error, run } = useAction();
  const submit = async () => {
    const body = { totp_code: code };
    const result = await run(() => call("POST /v1/users/me/totp/confirm", { body }));
    if (result.ok) onDone();
  };
  return (
    <>
      <p>{t("totp.scan")}</p>
      <QrCode text={setup.uri} label={t("totp.qr")} />
      <p class="muted">{t("totp.type")}</p>
      <code class="command">{setup.secret}</code>
      <Form onSubmit={() => void submit()} submit={t("totp.confirm")} busy={busy} error={error}>
        <Field
          label={t("label.totp_code")}
          value={code}
          onInput={setCode}
          autoComplete="one-time-code"
          autoFocus
        />
      </Form>
    </>
  );
}

function Disable({ onDone }: { readonly onDone: () => void }) {
  const [password, setPassword] = useState("");
  const { busy, error, run } = useAction();
  const submit = async () => {
    const result = await run(() => call("POST /v1/users/me/totp/disable", { body: { password } }));
    if (result.ok) onDone();
  };
  return (
    <Form onSubmit={() => void submit()} submit={t("totp.disable")} busy={busy} error={error}>
      <Field
        label={t("password.current")}
        type="password"
        value={password}
        onInput={setPassword}
        autoComplete="current-password"
      />
    </Form>
  );
}
