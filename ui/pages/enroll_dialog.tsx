import { useState } from "preact/hooks";
import { call } from "../api/client.ts";
import type { Client, Enrollment } from "../api/types.ts";
import { Dialog } from "../components/dialog.tsx";
import { Field, Form } from "../components/field.tsx";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";
import { EnrollGuide } from "./enroll_guide.tsx";

export interface EnrollDialogProps {
  /** The clients as of now: the new one appears among them. */
  readonly clients: readonly Client[];
  /** The client that is to be enrolled once more, with what belongs to it. */
  readonly again?: Client;
  readonly onClose: () => void;
}

/**
 * Makes a one-time code, shows what to run, and notices the client connecting. Once there is a
 * code, only a button closes it.
 */
export function EnrollDialog({ clients, again, onClose }: EnrollDialogProps) {
  const [known] = useState(() => new Map(clients.map((it) => [it.client_id, it.connected_at])));
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [enrollment, setEnrollment] = useState<Enrollment | null>(null);

  const submit = async () => {
    setBusy(true);
    const result = again
      ? await call("POST /v1/clients/{client_id}/enrollment", {
        path: { client_id: again.client_id },
        body: {},
      })
      : await call("POST /v1/client-enrollments", {
        body: { name: name.trim(), address: address.trim() },
      });
    setBusy(false);
    if (!result.ok) return setError(explain(result.error));
    setError(null);
    setEnrollment(result.value);
  };

  const arrived = clients.find((it) =>
    again
      ? it.client_id === again.client_id && it.connected_at !== known.get(it.client_id)
      : !known.has(it.client_id) && it.client_name === enrollment?.client_name
  );
  const title = again ? t("enroll.re_title", { name: again.client_name }) : t("clients.enroll");
  return (
    <Dialog title={title} onClose={enrollment === null ? onClose : null}>
      {enrollment === null
        ? (
          <Form
            onSubmit={() => void submit()}
            submit={t("enroll.submit")}
            busy={busy}
            error={error}
            onCancel={onClose}
          >
            {again ? <p>{t("enroll.re_text")}</p> : (
              <>
                <Field label={t("label.name")} value={name} onInput={setName} autoFocus />
                <Field
                  label={t("column.address")}
                  value={address}
                  onInput={setAddress}
                  hint={t("enroll.address_hint")}
                />
              </>
            )}
          </Form>
        )
        : arrived?.connected
        ? <Arrived client={arrived} isAgain={again !== undefined} onClose={onClose} />
        : (
          <EnrollGuide
            enrollment={enrollment}
            redeemed={arrived !== undefined}
            isAgain={again !== undefined}
            onAgain={() => setEnrollment(null)}
            onDismiss={onClose}
          />
        )}
    </Dialog>
  );
}

interface ArrivedProps {
  readonly client: Client;
  readonly isAgain: boolean;
  readonly onClose: () => void;
}

/** The machine is there. One that is new has nothing to do yet. */
function Arrived({ client: { client_name }, isAgain, onClose }: ArrivedProps) {
  return (
    <div class="state" role="status">
      <span class="badge good">{t("client.connected")}</span>
      <p>{t("enroll.done", { name: client_name })}</p>
      <div class="row">
        {!isAgain && (
          <a
            class="button primary"
            href={`/rules/new?client=${encodeURIComponent(client_name)}`}
          >
            {t("enroll.first_rule")}
          </a>
        )}
        <button type="button" class={isAgain ? "button primary" : "button"} onClick={onClose}>
          {t("action.done")}
        </button>
      </div>
    </div>
  );
}
