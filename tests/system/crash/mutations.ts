/**
 * What an operator does all day, as requests and the changes they make. Each mutation looks at what
 * is there and is `null` where it makes no sense.
 *
 * @module
 */

import type { Change, KnownState } from "./state.ts";

/** One operator's part of the world: a client of its own, and names that nobody else uses. */
export interface Corner {
  readonly state: KnownState;
  /** Begins the ids of its users. */
  readonly prefix: string;
  readonly clientId: string;
  /** The first of its 1,000 ports. */
  readonly firstPort: number;
  readonly random: () => number;
  /** Tokens of API credentials, by the id of these, as far as they were received. */
  readonly tokens: Map<string, string>;
}

/** A request, what it changes, and where its answer has the id of what was created. */
export interface Mutation {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly change: Change;
  readonly idKey?: string;
  /** Whose request it is, if not the superadmin's. */
  readonly token?: string;
}

interface Grant {
  readonly user: string;
}

interface Credential {
  readonly user: string;
  readonly label: string;
  readonly status: "active" | "revoked";
}

interface Rule {
  readonly owner: string;
  readonly port: number;
}

const pick = <T>({ random }: Corner, items: readonly T[]): T | undefined =>
  items[Math.floor(random() * items.length)];

const number = ({ random }: Corner, below: number): number => Math.floor(random() * below);

const to = (entries: readonly (readonly [string, unknown])[]): Change => ({
  set: new Map(entries),
});

const gone = (kind: string, ids: readonly string[]) =>
  ids.map((id) => [`${kind}/${id}`, undefined] as const);

const nothing = (): Change => ({ set: new Map() });

/** The caps of `owner` go with the last of the owner's rules. */
function capsWithout(state: KnownState, owner: string, rules: readonly string[]) {
  if (rules.length === 0) return [];
  const left = state.ids<Rule>("rule", (rule, id) => rule.owner === owner && !rules.includes(id));
  return left.length === 0 ? gone("caps", [owner]) : [];
}

function addUser(corner: Corner): Mutation {
  const id = `${corner.prefix}${number(corner, 6)}`;
  if (corner.state.get(`user/${id}`) !== undefined) return removeUser(corner, id);
  const name = `Name ${number(corner, 1e6)}`;
  return {
    method: "POST",
    path: "/v1/users",
    body: { user_id: id, display_name: name },
    change: to([[`user/${id}`, { name }]]),
  };
}

function removeUser({ state }: Corner, id: string): Mutation {
  const rules = state.ids<Rule>("rule", (rule) => rule.owner === id);
  return {
    method: "DELETE",
    path: `/v1/users/${id}`,
    change: to([
      [`user/${id}`, undefined],
      ...gone("grant", state.ids<Grant>("grant", ({ user }) => user === id)),
      ...gone("credential", state.ids<Credential>("credential", ({ user }) => user === id)),
      ...gone("rule", rules),
      ...capsWithout(state, id, rules),
    ]),
  };
}

function addGrant(corner: Corner): Mutation | null {
  const user = pick(corner, corner.state.ids("user"));
  if (user === undefined) return null;
  return {
    method: "POST",
    path: "/v1/grants",
    body: {
      user_id: user,
      client: "*",
      listen_port_start: corner.firstPort,
      listen_port_end: corner.firstPort + 999,
      protocols: ["tcp"],
    },
    change: { ...nothing(), create: { kind: "grant", value: { user } } },
    idKey: "grant_id",
  };
}

function revokeGrant(corner: Corner): Mutation | null {
  const { state } = corner;
  const id = pick(corner, state.ids("grant"));
  if (id === undefined) return null;
  const { user } = state.get(`grant/${id}`) as Grant;
  const isLast = state.ids<Grant>("grant", (grant) => grant.user === user).length === 1;
  const rules = isLast ? state.ids<Rule>("rule", ({ owner }) => owner === user) : [];
  return {
    method: "DELETE",
    path: `/v1/grants/${id}`,
    change: to([
      [`grant/${id}`, undefined],
      ...gone("rule", rules),
      ...capsWithout(state, user, rules),
    ]),
  };
}

function issueCredential(corner: Corner): Mutation | null {
  const user = pick(corner, corner.state.ids("user"));
  if (user === undefined) return null;
  const label = `label ${number(corner, 1e6)}`;
  return {
    method: "POST",
    path: `/v1/users/${user}/credentials`,
    body: { label },
    change: {
      ...nothing(),
      create: { kind: "credential", value: { user, label, status: "active" } },
    },
    idKey: "credential_id",
  };
}

function endCredential(corner: Corner): Mutation | null {
  const { state } = corner;
  const id = pick(corner, state.ids<Credential>("credential", (it) => it.status === "active"));
  if (id === undefined) return null;
  const old = state.get(`credential/${id}`) as Credential;
  const path = `/v1/users/${old.user}/credentials/${id}`;
  const revoked = to([[`credential/${id}`, { ...old, status: "revoked" }]]);
  if (corner.random() < 0.5) return { method: "DELETE", path, change: revoked };
  return {
    method: "POST",
    path: `${path}/rotate`,
    change: { ...revoked, create: { kind: "credential", value: old } },
    idKey: "credential_id",
  };
}

