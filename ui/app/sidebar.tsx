/**
 * The navigation beside the page; on a phone a sheet over it.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { useLocation } from "preact-iso/router";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { Menu } from "../components/menu.tsx";
import { t } from "../i18n/i18n.ts";
import { appearance } from "./palette_entries.ts";
import { isAt, type Place, placesOf } from "./places.ts";
import { logOut, type Me } from "./session.ts";
import { overlay } from "./shortcuts.ts";

/** The element that the button in the header controls. */
export const SIDEBAR = "sidebar";

const COOKIE = "sidebar_state";

/** Whether the sidebar shows only icons; kept for a week. */
export const collapsed = signal(document.cookie.includes(`${COOKIE}=false`));

/** Whether the sidebar covers the page, where there is no room for both. */
export const sheetOpen = signal(false);

const narrow = matchMedia("(max-width: 768px)");
/** Whether there is no room for page and sidebar. */
export const isNarrow = signal(narrow.matches);
narrow.addEventListener("change", () => isNarrow.value = narrow.matches);

export function toggleSidebar(): void {
  if (isNarrow.value) {
    sheetOpen.value = !sheetOpen.value;
    return;
  }
  collapsed.value = !collapsed.value;
  document.cookie = `${COOKIE}=${!collapsed.value}; path=/; max-age=604800; SameSite=Lax`;
}

export function Sidebar({ me }: { readonly me: Me }) {
  const { path } = useLocation();
  const isSheet = isNarrow.value && sheetOpen.value;
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => void (sheetOpen.value = false), [path, isNarrow.value]);
  useEffect(() => {
    if (!isSheet) return;
    // All but the sheet is inert meanwhile, so that focus stays in it.
    element.current?.querySelector<HTMLElement>("nav a")?.focus();
    return () => document.querySelector<HTMLElement>(`[aria-controls=${SIDEBAR}]`)?.focus();
  }, [isSheet]);
  const modal = isSheet
    ? { role: "dialog", "aria-modal": true, "aria-label": t("shell.sidebar") } as const
    : {};
  return (
    <>
      {isSheet && <div class="backdrop" onClick={() => sheetOpen.value = false} />}
      <div ref={element} id={SIDEBAR} class="sidebar" {...modal}>
        <a class="brand" href="/" aria-label="Portunus">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          <span>Portunus</span>
        </a>
        <nav aria-label={t("shell.navigation")}>
          {placesOf(me).map((place) => <NavLink key={place.path} {...place} current={path} />)}
        </nav>
        <UserMenu me={me} />
      </div>
    </>
  );
}

function NavLink(
  { path, icon, label, current }: Place & { readonly current: string },
) {
  return (
    <a
      href={path}
      title={t(label)}
      aria-current={isAt(path, current) ? "page" : undefined}
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
        ...appearance(),
        { label: t("shortcuts.title"), onSelect: () => void (overlay.value = "shortcuts") },
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
