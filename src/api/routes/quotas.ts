/**
 * Traffic quotas of users: for superadmins, and for their users to look at.
 *
 * @module
 */

import { z } from "zod";
import type { QuotaAddress, QuotaService } from "../../control/quotas.ts";
import { i64 } from "../../core/integer_schemas.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import type { AppContext } from "../http.ts";
import { type Operation, operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { QUOTA_EXAMPLE, QuotaView, quotaView } from "../views/traffic.ts";
import { userParam } from "./users.ts";

export interface QuotaRoutesOptions {
  readonly quotas: QuotaService;
  readonly operators: OperatorDirectory;
}

const NewQuotaBody = z.object({
  monthly_bytes: i64.meta({ description: "What may be forwarded in a period, in and out." }),
  billing_anchor: i64.nullish().meta({
    description: "Where periods are counted from, in seconds; now, if it is not said.",
  }),
});
const QuotaPatchBody = z.object({
  monthly_bytes: i64.nullish(),
  clear_period_usage: z.boolean().nullish(),
});

const one = { status: 200, view: QuotaView, example: QUOTA_EXAMPLE } as const;
const list = { status: 200, view: z.array(QuotaView), example: [QUOTA_EXAMPLE] } as const;

/** Whose quota the path names; the service says what is wrong with the id. */
const addressParam = (c: AppContext): QuotaAddress => ({
  userId: userParam(c),
  clientId: c.req.param("client_id") ?? "",
});

export function quotaRoutes(route: Route, { quotas, operators }: QuotaRoutesOptions): void {
  route("/v1/users/:user_id/quotas", {
    GET: operation({
      summary: "List a user's quotas",
      caller: "self",
      success: { ...list, description: "The quotas by client id; none for an unknown user." },
      errors: [],
      handle: (c) => quotas.listOfUser(userParam(c)).map(quotaView),
    }),
  });
  route("/v1/users/:user_id/quotas/:client_id", {
    PUT: putQuota(quotas, operators),
    PATCH: patchQuota(quotas),
    DELETE: operation({
      summary: "Remove a quota",
      description: "The client is told.",
      caller: "superadmin",
      success: { status: 204, description: "There is no quota any more." },
      errors: ["client_not_found", "quota_not_found"],
      handle: (c) => quotas.remove(addressParam(c)),
    }),
  });
  route("/v1/users/:user_id/quotas/:client_id/status", {
    GET: operation({
      summary: "Show a quota",
      caller: "self",
      success: { ...one, description: "The quota, and what was used of it." },
      errors: ["client_not_found", "quota_not_found"],
      handle: (c) => quotaView(quotas.get(addressParam(c))),
    }),
  });
  route("/v1/clients/:client_id/quotas", {
    GET: operation({
      summary: "List the quotas for a client",
      caller: "superadmin",
      success: { ...list, description: "The quotas by user id." },
      errors: ["client_not_found"],
      handle: (c) => quotas.listOfClient(addressParam(c).clientId).map(quotaView),
    }),
  });
}

function putQuota(quotas: QuotaService, operators: OperatorDirectory): Operation {
  return operation({
    summary: "Give a user a quota",
    description: "It takes the place of any there was, and nothing is used of it. The client is " +
      "told, and has to be connected.",
    caller: "superadmin",
    body: NewQuotaBody,
    bodyExample: { monthly_bytes: 1_099_511_627_776, billing_anchor: 1_767_225_600 },
    success: { ...one, description: "The quota." },
    errors: [
      "invalid_quota_size",
      "client_not_found",
      "quota_target_not_found",
      "quota_unsupported_by_client",
      "invalid_billing_anchor",
    ],
    async handle(c, { body }) {
      const address = addressParam(c);
      const quota = quotas.put(address, {
        monthlyBytes: BigInt(body.monthly_bytes),
        billingAnchor: optionalInteger(body.billing_anchor),
        grants: await operators.grantsOf(address.userId),
      });
      return quotaView(quota);
    },
  });
}

function patchQuota(quotas: QuotaService): Operation {
  return operation({
    summary: "Change a quota's limit, or forget what was used in this period",
    description: "The limit first. The client is told, if it is connected.",
    caller: "superadmin",
    body: QuotaPatchBody,
    bodyExample: { monthly_bytes: 2_199_023_255_552 },
    success: { ...one, description: "The quota." },
    errors: ["client_not_found", "quota_not_found", "invalid_quota_size"],
    handle: (c, { body }) =>
      quotaView(quotas.patch(addressParam(c), {
        monthlyBytes: optionalInteger(body.monthly_bytes),
        clearUsage: body.clear_period_usage ?? false,
      })),
  });
}

const optionalInteger = (value: number | bigint | null | undefined): bigint | null =>
  value === null || value === undefined ? null : BigInt(value);
