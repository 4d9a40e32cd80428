/**
 * `/v1/settings/advertised-endpoint`
 *
 * @module
 */

import { z } from "zod";
import type { AdvertisedEndpoint } from "../../control/advertised_endpoint.ts";
import { requireSuperadmin } from "../../identity/operators.ts";
import { readJson, type Route, sendJson } from "../http.ts";

export interface SettingsRoutesOptions {
  readonly advertised: AdvertisedEndpoint;
}

const EndpointBody = z.object({ advertised_endpoint: z.string().nullish() });

export function settingsRoutes(route: Route, { advertised }: SettingsRoutesOptions): void {
  route("/v1/settings/advertised-endpoint", {
    GET(c) {
      requireSuperadmin(c.get("operator"));
      return sendJson(c, advertised.view());
    },

    async PUT(c) {
      const { advertised_endpoint } = await readJson(c, EndpointBody);
      requireSuperadmin(c.get("operator"));
      advertised.set(advertised_endpoint || null);
      return sendJson(c, advertised.view());
    },
  });
}
