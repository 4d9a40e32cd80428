/**
 * What a user may do on each client: grants, caps and quotas as one thing.
 *
 * @module
 */

import { call, type Result } from "../api/client.ts";
import type { Client, Grant, Quota, RateLimit, Rule } from "../api/types.ts";

/** A user's access to one client. */
export interface Access {
  /** The client's display name, as grants have it; `*` for all clients. */
  readonly name: string;
  /** `null` for all clients, and where none has that name. */
  readonly client: Client | null;
  /** Whether other clients have that name, too: grants cannot tell them apart. */
  readonly isAmbiguous: boolean;
  /** The widest first; the newest of those. */
  readonly grants: readonly Grant[];
  readonly caps: RateLimit | null;
  readonly quota: Quota | null;
}

/** What there is about a user's access, as the API has it. */
export interface AccessFacts {
  readonly grants: readonly Grant[];
  readonly clients: readonly Client[];
  readonly quotas: readonly Quota[];
  /** By the id of the client. */
  readonly caps: ReadonlyMap<string, RateLimit>;
}

/** Grants name clients, caps and quotas have their ids: one row for each client, by name. */
export function joinAccess({ grants, clients, quotas, caps }: AccessFacts): Access[] {
  const byName = Map.groupBy(grants, (it) => it.client);
  const rows: Access[] = [];
  for (const [name, granted] of byName) {
    const known = clients.filter((it) => it.client_name === name);
    const current = known.filter((it) => it.revoked_at === null);
    const named = current.length > 0 ? current : known;
    for (const client of named.length > 0 ? named : [null]) {
      rows.push({
        name,
        client,
        isAmbiguous: named.length > 1,
        grants: granted.toSorted(widestFirst),
        caps: client && (caps.get(client.client_id) ?? null),
        quota: quotas.find((it) => it.client_id === client?.client_id) ?? null,
      });
    }
  }
  for (const quota of quotas.filter(({ client_id }) => !rows.some(isFor(client_id)))) {
    const client = clients.find((it) => it.client_id === quota.client_id) ?? null;
    const name = client?.client_name ?? quota.client_name;
    rows.push({
      name,
      client,
      isAmbiguous: false,
      grants: [],
      caps: caps.get(quota.client_id) ?? null,
      quota,
    });
  }
  return rows.toSorted((a, b) => a.name.localeCompare(b.name));
}

const isFor = (clientId: string) => ({ client }: Access) => client?.client_id === clientId;

function widestFirst(a: Grant, b: Grant): number {
  const width = (it: Grant) => it.listen_port_end - it.listen_port_start;
  return width(b) - width(a) || b.created_at.localeCompare(a.created_at);
}

/** The user's rules that lose their last grant when those of `access` go. */
export function rulesLost(access: Access, rules: readonly Rule[], all: readonly Access[]): Rule[] {
  const others = all.filter((it) => it.name !== access.name).flatMap((it) => it.grants);
  const covers = (grant: Grant, rule: Rule) =>
    (grant.client === "*" || grant.client === rule.client_name) &&
    grant.protocols.includes(rule.protocol) && grant.listen_port_start <= rule.listen_port &&
    (rule.listen_port_end ?? rule.listen_port) <= grant.listen_port_end;
  return rules.filter((rule) =>
    (access.name === "*" || access.name === rule.client_name) &&
    !others.some((it) => covers(it, rule))
  );
}

const CAPS = "/v1/clients/{client_id}/owners/{owner_id}/rate-limit";

/** Everything about a user's access, for superadmins. */
export async function loadAccess(userId: string): Promise<Result<Access[]>> {
  const [grants, clients, quotas] = await Promise.all([
    call("GET /v1/grants", { query: { user_id: userId } }),
    call("GET /v1/clients", {}),
    call("GET /v1/users/{user_id}/quotas", { path: { user_id: userId } }),
  ]);
  if (!grants.ok) return grants;
  if (!clients.ok) return clients;
  if (!quotas.ok) return quotas;
  const named = new Set(grants.value.map((it) => it.client));
  const limited = new Set(quotas.value.map((it) => it.client_id));
  const concerned = clients.value.filter((it) =>
    named.has(it.client_name) || limited.has(it.client_id)
  );
  const caps = new Map<string, RateLimit>();
  for (const { client_id } of concerned) {
    const owners = await call("GET /v1/clients/{client_id}/owners", { path: { client_id } });
    if (!owners.ok) return owners;
    if (!owners.value.some((it) => it.owner_id === userId && it.has_rate_limit)) continue;
    const found = await call(`GET ${CAPS}`, { path: { client_id, owner_id: userId } });
    if (!found.ok) return found;
    caps.set(client_id, found.value.rate_limit);
  }
  const facts = { grants: grants.value, clients: clients.value, quotas: quotas.value, caps };
  return { ok: true, value: joinAccess(facts) };
}

