/**
 * What keys do while nobody types.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { isAt, PLACES, placesOf } from "./places.ts";
import type { Me } from "./session.ts";

/** What is laid over the page by a key. */
export const overlay = signal<"palette" | "shortcuts" | null>(null);

/** Where new things are made, by section. */
const NEW: Readonly<Record<string, string>> = {
  "/rules": "/rules/new",
  "/clients": "/clients/new",
  "/users": "/users/new",
};

/** How long the second key of a pair may take. */
const PAIR_MS = 1_500;

/** What a key press looks like; a `KeyboardEvent` does. */
export type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">;

export interface ShortcutActions {
  readonly toggleSidebar: () => void;
  readonly go: (path: string) => void;
  /** Puts the cursor into the page's search; whether it has one. */
  readonly search: () => boolean;
}

/** Where a key is pressed. */
export interface Surroundings {
  readonly me: Pick<Me, "role">;
  /** The path of the page. */
  readonly path: string;
  /** Whether keys belong to a field or to a dialog. */
  readonly taken: boolean;
  /** Milliseconds, of any clock that only goes forward. */
  readonly nowMs: number;
}

/** A reader of keys; each answers whether it was a shortcut. It keeps the first key of a pair. */
export function shortcuts(actions: ShortcutActions) {
  let goSinceMs = -Infinity;
  return (press: Press, { me, path, taken, nowMs }: Surroundings): boolean => {
    const key = press.key.toLowerCase();
    if ((press.ctrlKey || press.metaKey) && !press.altKey) {
      if (key === "k") overlay.value = overlay.value === "palette" ? null : "palette";
      else if (key === "b") actions.toggleSidebar();
      else return false;
      return true;
    }
    if (taken || press.altKey || press.ctrlKey || press.metaKey) return false;
    const isSecond = nowMs - goSinceMs < PAIR_MS;
    goSinceMs = key === "g" && !isSecond ? nowMs : -Infinity;
    if (isSecond) return goTo(placesOf(me).find(({ letter }) => letter === key)?.path);
    if (key === "n") return goTo(newIn(path, me));
    if (key === "?") overlay.value = "shortcuts";
    else if (key !== "/") return key === "g";
    else if (!actions.search()) overlay.value = "palette";
    return true;
  };

  function goTo(path: string | undefined): boolean {
    if (path !== undefined) actions.go(path);
    return path !== undefined;
  }
}

/** What `n` makes here: what the section lists, else a rule. */
function newIn(path: string, { role }: Pick<Me, "role">): string {
  const section = PLACES.find((it) => isAt(it.path, path))?.path ?? "";
  const made = NEW[section] ?? "/rules/new";
  return role === "superadmin" ? made : "/rules/new";
}
