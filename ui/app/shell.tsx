/**
 * What is around every page: navigation, the user's menu, the last failure.
 *
 * @module
 */

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso/router";
import { useEffect } from "preact/hooks";
import { errorText } from "../api/client.ts";
import { lastFailure } from "../api/query.ts";
import { Icon, type IconName } from "../components/icon.tsx";
import { Menu } from "../components/menu.tsx";
import { t, type TextKey } from "../i18n/i18n.ts";
import { logOut, type Me } from "./session.ts";

const COOKIE = "sidebar_state";
const collapsed = signal(document.cookie.includes(`${COOKIE}=false`));

/** Whether the sidebar covers the page, where there is no room for both. */
const sheetOpen = signal(false);
const isNarrow = () => matchMedia("(max-width: 768px)").matches;

interface Place {
  readonly path: string;
  readonly icon: IconName;
  readonly label: TextKey;
  /** Whether the page is for superadmins. */
  readonly administrative?: true;
}

const PLACES: readonly Place[] = [
  { path: "/", icon: "dashboard", label: "nav.dashboard" },
  { path: "/users", icon: "users", label: "nav.users", administrative: true },
  { path: "/rules", icon: "rules", label: "nav.rules" },
  { path: "/clients", icon: "clients", label: "nav.clients" },
  { path: "/topology", icon: "topology", label: "nav.topology" },
  { path: "/audit", icon: "audit", label: "nav.audit", administrative: true },
  { path: "/metrics", icon: "metrics", label: "nav.metrics", administrative: true },
  { path: "/settings", icon: "settings", label: "nav.settings" },
];

function toggleSidebar(): void {
  if (isNarrow()) {
    sheetOpen.value = !sheetOpen.value;
    return;
  }
  collapsed.value = !collapsed.value;
  document.cookie = `${COOKIE}=${!collapsed.value}; path=/; max-age=604800; SameSite=Lax`;
}

export interface ShellProps {
  readonly me: Me;
  readonly children: ComponentChildren;
}

export function Shell({ me, children }: ShellProps) {
  const { path } = useLocation();
  useEffect(() => void (sheetOpen.value = false), [path]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") sheetOpen.value = false;
      if (event.key !== "b" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      toggleSidebar();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <div class={`shell ${collapsed.value ? "collapsed" : ""} ${sheetOpen.value ? "sheet" : ""}`}>
      <a class="skip" href="#main">{t("shell.skip")}</a>
      <aside class="sidebar">
        <a class="brand" href="/" aria-label="Portunus">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          <span>Portunus</span>
        </a>
        <nav aria-label={t("shell.navigation")}>
          {places(me).map((place) => <NavLink key={place.path} {...place} current={path} />)}
        </nav>
        <UserMenu me={me} />
      </aside>
      <div class="page">
        <header class="topbar">
          <button
            type="button"
            class="icon-button"
            aria-label={t("shell.toggle")}
            aria-expanded={isNarrow() ? sheetOpen.value : !collapsed.value}
            onClick={toggleSidebar}
          >
            <Icon name="sidebar" />
          </button>
          <span class="crumb">{sectionOf(path)}</span>
        </header>
        <FailureBanner />
        <main id="main" tabIndex={-1}>{children}</main>
      </div>
    </div>
  );
}

/** What the navigation leads somebody to. */
const places = ({ role }: Me) =>
  PLACES.filter(({ administrative }) => !administrative || role === "superadmin");

const isIn = (place: string, path: string) =>
  place === "/" ? path === "/" : path === place || path.startsWith(`${place}/`);

function sectionOf(path: string): string {
  const place = PLACES.find((it) => isIn(it.path, path));
  return place === undefined ? "Portunus" : t(place.label);
}

function NavLink(
  { path, icon, label, current }: Place & { readonly current: string },
) {
  return (
    <a
      href={path}
      title={t(label)}
      aria-current={isIn(path, current) ? "page" : undefined}
    >
      <Icon name={icon} />
      <span>{t(label)}</span>
    </a>
  );
}

function UserMenu({ me }: { readonly me: Me }) {
  const { route } = useLocation();
  const role = t(me.role === "superadmin" ? "role.superadmin" : "role.user");
  const initials = me.display_name.slice(0, 2).toUpperCase();
  return (
    <Menu
      label={`${t("shell.user_menu")}: ${me.display_name} ${role}`}
      items={[
        { label: t("shell.account"), onSelect: () => route(`/users/${me.user_id}`) },
        { label: t("shell.sign_out"), onSelect: () => void logOut() },
      ]}
    >
      <span class="avatar" data-initials={initials} />
      <span class="who">
        <b>{me.display_name}</b> <small>{role}</small>
      </span>
    </Menu>
  );
}

function FailureBanner() {
  const error = lastFailure.value;
  if (error === null) return null;
  return (
    <div class="banner bad" role="alert">
      <span>{error.status === 0 ? t("error.unreachable") : errorText(error)}</span>
      <button
        type="button"
        class="icon-button"
        aria-label={t("action.close")}
        onClick={() => lastFailure.value = null}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
