/** The groups of operations, in the order they are shown, with the paths that belong to each. */
const TAGS = [
  [
    "rules",
    "Forwarded ports: push, list, change caps, remove, and their counters.",
    /^\/v1\/rules/,
  ],
  ["traffic", "Quotas of users on clients, and how much passed when.", /\/(quotas|traffic)\b/],
  [
    "clients",
    "The machines that forward: enrollment, names, revocation, owners' caps.",
    /^\/v1\/client/,
  ],
  ["users", "Operators, their passwords and API credentials.", /^\/v1\/users/],
  ["grants", "What users may forward.", /^\/v1\/grants/],
  [
    "publishing",
    "Host names and what is behind them; only with `[publish]` in `server.toml`.",
    /^\/v1\/(publish|tunnels|sites)/,
  ],
  ["auth", "The first superadmin, logging in and out.", /^\/v1\/auth/],
  ["invitations", "Accounts that are offered to somebody.", /^\/v1\/invitations/],
  ["audit", "Who did what, and who was refused.", /^\/v1\/audit/],
  ["settings", "What can be set while the server runs.", /^\/v1\/settings/],
  ["server", "Whether the server is alive, what it is, and its metrics.", /^/],
] as const;

/** The tags of the document. */
export const TAG_OBJECTS = TAGS.map(([name, description]) => ({ name, description }));

/** The group of the operations on `path`. */
export function tagOf(path: string): string {
  const tag = TAGS.find(([, , pattern]) => pattern.test(path));
  return tag?.[0] ?? "server";
}
