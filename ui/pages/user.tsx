import type { ComponentChildren } from "preact";
import { useLocation, useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import { call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { User } from "../api/types.ts";
import { useCrumb } from "../app/crumb.ts";
import { currentUser, isSuperadmin } from "../app/session.ts";
import { useUrlState } from "../app/url_state.ts";
import { OwnPassword } from "../components/own_password.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { type Tab, Tabs } from "../components/tabs.tsx";
import { toast } from "../components/toast.tsx";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";
import { Credentials } from "./credentials.tsx";
import { DeleteUser } from "./delete_user.tsx";
import Denied from "./denied.tsx";
import { OwnAccess } from "./own_access.tsx";
import { Sessions } from "./sessions.tsx";
import { TrafficPanel } from "./traffic_panel.tsx";
import { UserAccess } from "./user_access.tsx";
import { EditUserDialog, ResetPasswordDialog } from "./user_dialogs.tsx";
import { RoleBadge, StatusBadge } from "./users.tsx";

/** A user, for superadmins; for everybody else, only themselves. */
export default function UserPage() {
  const userId = useRoute().params["userId"] ?? "";
  if (isSuperadmin()) return <AdministeredUser key={userId} userId={userId} />;
  return userId === currentUser().user_id ? <OwnAccount /> : <Denied />;
}

function AdministeredUser({ userId }: { readonly userId: string }) {
  const { data, error, reload } = useQuery(
    "GET /v1/users/{user_id}",
    { path: { user_id: userId } },
    { everyMs: 5_000 },
  );
  useCrumb(data?.display_name);
  if (data === undefined || error?.status === 404) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  return (
    <>
      <div class="page-head">
        <div>
          <div class="row">
            <h1>{data.display_name}</h1>
            <RoleBadge user={data} />
            {data.disabled && <StatusBadge user={data} />}
          </div>
          <code class="muted">{data.user_id}</code>
        </div>
        <Actions user={data} />
      </div>
      <UserTabs userId={userId} access={<UserAccess userId={userId} />} />
    </>
  );
}

function OwnAccount() {
  const me = currentUser();
  useCrumb(me.display_name);
  return (
    <>
      <div class="page-head">
        <div>
          <div class="row">
            <h1>{me.display_name}</h1>
            <RoleBadge user={me} />
          </div>
          <code class="muted">{me.user_id}</code>
        </div>
      </div>
      <UserTabs userId={me.user_id} access={<OwnAccess userId={me.user_id} />} />
    </>
  );
}

type Asking = "edit" | "reset" | "delete";

function Actions({ user }: { readonly user: User }) {
  const { route } = useLocation();
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  const takeAway = async () => {
    const path = { user_id: user.user_id };
    const result = await call("DELETE /v1/users/{user_id}/totp", { path });
    if (!result.ok) return toast("bad", explain(result.error));
    toast("good", t("totp.reset_done"));
    await invalidate(`/v1/users/${user.user_id}`);
  };
  const isSelf = currentUser().user_id === user.user_id;
  return (
    <div class="row">
      <button type="button" class="button" onClick={() => setAsking("edit")}>
        {t("action.edit")}
      </button>
      {!isSelf && (
        <>
          <button type="button" class="button" onClick={() => setAsking("reset")}>
            {t("user.reset")}
          </button>
          {user.totp_enabled && (
            <button
              type="button"
              class="button"
              onClick={() => void takeAway()}
            >
              {t("totp.reset")}
            </button>
          )}
          <button type="button" class="button danger" onClick={() => setAsking("delete")}>
            {t("user.delete")}
          </button>
        </>
      )}
      {asking === "edit" && <EditUserDialog user={user} onClose={close} />}
      {asking === "reset" && <ResetPasswordDialog user={user} onClose={close} />}
      {asking === "delete" && (
        <DeleteUser
          user={user}
          onClose={close}
          onDeleted={() => route("/users")}
        />
      )}
    </div>
  );
}

interface UserTabsProps {
  readonly userId: string;
  readonly access: ComponentChildren;
}

function UserTabs({ userId, access }: UserTabsProps) {
  const { query, set } = useUrlState();
  const isSelf = currentUser().user_id === userId;
  const tabs: Tab[] = [
    { id: "access", title: t("user.tab_access"), content: () => access },
    {
      id: "traffic",
      title: t("traffic.title"),
      content: () => <TrafficPanel of="user" id={userId} />,
    },
    {
      id: "credentials",
      title: t("column.credentials"),
      content: () => <Credentials userId={userId} />,
    },
    { id: "sessions", title: t("sessions.title"), content: () => <Sessions userId={userId} /> },
    ...(isSelf
      ? [{ id: "password", title: t("label.password"), content: () => <OwnPassword /> }]
      : []),
  ];
  return (
    <Tabs
      label={t("user.tabs")}
      tabs={tabs}
      open={query["tab"] ?? ""}
      onOpen={(tab) => set({ tab })}
    />
  );
}