/** What somebody wants a user's access to be. */
export interface AccessDraft {
  readonly ports: { readonly start: number; readonly end: number };
  readonly protocols: readonly ("tcp" | "udp")[];
  /** `null` for no caps. */
  readonly caps: RateLimit | null;
  /** `null` for no quota. */
  readonly quota: { readonly monthlyBytes: number; readonly anchor: number | null } | null;
}

const DONE: Result<undefined> = { ok: true, value: undefined };

/** Gives access to a client, all of it or, where something of it is refused, nothing. */
export async function giveAccess(
  userId: string,
  client: Client,
  draft: AccessDraft,
): Promise<Result<undefined>> {
  const granted = await grant(userId, client.client_name, draft);
  if (!granted.ok) return granted;
  const path = { client_id: client.client_id, owner_id: userId };
  const capped = await putCaps(path, draft.caps, null);
  const limited = capped.ok ? await putQuota(userId, client.client_id, draft.quota, null) : capped;
  if (limited.ok) return DONE;
  if (capped.ok) await putCaps(path, null, draft.caps);
  await removeGrants([granted.value]);
  return limited;
}

/**
 * Makes a user's access what the draft says. Limits come first: they may be refused, and can be
 * sent again. The new grant comes before the old ones go, so that rules which both cover stay.
 */
export async function changeAccess(
  userId: string,
  access: Access & { readonly client: Client },
  draft: AccessDraft,
): Promise<Result<undefined>> {
  const { client_id } = access.client;
  const capped = await putCaps({ client_id, owner_id: userId }, draft.caps, access.caps);
  if (!capped.ok) return capped;
  const limited = await putQuota(userId, client_id, draft.quota, access.quota);
  if (!limited.ok || isSameGrant(access, draft)) return limited;
  const granted = await grant(userId, access.name, draft);
  return granted.ok ? await removeGrants(access.grants) : granted;
}

/** Takes everything that a user has on a client. */
export async function takeAccess(userId: string, access: Access): Promise<Result<undefined>> {
  if (access.client !== null) {
    const { client_id } = access.client;
    const uncapped = await putCaps({ client_id, owner_id: userId }, null, access.caps);
    if (!uncapped.ok) return uncapped;
    const unlimited = await putQuota(userId, client_id, null, access.quota);
    if (!unlimited.ok) return unlimited;
  }
  return await removeGrants(access.grants);
}

async function removeGrants(grants: readonly Grant[]): Promise<Result<undefined>> {
  for (const { grant_id } of grants) {
    const removed = await call("DELETE /v1/grants/{grant_id}", { path: { grant_id } });
    if (!removed.ok && removed.error.status !== 404) return removed;
  }
  return DONE;
}

function isSameGrant({ grants }: Access, { ports, protocols }: AccessDraft): boolean {
  const [only] = grants;
  return only !== undefined && grants.length === 1 && only.listen_port_start === ports.start &&
    only.listen_port_end === ports.end && only.protocols.join() === protocols.join();
}

function grant(user_id: string, client: string, { ports, protocols }: AccessDraft) {
  return call("POST /v1/grants", {
    body: {
      user_id,
      client,
      listen_port_start: ports.start,
      listen_port_end: ports.end,
      protocols,
    },
  });
}

async function putCaps(
  path: { readonly client_id: string; readonly owner_id: string },
  wanted: RateLimit | null,
  before: RateLimit | null,
): Promise<Result<unknown>> {
  if (JSON.stringify(wanted) === JSON.stringify(before)) return DONE;
  if (wanted !== null) return await call(`PUT ${CAPS}`, { path, body: wanted });
  const removed = await call(`DELETE ${CAPS}`, { path });
  return removed.ok || removed.error.status !== 404 ? removed : DONE;
}

const QUOTA = "/v1/users/{user_id}/quotas/{client_id}";

/** Another anchor begins a new period; another size goes on with what is used. */
async function putQuota(
  user_id: string,
  client_id: string,
  wanted: AccessDraft["quota"],
  before: Quota | null,
): Promise<Result<undefined>> {
  const path = { user_id, client_id };
  if (wanted === null) {
    const removed = before === null ? DONE : await call(`DELETE ${QUOTA}`, { path });
    return removed.ok || removed.error.status !== 404 ? removed : DONE;
  }
  const { monthlyBytes: monthly_bytes, anchor } = wanted;
  if (before !== null && (anchor === null || anchor === before.billing_anchor)) {
    if (monthly_bytes === before.monthly_bytes) return DONE;
    const changed = await call(`PATCH ${QUOTA}`, { path, body: { monthly_bytes } });
    return changed.ok ? DONE : changed;
  }
  const body = { monthly_bytes, ...(anchor === null ? {} : { billing_anchor: anchor }) };
  const set = await call(`PUT ${QUOTA}`, { path, body });
  return set.ok ? DONE : set;
}
