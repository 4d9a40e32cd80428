import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Invitation, User } from "../api/types.ts";
import { Dialog } from "../components/dialog.tsx";
import { Field, Form } from "../components/field.tsx";
import { formatInstant } from "../components/format.ts";
import { Select } from "../components/inputs.tsx";
import { SecretDialog } from "../components/secret_dialog.tsx";
import { Table, type TableColumn } from "../components/table.tsx";
import { t } from "../i18n/i18n.ts";

const PATH = "/v1/invitations";

/** Offers of accounts; nothing where the server makes none. */
export function Invitations() {
  const { data } = useQuery("GET /v1/invitations", {});
  const [inviting, setInviting] = useState(false);
  const [link, setLink] = useState<string | null>(null);
  const { busy, error, run } = useAction();
  if (data === undefined) return null;
  const revoke = async ({ invitation_id }: Invitation) => {
    const path = { invitation_id };
    await run(() => call("DELETE /v1/invitations/{invitation_id}", { path }));
    await invalidate(PATH);
  };
  return (
    <section class="stack">
      <div class="section-head">
        <h2>{t("invitations.title")}</h2>
        <button type="button" class="button" onClick={() => setInviting(true)}>
          {t("invitations.create")}
        </button>
      </div>
      {error !== null && <p class="alert" role="alert">{error}</p>}
      <Table
        label={t("invitations.title")}
        rows={data}
        columns={columns(busy, (it) => void revoke(it))}
        keyOf={(it) => it.invitation_id}
        empty={t("invitations.none")}
      />
      {inviting && (
        <InviteDialog
          onClose={() => setInviting(false)}
          onInvited={(it) => {
            setInviting(false);
            setLink(it);
          }}
        />
      )}
      {link !== null && (
        <SecretDialog
          title={t("invitations.link")}
          secret={link}
          onDismiss={() => setLink(null)}
        />
      )}
    </section>
  );
}

function columns(
  busy: boolean,
  onRevoke: (invitation: Invitation) => void,
): TableColumn<Invitation>[] {
  return [
    { title: t("label.user_id"), cell: (it) => it.user_id },
    { title: t("label.email"), cell: (it) => it.email ?? "" },
    { title: t("column.state"), cell: (it) => t(`invitations.${it.status}`) },
    { title: t("invitations.expires"), cell: (it) => formatInstant(it.expires_at) },
    {
      title: "",
      isNumber: true,
      cell: (it) =>
        it.status === "pending" && (
          <button
            type="button"
            class="link bad-text"
            disabled={busy}
            onClick={() => onRevoke(it)}
          >
            {t("invitations.revoke")}
          </button>
        ),
    },
  ];
}

interface InviteDialogProps {
  readonly onClose: () => void;
  /** With the link, which is shown this once. */
  readonly onInvited: (link: string) => void;
}

function InviteDialog({ onClose, onInvited }: InviteDialogProps) {
  const [userId, setUserId] = useState("");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<User["role"]>("user");
  const { busy, error, refuse, run } = useAction();
  const submit = async () => {
    if (userId.trim() === "") return refuse(t("user.id_wrong"));
    const body = {
      user_id: userId.trim(),
      role,
      ...(name.trim() === "" ? {} : { display_name: name.trim() }),
      ...(email.trim() === "" ? {} : { email: email.trim() }),
    };
    const result = await run(() => call("POST /v1/invitations", { body }));
    if (!result.ok) return;
    void invalidate(PATH);
    const { url, token } = result.value;
    onInvited(url ?? `${location.origin}/invite#${token}`);
  };
  return (
    <Dialog title={t("invitations.create")} onClose={onClose}>
      <Form
        onSubmit={() => void submit()}
        submit={t("invitations.create")}
        busy={busy}
        error={error}
        onCancel={onClose}
      >
        <Field label={t("label.user_id")} value={userId} onInput={setUserId} autoFocus />
        <Field label={t("label.display_name")} value={name} onInput={setName} />
        <Field label={t("label.email")} value={email} onInput={setEmail} />
        <Select
          label={t("column.role")}
          value={role}
          onChange={setRole}
          options={[
            { value: "user", label: t("role.user") },
            { value: "superadmin", label: t("role.superadmin") },
          ]}
        />
      </Form>
    </Dialog>
  );
}