const ruleBody = (client: string, port: number, caps: object) => ({
  client,
  listen_port: port,
  targets: [{ host: "127.0.0.1", port: 9, priority: 0 }, { host: "[::1]", port: 9, priority: 1 }],
  ...caps,
});

/** Users who may push rules, with tokens of theirs; `_superadmin` too. */
function forwarders({ state, tokens }: Corner): (readonly [owner: string, token?: string])[] {
  const credentials = state.ids<Credential>(
    "credential",
    ({ user, status }, id) =>
      status === "active" && tokens.has(id) &&
      state.ids<Grant>("grant", (grant) => grant.user === user).length > 0,
  );
  const users = credentials.map((id) =>
    [(state.get(`credential/${id}`) as Credential).user, tokens.get(id) ?? ""] as const
  );
  return [["_superadmin"], ...users];
}

function pushRule(corner: Corner): Mutation | null {
  const { state } = corner;
  const port = corner.firstPort + number(corner, 1_000);
  if (state.ids<Rule>("rule", (rule) => rule.port === port).length > 0) return null;
  const [owner, token] = pick(corner, forwarders(corner)) ?? ["_superadmin"];
  return {
    method: "POST",
    path: "/v1/rules",
    body: ruleBody(clientName(corner), port, {}),
    change: { ...nothing(), create: { kind: "rule", value: { owner, port, caps: null } } },
    idKey: "rule_id",
    ...(token !== undefined && { token }),
  };
}

function changeRule(corner: Corner): Mutation | null {
  const { state } = corner;
  const id = pick(corner, state.ids("rule"));
  if (id === undefined) return null;
  const rule = state.get(`rule/${id}`) as Rule;
  if (corner.random() < 0.4) {
    const set = to([[`rule/${id}`, undefined], ...capsWithout(state, rule.owner, [id])]);
    return { method: "DELETE", path: `/v1/rules/${id}`, change: set };
  }
  const caps = { concurrent_connections: 1 + number(corner, 1_000) };
  return {
    method: "PUT",
    path: `/v1/rules/${id}`,
    body: ruleBody(clientName(corner), rule.port, { rate_limit: caps }),
    change: to([[`rule/${id}`, { ...rule, caps }]]),
  };
}

function changeCaps(corner: Corner): Mutation {
  const owner = pick(corner, [...corner.state.ids("user"), "_superadmin"]) ?? "_superadmin";
  const path = `/v1/clients/${corner.clientId}/owners/${owner}/rate-limit`;
  if (corner.random() < 0.3) return { method: "DELETE", path, change: to(gone("caps", [owner])) };
  const body = { bandwidth_in_bps: 1 + number(corner, 1e9) };
  return { method: "PUT", path, body, change: to([[`caps/${owner}`, body]]) };
}

function changeQuota(corner: Corner): Mutation | null {
  const { state } = corner;
  const granted = state.ids(
    "user",
    (_, id) => state.ids<Grant>("grant", ({ user }) => user === id).length > 0,
  );
  const user = pick(corner, granted);
  if (user === undefined) return null;
  const path = `/v1/users/${user}/quotas/${corner.clientId}`;
  const isThere = state.get(`quota/${user}`) !== undefined;
  if (isThere && corner.random() < 0.3) {
    return { method: "DELETE", path, change: to(gone("quota", [user])) };
  }
  const body = { monthly_bytes: number(corner, 1e12) };
  const method = isThere && corner.random() < 0.5 ? "PATCH" : "PUT";
  return { method, path, body, change: to([[`quota/${user}`, body.monthly_bytes]]) };
}

function changeClient(corner: Corner): Mutation {
  const client = corner.state.get("client/own") as { name: string; address: string };
  const path = `/v1/clients/${corner.clientId}`;
  if (corner.random() < 0.5) {
    const address = `host${number(corner, 1e6)}.example`;
    const change = to([["client/own", { ...client, address }]]);
    return { method: "PUT", path, body: { address }, change };
  }
  const name = `${corner.prefix}edge-${number(corner, 1e6)}`;
  const change = to([["client/own", { ...client, name }]]);
  return { method: "PATCH", path: `${path}/name`, body: { client_name: name }, change };
}

const clientName = ({ state }: Corner) => (state.get("client/own") as { name: string }).name;

const MUTATIONS = [
  addUser,
  addGrant,
  addGrant,
  revokeGrant,
  issueCredential,
  endCredential,
  pushRule,
  pushRule,
  changeRule,
  changeCaps,
  changeQuota,
  changeClient,
];

/** Something that can be done now. */
export function nextMutation(corner: Corner): Mutation {
  while (true) {
    const mutation = pick(corner, MUTATIONS)?.(corner) ?? null;
    if (mutation !== null) return mutation;
  }
}
