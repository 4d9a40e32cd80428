/**
 * `/v1/settings`
 *
 * @module
 */

import { z } from "zod";
import { ENDPOINT_SOURCES } from "../../core/endpoint.ts";
import { toJsonText } from "../../core/instant.ts";
import { type BackendProbe, BACKENDS, type BackendStatus } from "../../identity/backend_status.ts";
import type { AdvertisedEndpoint } from "../../control/advertised_endpoint.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { dateTime } from "../views/scalars.ts";
import { SUPERADMIN_ONLY } from "./clients.ts";

export interface SettingsRoutesOptions {
  readonly advertised: AdvertisedEndpoint;
  readonly backend: BackendProbe;
}

const EndpointBody = z.object({
  advertised_endpoint: z.string().nullish().meta({
    description: "`host:port`; null, empty or absent to remove the setting.",
  }),
});

const EndpointView = z.object({
  override: z.string().nullable(),
  effective: z.string().nullable(),
  source: z.enum(ENDPOINT_SOURCES).nullable(),
  diagnostic: z.string().nullable().meta({ description: "Why there is none in effect." }),
}).meta({ id: "AdvertisedEndpoint" });

const inEffect = {
  status: 200,
  description: "What clients are told to dial.",
  view: EndpointView,
} as const;

const BackendView = z.object({
  backend: z.enum(BACKENDS).meta({ description: "`embedded`: the server's own store." }),
  reachable: z.boolean(),
  latency_ms: z.number().nullable().meta({ description: "Of a query made for this answer." }),
  connections: z.object({ in_use: z.int(), max: z.int() }).nullable(),
  failures: z.object({ unavailable: z.int(), timeout: z.int() }).meta({
    description: "Queries that failed since the server started.",
  }),
  replica: z.object({
    synced_at: dateTime,
    age_secs: z.number(),
    interval_secs: z.number().meta({ description: "0: brought up to date at the start only." }),
    failing: z.boolean(),
  }).nullable(),
}).meta({ id: "IdentityBackend" });

function backendView(status: BackendStatus): z.input<typeof BackendView> {
  const { backend, reachable, latencyMs, connections, failures, replica } = status;
  return {
    backend,
    reachable,
    latency_ms: latencyMs,
    connections: connections && { in_use: connections.inUse, max: connections.max },
    failures: { ...failures },
    replica: replica && {
      synced_at: toJsonText(replica.syncedAt),
      age_secs: replica.ageSecs,
      interval_secs: replica.intervalSecs,
      failing: replica.failing,
    },
  };
}

export function settingsRoutes(
  route: Route,
  { advertised, backend }: SettingsRoutesOptions,
): void {
  route("/v1/settings/identity-backend", {
    GET: operation({
      summary: "Show where accounts are kept, and how that database is",
      caller: "superadmin",
      refusal: SUPERADMIN_ONLY,
      success: {
        status: 200,
        description: "The database of accounts.",
        view: BackendView,
        example: {
          backend: "postgres",
          reachable: true,
          latency_ms: 0.8,
          connections: { in_use: 1, max: 10 },
          failures: { unavailable: 0, timeout: 0 },
          replica: null,
        },
      },
      errors: [],
      handle: async () => backendView(await backend.status()),
    }),
  });

  route("/v1/settings/advertised-endpoint", {
    GET: operation({
      summary: "Show the endpoint that enrollment advertises",
      caller: "superadmin",
      refusal: SUPERADMIN_ONLY,
      success: {
        ...inEffect,
        example: {
          override: null,
          effective: "public.example:7443",
          source: "seed",
          diagnostic: null,
        },
      },
      errors: [],
      handle: () => advertised.view(),
    }),

    PUT: operation({
      summary: "Set the endpoint that enrollment advertises",
      caller: "superadmin",
      refusal: SUPERADMIN_ONLY,
      body: EndpointBody,
      bodyExample: { advertised_endpoint: "public.example:7443" },
      success: {
        ...inEffect,
        example: {
          override: "public.example:7443",
          effective: "public.example:7443",
          source: "override",
          diagnostic: null,
        },
      },
      errors: ["endpoint_invalid", "endpoint_not_in_cert_san"],
      handle(_c, { body }) {
        advertised.set(body.advertised_endpoint || null);
        return advertised.view();
      },
    }),
  });
}
