/**
 * `/v1/settings/advertised-endpoint`
 *
 * @module
 */

import { z } from "zod";
import { ENDPOINT_SOURCES } from "../../core/endpoint.ts";
import type { AdvertisedEndpoint } from "../../control/advertised_endpoint.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { SUPERADMIN_ONLY } from "./clients.ts";

export interface SettingsRoutesOptions {
  readonly advertised: AdvertisedEndpoint;
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

export function settingsRoutes(route: Route, { advertised }: SettingsRoutesOptions): void {
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
