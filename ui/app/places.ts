/**
 * Where the navigation leads.
 *
 * @module
 */

import type { IconName } from "../components/icon.tsx";
import type { TextKey } from "../i18n/i18n.ts";
import { publishes } from "./features.ts";
import type { Me } from "./session.ts";

export interface Place {
  readonly path: string;
  readonly icon: IconName;
  readonly label: TextKey;
  /** The letter that leads here after a `g`. */
  readonly letter: string;
  /** Whether the page is for superadmins. */
  readonly administrative?: true;
  /** Whether the page is there only where the server publishes. */
  readonly published?: true;
}

export const PLACES: readonly Place[] = [
  { path: "/", icon: "dashboard", label: "nav.dashboard", letter: "d" },
  { path: "/users", icon: "users", label: "nav.users", letter: "u", administrative: true },
  { path: "/rules", icon: "rules", label: "nav.rules", letter: "r" },
  { path: "/clients", icon: "clients", label: "nav.clients", letter: "c" },
  { path: "/publish", icon: "publish", label: "nav.publish", letter: "p", published: true },
  { path: "/topology", icon: "topology", label: "nav.topology", letter: "t" },
  { path: "/audit", icon: "audit", label: "nav.audit", letter: "a", administrative: true },
  { path: "/metrics", icon: "metrics", label: "nav.metrics", letter: "m", administrative: true },
  { path: "/settings", icon: "settings", label: "nav.settings", letter: "s" },
];

/** The places that are open to somebody. */
export const placesOf = ({ role }: Pick<Me, "role">): readonly Place[] =>
  PLACES.filter(({ administrative, published }) =>
    (!administrative || role === "superadmin") && (!published || publishes)
  );

/** Whether `path` is at a place or below it. */
export const isAt = (place: string, path: string): boolean =>
  place === "/" ? path === "/" : path === place || path.startsWith(`${place}/`);
