import { useEffect, useState } from "preact/hooks";
import { call, errorText } from "../api/client.ts";
import type { Client, Enrollment } from "../api/types.ts";
import { CopyButton } from "../components/copy_button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Field, Form } from "../components/field.tsx";
import { formatCountdown } from "../components/format.ts";
import { t } from "../i18n/i18n.ts";

export interface EnrollDialogProps {
  /** The clients as of now: the new one appears among them. */
  readonly clients: readonly Client[];
  readonly onClose: () => void;
}

/** Makes a one-time code, shows what to run, and notices the client connecting. */
export function EnrollDialog({ clients, onClose }: EnrollDialogProps) {
  const [known] = useState(() => new Set(clients.map((it) => it.client_id)));
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [enrollment, setEnrollment] = useState<Enrollment | null>(null);

  const submit = async () => {
    setBusy(true);
    const body = { name: name.trim(), address: address.trim() };
    const result = await call("POST /v1/client-enrollments", { body });
    setBusy(false);
    if (!result.ok) return setError(errorText(result.error));
    setError(null);
    setEnrollment(result.value);
  };

  const arrived = clients.find((it) =>
    !known.has(it.client_id) && it.client_name === enrollment?.client_name
  );
  return (
    <Dialog title={t("clients.enroll")} onClose={onClose}>
      {enrollment === null
        ? (
          <Form
            onSubmit={() => void submit()}
            submit={t("enroll.submit")}
            busy={busy}
            error={error}
          >
            <Field label={t("label.name")} value={name} onInput={setName} autoFocus />
            <Field
              label={t("column.address")}
              value={address}
              onInput={setAddress}
              hint={t("enroll.address_hint")}
            />
          </Form>
        )
        : arrived?.connected
        ? (
          <div class="state" role="status">
            <span class="badge good">{t("client.connected")}</span>
            <p>{t("enroll.done", { name: arrived.client_name })}</p>
            <button type="button" class="button primary" onClick={onClose}>
              {t("action.done")}
            </button>
          </div>
        )
        : (
          <Guide
            enrollment={enrollment}
            redeemed={arrived !== undefined}
            onAgain={() => setEnrollment(null)}
          />
        )}
    </Dialog>
  );
}

interface GuideProps {
  readonly enrollment: Enrollment;
  /** Whether the code was used. */
  readonly redeemed: boolean;
  readonly onAgain: () => void;
}

/** What to run on the new machine; a code that ran out is no longer shown. */
function Guide({ enrollment, redeemed, onAgain }: GuideProps) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  if (redeemed) return <p class="muted" role="status">{t("enroll.redeemed")}</p>;
  const left = Date.parse(enrollment.expires_at) - now;
  if (left <= 0) {
    return (
      <div class="stack">
        <p class="alert" role="alert">{t("enroll.expired")}</p>
        <button type="button" class="button" onClick={onAgain}>{t("enroll.again")}</button>
      </div>
    );
  }
  const command = `${enrollment.command} --out bundle.json && portunus-client --bundle bundle.json`;
  return (
    <div class="stack">
      <p>{t("enroll.run")}</p>
      <code class="command">{command}</code>
      <div class="row">
        <CopyButton text={command} />
        <span class="muted">{t("enroll.left", { time: formatCountdown(left) })}</span>
      </div>
      <p class="muted" role="status">{t("enroll.waiting")}</p>
    </div>
  );
}
