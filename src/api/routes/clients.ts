/**
 * `/v1/clients` and `/v1/client-enrollments`: who may forward, and how a machine becomes one.
 *
 * @module
 */

import { z } from "zod";
import type { ClientService } from "../../control/clients.ts";
import type { CreatedEnrollment, EnrollmentService } from "../../control/enrollment.ts";
import { PortunusError } from "../../core/errors.ts";
import { grantNames } from "../../core/grants.ts";
import { parseUlid } from "../../core/ids.ts";
import { toStoreText } from "../../core/instant.ts";
import { ENROLLMENT } from "../../core/limits.ts";
import { u64 } from "../../core/rule_body.ts";
import { type OperatorDirectory, requireSuperadmin } from "../../identity/operators.ts";
import { type AppContext, readJson, type Route, sendJson } from "../http.ts";
import type { ClientRow } from "../../store/clients.ts";
import { clientView } from "../views/client.ts";

export interface ClientRoutesOptions {
  readonly clients: ClientService;
  readonly enrollment: EnrollmentService;
  readonly operators: OperatorDirectory;
}

const NewEnrollmentBody = z.object({
  name: z.string(),
  address: z.string(),
  ttl_secs: u64.nullish(),
});
const AddressBody = z.object({ address: z.string() });
const NameBody = z.object({ client_name: z.string() });
const ReEnrollmentBody = z.object({ ttl_secs: u64.nullish() });

export function clientRoutes(
  route: Route,
  { clients, enrollment, operators }: ClientRoutesOptions,
): void {
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
      return sendJson(c, shown(clients.setAddress(clientId(c), address)));
    },

    DELETE(c) {
      requireSuperadmin(c.get("operator"));
      clients.remove(clientId(c));
      return c.body(null, 204);
    },
  });

  route("/v1/clients/:client_id/name", {
    async PATCH(c) {
      const { client_name } = await readJson(c, NameBody);
      requireSuperadmin(c.get("operator"));
      return sendJson(c, shown(clients.rename(clientId(c), client_name)));
    },
  });

  route("/v1/clients/:client_id/revoke", {
    POST(c) {
      requireSuperadmin(c.get("operator"));
      clients.revoke(clientId(c));
      return c.body(null, 204);
    },
  });

  route("/v1/clients/:client_id/enrollment", {
    async POST(c) {
      const body = await readJson(c, ReEnrollmentBody);
      requireSuperadmin(c.get("operator"));
      const created = enrollment.createForClient(clientId(c), ttlSecs(body), hostHeader(c));
      return sendJson(c, enrollmentView(created), 201);
    },
  });

  route("/v1/client-enrollments", {
    async POST(c) {
      const body = await readJson(c, NewEnrollmentBody);
      requireSuperadmin(c.get("operator"));
      const { name, address } = body;
      const created = enrollment.create({
        name,
        address,
        ttlSecs: ttlSecs(body),
        hostHeader: hostHeader(c),
      });
      return sendJson(c, enrollmentView(created), 201);
    },
  });
}

function clientId(c: AppContext): string {
  const id = parseUlid(c.req.param("client_id") ?? "");
  if (id === null) throw new PortunusError("client_not_found", "invalid client id");
  return id;
}

const hostHeader = (c: AppContext) => c.req.header("host") ?? null;

const ttlSecs = ({ ttl_secs }: { ttl_secs?: number | bigint | null | undefined }) =>
  BigInt(ttl_secs ?? ENROLLMENT.ttlDefaultSecs);

/** The code is in `uri` and `command`, this once; it is nowhere else. */
function enrollmentView({ clientName, expiresAt, command, uri }: CreatedEnrollment) {
  return { client_name: clientName, expires_at: toStoreText(expiresAt), command, uri };
}
