/**
 * What is around every page: navigation, header, the last failure, and what keys lay over it.
 *
 * @module
 */

import type { ComponentChildren } from "preact";
import lazy from "preact-iso/lazy";
import { useLocation } from "preact-iso/router";
import { useEffect, useMemo } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { t } from "../i18n/i18n.ts";
import { crumb } from "./crumb.ts";
import { FailureBanner } from "./failure_banner.tsx";
import { isAt, placesOf } from "./places.ts";
import type { Me } from "./session.ts";
import { overlay, shortcuts } from "./shortcuts.ts";
import { ShortcutList } from "./shortcut_list.tsx";
import { collapsed, isNarrow, sheetOpen, SIDEBAR, Sidebar, toggleSidebar } from "./sidebar.tsx";

const Palette = lazy(() => import("./palette.tsx"));

export interface ShellProps {
  readonly me: Me;
  readonly children: ComponentChildren;
}

export function Shell({ me, children }: ShellProps) {
  useShortcuts(me);
  const isSheet = isNarrow.value && sheetOpen.value;
  return (
    <div class={`shell ${collapsed.value ? "collapsed" : ""} ${isSheet ? "sheet" : ""}`}>
      <a class="skip" href="#main" inert={isSheet}>{t("shell.skip")}</a>
      <Sidebar me={me} />
      <div class="page" inert={isSheet}>
        <Header me={me} />
        <FailureBanner />
        <main id="main" tabIndex={-1}>{children}</main>
      </div>
      {overlay.value === "palette" && <Palette me={me} onClose={closeOverlay} />}
      {overlay.value === "shortcuts" && <ShortcutList me={me} onClose={closeOverlay} />}
    </div>
  );
}

const closeOverlay = () => void (overlay.value = null);

function Header({ me }: Pick<ShellProps, "me">) {
  const { path } = useLocation();
  const place = placesOf(me).find((it) => isAt(it.path, path));
  const section = place === undefined ? "Portunus" : t(place.label);
  const name = crumb.value;
  useEffect(() => {
    document.title = [name, place && section, "Portunus"].filter(Boolean).join(" · ");
    return () => void (document.title = "Portunus");
  }, [name, section]);
  return (
    <header class="topbar">
      <button
        type="button"
        class="icon-button"
        aria-label={t("shell.toggle")}
        aria-controls={SIDEBAR}
        aria-expanded={isNarrow.value ? sheetOpen.value : !collapsed.value}
        onClick={toggleSidebar}
      >
        <Icon name="sidebar" />
      </button>
      <div class="crumbs">
        {name === null ? <span class="crumb" aria-current="page">{section}</span> : (
          <>
            <a href={place?.path ?? "/"}>{section}</a>
            <span aria-hidden="true">/</span>
            <span class="crumb" aria-current="page">{name}</span>
          </>
        )}
      </div>
      <button
        type="button"
        class="button find"
        aria-keyshortcuts="Control+K Meta+K"
        onClick={() => overlay.value = "palette"}
      >
        <Icon name="search" />
        <span>{t("shell.search")}</span>
        <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
    </header>
  );
}

/** Listens to keys while somebody is logged in. */
function useShortcuts(me: Me): void {
  const { path, route } = useLocation();
  const read = useMemo(() => shortcuts({ toggleSidebar, go: route, search: focusSearch }), [route]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") sheetOpen.value = false;
      const taken = isTyping(event.target) || document.querySelector("dialog[open]") !== null;
      if (read(event, { me, path, taken, nowMs: event.timeStamp })) event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [read, me, path]);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>("main input[type=search]");
  field?.focus();
  field?.select();
  return field !== null;
}
