/**
 * `/v1/clients/{client_id}/owners`: who forwards on a client, and how much they may in all.
 *
 * @module
 */

import { z } from "zod";
import type { OwnerCapService } from "../../control/owner_caps.ts";
import { RateLimitBody } from "../../core/rule_body.ts";
import type { OwnerOnClient } from "../../store/owner_caps.ts";
import { type AppContext, clientIdParam } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import {
  ClientOwnerView,
  clientOwnerView,
  OwnerCapView,
  ownerCapView,
} from "../views/owner_cap.ts";

export interface OwnerCapRoutesOptions {
  readonly ownerCaps: OwnerCapService;
}

const shown = {
  status: 200,
  description: "The caps; those that are not set are absent.",
  view: OwnerCapView,
  example: {
    client_name: "edge-01",
    owner_id: "alice",
    rate_limit: { bandwidth_in_bps: 5242880, concurrent_connections: 100 },
    updated_at_unix_ms: 1778148000000,
  },
} as const;

/** Whose caps the path names. @throws {PortunusError} `client_not_found` */
const ownerParam = (c: AppContext): OwnerOnClient => ({
  clientId: clientIdParam(c),
  ownerId: c.req.param("owner_id") ?? "",
});

export function ownerCapRoutes(route: Route, options: OwnerCapRoutesOptions): void {
  ownersRoute(route, options);
  capRoute(route, options);
}

function ownersRoute(route: Route, { ownerCaps }: OwnerCapRoutesOptions): void {
  route("/v1/clients/:client_id/owners", {
    GET: operation({
      summary: "List the owners on a client",
      description: "Everybody who has rules or caps there, by id.",
      caller: "superadmin",
      success: {
        status: 200,
        description: "The owners.",
        view: z.array(ClientOwnerView),
        example: [{ owner_id: "alice", has_rate_limit: true, rule_count: 3 }],
      },
      errors: ["client_not_found"],
      storeFailure: "internal_error",
      handle: (c) => ownerCaps.ownersOf(clientIdParam(c)).map(clientOwnerView),
    }),
  });
}

function capRoute(route: Route, { ownerCaps }: OwnerCapRoutesOptions): void {
  route("/v1/clients/:client_id/owners/:owner_id/rate-limit", {
    GET: operation({
      summary: "Show the caps of an owner on a client",
      caller: "superadmin",
      success: shown,
      errors: ["client_not_found", "owner_rate_limit_not_found"],
      storeFailure: "internal_error",
      handle: (c) => ownerCapView(ownerCaps.get(ownerParam(c))),
    }),

    PUT: operation({
      summary: "Set the caps of an owner on a client",
      description: "They hold for all rules of the owner there together, beside those of each " +
        "rule, and take effect at once. What is absent is uncapped. The caps go with the owner's " +
        "last rule on the client.",
      caller: "superadmin",
      body: RateLimitBody,
      bodyExample: { bandwidth_in_bps: 5242880, concurrent_connections: 100 },
      success: shown,
      errors: [
        "client_not_found",
        "validation.rate_limit_burst_unsupported",
        "rate_limit_unsupported_by_client",
        "validation.rate_limit_cap_zero",
        "validation.rate_limit_burst_without_rate",
        "validation.rate_limit_burst_range",
      ],
      storeFailure: "internal_error",
      handle: (c, { body }) => ownerCapView(ownerCaps.put(ownerParam(c), body)),
    }),

    DELETE: operation({
      summary: "Lift the caps of an owner on a client",
      description: "The client is told even where there are none.",
      caller: "superadmin",
      success: { status: 204, description: "There are no caps, since now or before." },
      errors: ["client_not_found"],
      storeFailure: "internal_error",
      handle: (c) => ownerCaps.remove(ownerParam(c)),
    }),
  });
}
