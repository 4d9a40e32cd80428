/**
 * How a machine becomes a client: one-time codes for new clients and for those that exist.
 *
 * @module
 */

import { z } from "zod";
import type { CreatedEnrollment, EnrollmentService } from "../../control/enrollment.ts";
import { toStoreText } from "../../core/instant.ts";
import { ENROLLMENT } from "../../core/limits.ts";
import { u64 } from "../../core/rule_body.ts";
import { requireSuperadmin } from "../../identity/operators.ts";
import { type AppContext, clientIdParam, readJson, type Route, sendJson } from "../http.ts";

export interface EnrollmentRoutesOptions {
  readonly enrollment: EnrollmentService;
}

const NewEnrollmentBody = z.object({
  name: z.string(),
  address: z.string(),
  ttl_secs: u64.nullish(),
});
const ReEnrollmentBody = z.object({ ttl_secs: u64.nullish() });

export function enrollmentRoutes(route: Route, { enrollment }: EnrollmentRoutesOptions): void {
  route("/v1/clients/:client_id/enrollment", {
    async POST(c) {
      const body = await readJson(c, ReEnrollmentBody);
      requireSuperadmin(c.get("operator"));
      const created = enrollment.createForClient(clientIdParam(c), ttlSecs(body), hostHeader(c));
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

const hostHeader = (c: AppContext) => c.req.header("host") ?? null;

const ttlSecs = ({ ttl_secs }: { ttl_secs?: number | bigint | null | undefined }) =>
  BigInt(ttl_secs ?? ENROLLMENT.ttlDefaultSecs);

/** The code is in `uri` and `command`, this once; it is nowhere else. */
function enrollmentView({ clientName, expiresAt, command, uri }: CreatedEnrollment) {
  return { client_name: clientName, expires_at: toStoreText(expiresAt), command, uri };
}
