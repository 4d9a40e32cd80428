/**
 * `/v1/clients`: who may forward.
 *
 * @module
 */

import { z } from "zod";
import type { ClientService } from "../../control/clients.ts";
import { grantNames } from "../../core/grants.ts";
import { type OperatorDirectory, requireSuperadmin } from "../../identity/operators.ts";
import { clientIdParam, readJson, type Route, sendJson } from "../http.ts";
import type { ClientRow } from "../../store/clients.ts";
import { clientView } from "../views/client.ts";

export interface ClientRoutesOptions {
  readonly clients: ClientService;
  readonly operators: OperatorDirectory;
}

const AddressBody = z.object({ address: z.string() });
const NameBody = z.object({ client_name: z.string() });

export function clientRoutes(route: Route, { clients, operators }: ClientRoutesOptions): void {
  const shown = (client: ClientRow) => clientView(client, clients.sessionOf(client));

  route("/v1/clients", {
    async GET(c) {
      const { role, userId } = c.get("operator");
      const grants = role === "superadmin" ? null : await operators.grantsOf(userId);
      const visible = clients.list().filter(({ clientName }) =>
        grants === null || grants.some((grant) => grantNames(grant, clientName))
      );
      return sendJson(c, visible.map(shown));
    },
  });

  route("/v1/clients/:client_id", {
    async PUT(c) {
      const { address } = await readJson(c, AddressBody);
      requireSuperadmin(c.get("operator"));
      return sendJson(c, shown(clients.setAddress(clientIdParam(c), address)));
    },

    DELETE(c) {
      requireSuperadmin(c.get("operator"));
      clients.remove(clientIdParam(c));
      return c.body(null, 204);
    },
  });

  route("/v1/clients/:client_id/name", {
    async PATCH(c) {
      const { client_name } = await readJson(c, NameBody);
      requireSuperadmin(c.get("operator"));
      return sendJson(c, shown(clients.rename(clientIdParam(c), client_name)));
    },
  });

  route("/v1/clients/:client_id/revoke", {
    POST(c) {
      requireSuperadmin(c.get("operator"));
      clients.revoke(clientIdParam(c));
      return c.body(null, 204);
    },
  });
}
