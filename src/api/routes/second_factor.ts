/**
 * One-time codes of authenticator apps: setting them up takes `[publish]`; getting rid of them does
 * not, because logins go on asking for them without it.
 *
 * @module
 */

import { z } from "zod";
import type { SecondFactor } from "../../identity/second_factor.ts";
import { operation } from "../operation.ts";
import { publishing, type PublishingOptions } from "../publishing.ts";
import type { Route } from "../route.ts";
import { userParam } from "./users.ts";

export interface SecondFactorRoutesOptions extends PublishingOptions {
  readonly secondFactor: SecondFactor;
}

const OWN = "/v1/users/me/totp";

/** Before the routes of users by id: nobody is called `me`. */
export function secondFactorRoutes(route: Route, options: SecondFactorRoutesOptions): void {
  statusRoute(route, options);
  setupRoutes(route, options);
  removalRoutes(route, options);
}

function statusRoute(route: Route, { secondFactor, publish }: SecondFactorRoutesOptions): void {
  route(OWN, {
    GET: operation({
      summary: "Show whether one's logins need a code",
      caller: "operator",
      success: {
        status: 200,
        description: "As of now.",
        view: z.object({
          enabled: z.boolean().meta({ description: "Logins ask for a one-time code." }),
          available: z.boolean().meta({ description: "Whether this server lets one set it up." }),
        }),
        example: { enabled: false, available: true },
      },
      errors: [],
      handle: async (c) => ({
        enabled: await secondFactor.isEnabled(c.get("operator").userId),
        available: publish !== null,
      }),
    }),
  });
}

function setupRoutes(open: Route, options: SecondFactorRoutesOptions): void {
  const { secondFactor } = options;
  const { route } = publishing(open, options);
  route(`${OWN}/setup`, {
    POST: operation({
      summary: "Make up a secret for one-time codes",
      description: "Logins ask for codes once it is confirmed. An unconfirmed secret is replaced.",
      caller: "operator",
      success: {
        status: 201,
        description: "The secret, this once.",
        view: z.object({
          secret: z.string().meta({ description: "Base32, to be typed into an app." }),
          uri: z.string().meta({ description: "The same for a QR code." }),
        }),
        example: {
          secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
          uri: "otpauth://totp/Portunus:alice?issuer=Portunus" +
            "&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=6&period=30",
        },
      },
      errors: ["user_not_found", "totp_already_enabled"],
      handle: async (c) => await secondFactor.setUp(c.get("operator").userId),
    }),
  });

  route(`${OWN}/confirm`, {
    POST: operation({
      summary: "Confirm the secret with its first code",
      description: "From now on, logins ask for a code. Sessions go on.",
      caller: "operator",
      body: z.object({ totp_code: z.string() }),
      bodyExample: { totp_code: "745690" },
      success: { status: 204, description: "The second factor is on." },
      errors: [
        "totp_not_set_up",
        "totp_already_enabled",
        "totp_required",
        "totp_invalid",
        "rate_limited",
      ],
      handle: (c, { body }) => secondFactor.confirm(c.get("operator").userId, body.totp_code),
    }),
  });
}

function removalRoutes(route: Route, { secondFactor }: SecondFactorRoutesOptions): void {
  route(`${OWN}/disable`, {
    POST: operation({
      summary: "Switch one's own second factor off",
      description: "With the password, or with a code that was not used before.",
      caller: "operator",
      body: z.object({
        password: z.string().nullish(),
        totp_code: z.string().nullish(),
      }),
      bodyExample: { password: "correct horse battery" },
      success: { status: 204, description: "Logins need the password alone." },
      errors: ["totp_not_set_up", "totp_required", "totp_invalid", "invalid_login", "rate_limited"],
      handle: (c, { body }) =>
        secondFactor.disable(c.get("operator").userId, {
          password: body.password ?? null,
          totpCode: body.totp_code ?? null,
          remoteIp: c.env.remoteIp,
        }),
    }),
  });

  route("/v1/users/:user_id/totp", {
    DELETE: operation({
      summary: "Take a user's second factor away",
      description: "For somebody who lost their device. Nothing to take away is no error.",
      caller: "superadmin",
      success: { status: 204, description: "Their logins need the password alone." },
      errors: ["invalid_user_id", "user_not_found"],
      async handle(c) {
        await secondFactor.reset(c.get("operator").userId, userParam(c));
      },
    }),
  });
}
