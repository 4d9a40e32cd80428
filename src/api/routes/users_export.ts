import { z } from "zod";
import { toJsonText } from "../../core/instant.ts";
import { operation } from "../operation.ts";
import { publishing, type PublishingOptions } from "../publishing.ts";
import type { Route } from "../route.ts";
import { dateTime } from "../views/scalars.ts";

/** `/v1/publish/users-export`: whether the file of accounts is as they are. */
export function usersExportRoute(guarded: Route, options: PublishingOptions): void {
  const { route, services } = publishing(guarded, options);
  route("/v1/publish/users-export", {
    GET: operation({
      summary: "Show how the export of accounts went",
      caller: "superadmin",
      success: {
        status: 200,
        description: "As of the last change.",
        view: z.object({
          path: z.string().nullable().meta({ description: "Null where nothing is exported." }),
          written_at: dateTime.nullable().meta({
            description: "When the content last changed, since the server started.",
          }),
          last_error: z.string().nullable(),
        }),
        example: {
          path: "/var/lib/portunus/users.yml",
          written_at: "2026-05-07T10:00:00Z",
          last_error: null,
        },
      },
      errors: [],
      handle() {
        const status = services().usersExport.status();
        const { path = null, writtenAt = null, lastError = null } = status ?? {};
        return { path, written_at: writtenAt && toJsonText(writtenAt), last_error: lastError };
      },
    }),
  });
}
