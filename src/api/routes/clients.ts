/**
 * `/v1/clients`: who may forward.
 *
 * @module
 */

import { z } from "zod";
import type { ClientService } from "../../control/clients.ts";
import { grantNames } from "../../core/grants.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import type { ClientRow } from "../../store/clients.ts";
import { clientIdParam } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { CLIENT_EXAMPLE, ClientView, clientView } from "../views/client.ts";

export interface ClientRoutesOptions {
  readonly clients: ClientService;
  readonly operators: OperatorDirectory;
}

const AddressBody = z.object({ address: z.string() });
const NameBody = z.object({ client_name: z.string() });

/** What those are told who may not manage clients. */
export const SUPERADMIN_ONLY = "superadmin only";

export function clientRoutes(route: Route, options: ClientRoutesOptions): void {
  const shown: Shown = (client) => clientView(client, options.clients.sessionOf(client));
  listRoute(route, options, shown);
  itemRoutes(route, options, shown);
  revokeRoute(route, options);
}

type Shown = (client: ClientRow) => z.input<typeof ClientView>;

function listRoute(
  route: Route,
  { clients, operators }: ClientRoutesOptions,
  shown: Shown,
): void {
  route("/v1/clients", {
    GET: operation({
      summary: "List clients",
      description: "By name, revoked ones too. Users see those that their grants name.",
      caller: "operator",
      success: {
        status: 200,
        description: "The clients.",
        view: z.array(ClientView),
        example: [CLIENT_EXAMPLE],
      },
      errors: [],
      async handle(c) {
        const { role, userId } = c.get("operator");
        const grants = role === "superadmin" ? null : await operators.grantsOf(userId);
        const visible = clients.list().filter(({ clientName }) =>
          grants === null || grants.some((grant) => grantNames(grant, clientName))
        );
        return visible.map(shown);
      },
    }),
  });
}

function itemRoutes(route: Route, { clients }: ClientRoutesOptions, shown: Shown): void {
  const changed = { status: 200, view: ClientView, example: CLIENT_EXAMPLE } as const;

  route("/v1/clients/:client_id", {
    PUT: operation({
      summary: "Set the address of a client",
      caller: "superadmin",
      refusal: SUPERADMIN_ONLY,
      body: AddressBody,
      bodyExample: { address: "edge-01.example.com" },
      success: { ...changed, description: "The client, with its address in canonical form." },
      errors: ["client_not_found", "invalid_client_address"],
      handle: (c, { body }) => shown(clients.setAddress(clientIdParam(c), body.address)),
    }),

    DELETE: operation({
      summary: "Delete a revoked client",
      description: "Its rules, caps, quotas and history stay, for when the same id is enrolled.",
      caller: "superadmin",
      refusal: SUPERADMIN_ONLY,
      success: { status: 204, description: "The client is gone." },
      errors: ["client_not_found", "client_not_revoked"],
      handle: (c) => clients.remove(clientIdParam(c)),
    }),
  });

  route("/v1/clients/:client_id/name", {
    PATCH: operation({
      summary: "Rename a client",
      description: "Rules, session and history stay; grants that name the client follow it.",
      caller: "superadmin",
      refusal: SUPERADMIN_ONLY,
      body: NameBody,
      bodyExample: { client_name: "edge-02" },
      success: { ...changed, description: "The client under its new name." },
      errors: ["client_not_found", "invalid_name"],
      handle: (c, { body }) => shown(clients.rename(clientIdParam(c), body.client_name)),
    }),
  });
}

function revokeRoute(route: Route, { clients }: ClientRoutesOptions): void {
  route("/v1/clients/:client_id/revoke", {
    POST: operation({
      summary: "Revoke a client",
      description: "Its token is void and its session ends; it stops forwarding. Rules are kept.",
      caller: "superadmin",
      refusal: SUPERADMIN_ONLY,
      success: { status: 204, description: "The client is revoked, since now or before." },
      errors: ["client_not_found"],
      handle: (c) => clients.revoke(clientIdParam(c)),
    }),
  });
}
