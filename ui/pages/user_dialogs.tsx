/**
 * What superadmins do to users: create, change, reset the password, delete.
 *
 * @module
 */

import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate } from "../api/query.ts";
import type { User } from "../api/types.ts";
import { currentUser } from "../app/session.ts";
import { Field } from "../components/field.tsx";
import { FormDialog } from "../components/form_dialog.tsx";
import { Check, Select } from "../components/inputs.tsx";
import { passwordProblem } from "../components/new_password.tsx";
import { SecretDialog } from "../components/secret_dialog.tsx";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";

const USER_ID = /^[a-z][a-z0-9_-]{0,31}$/;

type Role = User["role"];

const roles = (): { readonly value: Role; readonly label: string }[] => [
  { value: "user", label: t("role.user") },
  { value: "superadmin", label: t("role.superadmin") },
];

export interface CreateUserDialogProps {
  readonly onClose: () => void;
  readonly onCreated: (userId: string) => void;
}

interface UserFields {
  readonly userId: string;
  readonly name: string;
  readonly password: string;
}

/** What is wrong with the fields of a new user. */
function userProblems({ userId, name, password }: UserFields) {
  return {
    userId: USER_ID.test(userId.trim()) ? undefined : t("user.id_wrong"),
    name: name.trim() === "" ? t("field.required") : undefined,
    password: password === "" ? undefined : passwordProblem(password, password) ?? undefined,
  };
}

/** A new user; without a password, one who works by API credentials alone. */
export function CreateUserDialog({ onClose, onCreated }: CreateUserDialogProps) {
  const [userId, setUserId] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("user");
  const [password, setPassword] = useState("");
  const [mustChange, setMustChange] = useState(true);
  const [tried, setTried] = useState(false);
  const { busy, error, run } = useAction();
  const problems = userProblems({ userId, name, password });
  const submit = async () => {
    setTried(true);
    if (Object.values(problems).some((it) => it !== undefined)) return;
    const body = {
      user_id: userId.trim(),
      display_name: name.trim(),
      role,
      ...(password === ""
        ? {}
        : { initial_password: password, password_change_required: mustChange }),
    };
    const result = await run(() => call("POST /v1/users", { body }));
    if (!result.ok) return;
    void invalidate("/v1/users");
    onCreated(result.value.user_id);
  };
  return (
    <FormDialog
      title={t("users.create")}
      onClose={onClose}
      onSubmit={() => void submit()}
      submit={t("users.create")}
      busy={busy}
      error={error}
    >
      <Field
        label={t("column.id")}
        value={userId}
        onInput={setUserId}
        hint={t("user.id_hint")}
        error={tried ? problems.userId : undefined}
        autoFocus
      />
      <Field
        label={t("label.display_name")}
        value={name}
        onInput={setName}
        error={tried ? problems.name : undefined}
      />
      <Select label={t("column.role")} value={role} options={roles()} onChange={setRole} />
      <Field
        label={t("user.initial_password")}
        type="password"
        value={password}
        onInput={setPassword}
        hint={t("user.initial_password_hint")}
        error={tried ? problems.password : undefined}
        autoComplete="new-password"
      />
      <Check
        label={t("user.must_change")}
        checked={mustChange && password !== ""}
        disabled={password === ""}
        onChange={setMustChange}
      />
    </FormDialog>
  );
}

interface UserDialogProps {
  readonly user: User;
  readonly onClose: () => void;
}

/** Name, role, and whether the account works at all. */
export function EditUserDialog({ user, onClose }: UserDialogProps) {
  const [name, setName] = useState(user.display_name);
  const [role, setRole] = useState<Role>(user.role);
  const [disabled, setDisabled] = useState(user.disabled);
  const { busy, error, run } = useAction();
  const isSelf = currentUser().user_id === user.user_id;
  const submit = async () => {
    const result = await run(() =>
      call("PATCH /v1/users/{user_id}", {
        path: { user_id: user.user_id },
        body: { display_name: name.trim(), ...(isSelf ? {} : { role, disabled }) },
      })
    );
    if (!result.ok) return;
    await invalidate(`/v1/users/${user.user_id}`);
    onClose();
  };
  return (
    <FormDialog
      title={t("user.edit_title", { id: user.user_id })}
      onClose={onClose}
      onSubmit={() => void submit()}
      submit={t("action.save")}
      busy={busy}
      error={error}
    >
      <Field label={t("label.display_name")} value={name} onInput={setName} autoFocus />
      {!isSelf && (
        <>
          <Select
            label={t("column.role")}
            value={role}
            options={roles()}
            onChange={setRole}
            hint={t("user.role_hint")}
          />
          <Check
            label={t("user.disabled")}
            checked={disabled}
            onChange={setDisabled}
            hint={t("user.disabled_hint")}
          />
        </>
      )}
    </FormDialog>
  );
}

/** Another password: a given one, or one that is made up and shown once. */
export function ResetPasswordDialog({ user, onClose }: UserDialogProps) {
  const [password, setPassword] = useState("");
  const [mustChange, setMustChange] = useState(true);
  const [keepTokens, setKeepTokens] = useState(true);
  const [made, setMade] = useState<string | null>(null);
  const { busy, error, refuse, run } = useAction();
  const submit = async () => {
    const problem = password === "" ? null : passwordProblem(password, password);
    if (problem !== null) return refuse(problem);
    const result = await run(() =>
      call("POST /v1/users/{user_id}/password", {
        path: { user_id: user.user_id },
        body: {
          ...(password === "" ? {} : { new_password: password }),
          temporary_password: password === "" || mustChange,
          keep_api_tokens: keepTokens,
        },
      })
    );
    if (!result.ok) return;
    void invalidate(`/v1/users/${user.user_id}/credentials`);
    void invalidate(`/v1/users/${user.user_id}/sessions`);
    toast("good", t("user.reset_done", { sessions: result.value.sessions_revoked }));
    if (result.value.temporary_password === undefined) onClose();
    else setMade(result.value.temporary_password);
  };
  if (made !== null) {
    return <SecretDialog title={t("user.temporary")} secret={made} onDismiss={onClose} />;
  }
  return (
    <FormDialog
      title={t("user.reset_title", { id: user.user_id })}
      onClose={onClose}
      onSubmit={() => void submit()}
      submit={t("user.reset")}
      busy={busy}
      error={error}
    >
      <p class="muted">{t("user.reset_text")}</p>
      <Field
        label={t("password.new")}
        type="password"
        value={password}
        onInput={setPassword}
        hint={t("user.reset_hint")}
        autoComplete="new-password"
      />
      <Check
        label={t("user.must_change")}
        checked={mustChange || password === ""}
        disabled={password === ""}
        onChange={setMustChange}
      />
      <Check label={t("user.keep_tokens")} checked={keepTokens} onChange={setKeepTokens} />
    </FormDialog>
  );
}
