/**
 * What stands in the form of a new tunnel, and the request it makes.
 *
 * @module
 */

import type { Request } from "../api/client.ts";
import { isPrivateHost } from "../../src/core/private_address.ts";

export type TunnelKind = "passthrough" | "terminate";
export type AccessMode = "public" | "authenticated" | "restricted";

/** A certificate authority takes its time. */
export const CERTIFICATE_TIMEOUT = { timeoutMs: 180_000 } as const;

/** The fields, as text. */
export interface TunnelFields {
  /** A label below the domain, or a full name. */
  readonly name: string;
  readonly kind: TunnelKind;
  readonly clientId: string;
  readonly target: string;
  readonly listenPort: string;
  readonly access: AccessMode;
  /** Ids of users, with commas or spaces between them. */
  readonly allowed: string;
  readonly description: string;
}

/** A form that nothing was typed into. */
export const noTunnelFields: TunnelFields = {
  name: "",
  kind: "passthrough",
  clientId: "",
  target: "",
  listenPort: "",
  access: "restricted",
  allowed: "",
  description: "",
};

export type TunnelBody = Request<"POST /v1/tunnels">["body"];

/** The request. A name with a dot is a full one. */
export function tunnelBody(fields: TunnelFields): TunnelBody {
  const name = fields.name.trim().toLowerCase();
  const port = fields.listenPort.trim();
  return {
    ...(name.includes(".") ? { fqdn: name } : { subdomain: name }),
    kind: fields.kind,
    client_id: fields.clientId,
    target: fields.target.trim(),
    ...(port === "" ? {} : { listen_port: Number(port) }),
    ...(fields.description.trim() === "" ? {} : { description: fields.description.trim() }),
    ...(fields.kind === "passthrough" ? {} : {
      access: fields.access,
      allowed_users: fields.access === "restricted" ? userIds(fields.allowed) : [],
    }),
  };
}

/** Names with commas or spaces between them. */
export const userIds = (text: string): string[] => text.split(/[\s,]+/).filter((it) => it !== "");

/** What is wrong, by field. The server checks the rest. */
export interface TunnelProblems {
  readonly name?: "required";
  readonly client?: "required";
  readonly target?: "host_port";
  readonly port?: "port";
}

export function tunnelProblems(fields: TunnelFields): TunnelProblems {
  const port = fields.listenPort.trim();
  return {
    ...(fields.name.trim() === "" ? { name: "required" } as const : {}),
    ...(fields.clientId === "" ? { client: "required" } as const : {}),
    ...(/^\S+:\d{1,5}$/.test(fields.target.trim()) ? {} : { target: "host_port" } as const),
    ...(port === "" || isPort(port) ? {} : { port: "port" } as const),
  };
}

const isPort = (text: string) =>
  /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;

/**
 * Whether a login in front of the host could be gone around: whoever reaches the client reaches
 * the port behind it.
 */
export function canGoAround(
  { kind, access }: Pick<TunnelFields, "kind" | "access">,
  clientAddress: string | null | undefined,
): boolean {
  return kind === "terminate" && access !== "public" && !isPrivateHost(clientAddress ?? "");
}
