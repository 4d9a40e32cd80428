/**
 * How a machine becomes a client: one-time codes for new clients and for those that exist.
 *
 * @module
 */

import { z } from "zod";
import type { CreatedEnrollment, EnrollmentService } from "../../control/enrollment.ts";
import { toStoreText } from "../../core/instant.ts";
import { u64 } from "../../core/integer_schemas.ts";
import { ENROLLMENT } from "../../core/limits.ts";
import { type AppContext, clientIdParam } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { dateTime } from "../views/scalars.ts";
import { SUPERADMIN_ONLY } from "./clients.ts";

export interface EnrollmentRoutesOptions {
  readonly enrollment: EnrollmentService;
}

const ttl = u64.nullish().meta({
  description: `Seconds the code holds, 1 to ${ENROLLMENT.ttlMaxSecs}.`,
  default: ENROLLMENT.ttlDefaultSecs,
});
const NewEnrollmentBody = z.object({ name: z.string(), address: z.string(), ttl_secs: ttl });
const ReEnrollmentBody = z.object({ ttl_secs: ttl });

const EnrollmentView = z.object({
  client_name: z.string(),
  expires_at: dateTime,
  command: z.string().meta({ description: "What to run on the client's machine." }),
  uri: z.string(),
}).meta({ id: "Enrollment", description: "The code is shown this once." });

const URI =
  "portunus://public.example:7443/enroll?pin=sha256:40234429ab9f96e6613a82297fe68ed3c83b53b1552deffd8e75817f7a054527&code=gXWFgnxlqQwDg9NONoFV07nC4ckzIRkpDOHHpXeJA6c";

const created = {
  status: 201,
  description: "A code that works once.",
  view: EnrollmentView,
  example: {
    client_name: "edge-01",
    expires_at: "2026-05-07T10:10:00+00:00",
    command: `portunus-client enroll '${URI}'`,
    uri: URI,
  },
} as const;

export function enrollmentRoutes(route: Route, { enrollment }: EnrollmentRoutesOptions): void {
  route("/v1/clients/:client_id/enrollment", {
    POST: operation({
      summary: "Enroll a client again",
      description: "The current token holds until the code is redeemed; earlier codes are void.",
      caller: "superadmin",
      refusal: SUPERADMIN_ONLY,
      body: ReEnrollmentBody,
      bodyExample: { ttl_secs: 600 },
      success: created,
      errors: [
        "client_not_found",
        "invalid_enrollment_ttl",
        "endpoint_invalid",
        "endpoint_not_in_cert_san",
      ],
      handle: (c, { body }) =>
        enrollmentView(
          enrollment.createForClient(clientIdParam(c), ttlSecs(body), hostHeader(c)),
        ),
    }),
  });

  route("/v1/client-enrollments", {
    POST: operation({
      summary: "Enroll a new client",
      description: "It is in the list of clients once the code is redeemed.",
      caller: "superadmin",
      refusal: SUPERADMIN_ONLY,
      body: NewEnrollmentBody,
      bodyExample: { name: "edge-01", address: "edge-01.example.com", ttl_secs: 600 },
      success: created,
      errors: [
        "invalid_name",
        "invalid_enrollment_ttl",
        "invalid_client_address",
        "endpoint_invalid",
        "endpoint_not_in_cert_san",
      ],
      handle: (c, { body: { name, address, ...rest } }) =>
        enrollmentView(
          enrollment.create({ name, address, ttlSecs: ttlSecs(rest), hostHeader: hostHeader(c) }),
        ),
    }),
  });
}

const hostHeader = (c: AppContext) => c.req.header("host") ?? null;

const ttlSecs = ({ ttl_secs }: { ttl_secs?: number | bigint | null | undefined }) =>
  BigInt(ttl_secs ?? ENROLLMENT.ttlDefaultSecs);

/** The code is in `uri` and `command`, this once; it is nowhere else. */
function enrollmentView(
  { clientName, expiresAt, command, uri }: CreatedEnrollment,
): z.input<typeof EnrollmentView> {
  return { client_name: clientName, expires_at: toStoreText(expiresAt), command, uri };
}
