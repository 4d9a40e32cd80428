/**
 * What is published at the moment, in memory: what the ingress routes by and the login asks.
 *
 * @module
 */

import type { Gate, IngressRoute, IngressTarget, RouteTable } from "./ingress/route.ts";

/** Whom a protected host lets in; superadmins always. */
export interface HostPolicy {
  /** `null` for everybody with an enabled account. */
  readonly users: readonly string[] | null;
}

interface Entry {
  readonly route: IngressRoute;
  readonly policy: HostPolicy | null;
}

/** Nobody comes in while there is no login. */
const CLOSED: Gate = {
  admit: () =>
    Promise.resolve({ kind: "answer", response: new Response("closed\n", { status: 503 }) }),
};

export class HostTable implements RouteTable {
  readonly #entries = new Map<string, Entry>();
  readonly #onDelete: (host: string) => void;
  #login: Gate = CLOSED;
  readonly #gate: Gate = { admit: (request, host) => this.#login.admit(request, host) };

  /** @param onDelete hears of hosts that are published no more */
  constructor(onDelete: (host: string) => void = () => undefined) {
    this.#onDelete = onDelete;
  }

  /** Sets the login in front of protected hosts. Until then they are closed. */
  protectWith(login: Gate): void {
    this.#login = login;
  }

  /** Publishes `host`, or changes how; `policy` is `null` for a host that anybody may see. */
  put(host: string, target: IngressTarget, policy: HostPolicy | null): void {
    const gate = policy === null ? null : this.#gate;
    this.#entries.set(host, { route: { host, target, gate }, policy });
  }

  delete(host: string): void {
    if (this.#entries.delete(host)) this.#onDelete(host);
  }

  get(host: string): IngressRoute | undefined {
    return this.#entries.get(host)?.route;
  }

  /** `undefined` for a host that is not there, or not protected. */
  policyOf(host: string): HostPolicy | undefined {
    return this.#entries.get(host)?.policy ?? undefined;
  }
}
