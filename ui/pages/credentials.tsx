import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Credential } from "../api/types.ts";
import { Confirm } from "../components/dialog.tsx";
import { Field } from "../components/field.tsx";
import { FormDialog } from "../components/form_dialog.tsx";
import { formatInstant, shortId } from "../components/format.ts";
import { SecretDialog } from "../components/secret_dialog.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { Table, type TableColumn } from "../components/table.tsx";
import { t } from "../i18n/i18n.ts";

type Asking = { readonly what: "issue" } | {
  readonly what: "rotate" | "revoke";
  readonly credential: Credential;
};

/** A user's API credentials: tokens for the command line and for scripts. */
export function Credentials({ userId }: { readonly userId: string }) {
  const path = { user_id: userId };
  const { data, error, reload } = useQuery("GET /v1/users/{user_id}/credentials", { path });
  const [asking, setAsking] = useState<Asking | null>(null);
  const [token, setToken] = useState<string | null>(null);
  const close = () => setAsking(null);
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const changed = (issued: string | null) => {
    close();
    setToken(issued);
    void invalidate(`/v1/users/${userId}/credentials`);
  };
  return (
    <>
      <div class="section-head">
        <p class="muted">{t("credentials.text")}</p>
        <button type="button" class="button" onClick={() => setAsking({ what: "issue" })}>
          {t("credentials.issue")}
        </button>
      </div>
      <Table
        label={t("column.credentials")}
        rows={data.toReversed()}
        columns={columns((what, credential) => setAsking({ what, credential }))}
        keyOf={(it) => it.credential_id}
        empty={t("credentials.none")}
      />
      {asking?.what === "issue" && <Issue userId={userId} onClose={close} onIssued={changed} />}
      {asking !== null && asking.what !== "issue" && (
        <Change
          userId={userId}
          what={asking.what}
          credential={asking.credential}
          onClose={close}
          onChanged={changed}
        />
      )}
      {token !== null && (
        <SecretDialog
          title={t("credentials.token")}
          secret={token}
          onDismiss={() => setToken(null)}
        />
      )}
    </>
  );
}

function columns(
  onAsk: (what: "rotate" | "revoke", credential: Credential) => void,
): TableColumn<Credential>[] {
  return [
    {
      title: t("credentials.label"),
      cell: (it) => it.label ?? <code title={it.credential_id}>{shortId(it.credential_id)}</code>,
    },
    { title: t("rule.created"), cell: (it) => formatInstant(it.created_at) },
    { title: t("credentials.used"), cell: (it) => formatInstant(it.last_used_at) },
    {
      title: t("column.state"),
      cell: ({ status }) => (
        <span class={`badge ${status === "active" ? "good" : ""}`}>
          {t(`credentials.${status}`)}
        </span>
      ),
    },
    {
      title: "",
      isNumber: true,
      cell: (it) =>
        it.status === "active" && (
          <span class="row-actions">
            <button type="button" class="link" onClick={() => onAsk("rotate", it)}>
              {t("credentials.rotate")}
            </button>
            <button type="button" class="link bad-text" onClick={() => onAsk("revoke", it)}>
              {t("credentials.revoke")}
            </button>
          </span>
        ),
    },
  ];
}

interface IssueProps {
  readonly userId: string;
  readonly onClose: () => void;
  readonly onIssued: (token: string) => void;
}

function Issue({ userId, onClose, onIssued }: IssueProps) {
  const [label, setLabel] = useState("");
  const { busy, error, run } = useAction();
  const submit = async () => {
    const body = label.trim() === "" ? {} : { label: label.trim() };
    const path = { user_id: userId };
    const result = await run(() => call("POST /v1/users/{user_id}/credentials", { path, body }));
    if (result.ok) onIssued(result.value.token);
  };
  return (
    <FormDialog
      title={t("credentials.issue")}
      onClose={onClose}
      onSubmit={() => void submit()}
      submit={t("credentials.issue")}
      busy={busy}
      error={error}
    >
      <Field
        label={t("credentials.label")}
        value={label}
        onInput={setLabel}
        hint={t("credentials.label_hint")}
        autoFocus
      />
    </FormDialog>
  );
}

interface ChangeProps {
  readonly userId: string;
  readonly what: "rotate" | "revoke";
  readonly credential: Credential;
  readonly onClose: () => void;
  /** Is told the new token, if there is one. */
  readonly onChanged: (token: string | null) => void;
}

function Change({ userId, what, credential, onClose, onChanged }: ChangeProps) {
  const { busy, error, run } = useAction();
  const path = { user_id: userId, credential_id: credential.credential_id };
  const change = async () => {
    if (what === "rotate") {
      const rotate = "POST /v1/users/{user_id}/credentials/{credential_id}/rotate";
      const result = await run(() => call(rotate, { path, body: {} }));
      if (result.ok) onChanged(result.value.token);
    } else {
      const revoke = "DELETE /v1/users/{user_id}/credentials/{credential_id}";
      if ((await run(() => call(revoke, { path }))).ok) onChanged(null);
    }
  };
  const name = credential.label ?? shortId(credential.credential_id);
  return (
    <Confirm
      title={t(`credentials.${what}_title`, { name })}
      confirm={t(`credentials.${what}`)}
      busy={busy}
      onClose={onClose}
      onConfirm={() => void change()}
    >
      <p>{t(`credentials.${what}_text`)}</p>
      {error !== null && <p class="alert" role="alert">{error}</p>}
    </Confirm>
  );
}
