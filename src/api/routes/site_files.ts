/**
 * `/v1/sites/{site_id}/files`: listing, uploads as they come in, deletion.
 *
 * @module
 */

import { z } from "zod";
import type { IncomingBody } from "../../publish/sites/site_files.ts";
import type { AppContext } from "../http.ts";
import { operation } from "../operation.ts";
import { publishing, type PublishingOptions } from "../publishing.ts";
import type { Route } from "../route.ts";
import { SiteFileView, siteFileView } from "../views/site.ts";
import { SITE_ERRORS, siteIdParam } from "./sites.ts";

const DirectoryQuery = z.object({
  path: z.string().optional().meta({ description: "A directory; absent for the root." }),
});
const PathQuery = z.object({
  path: z.string().meta({ description: "From the root of the site.", example: "docs/index.html" }),
});
const UploadedView = z.object({
  files: z.int(),
  bytes: z.int(),
}).meta({ id: "SiteUpload" });

const ERRORS = [...SITE_ERRORS, "not_owner", "path_invalid", "path_in_use"] as const;
const UPLOAD_ERRORS = [
  ...ERRORS,
  "file_type_not_allowed",
  "file_too_large",
  "site_too_large",
  "upload_invalid",
] as const;

const uploaded = {
  status: 200,
  description: "How much came in.",
  view: UploadedView,
  example: { files: 1, bytes: 1342 },
} as const;

export function siteFileRoutes(open: Route, options: PublishingOptions): void {
  const { route, services } = publishing(open, options);
  /** The site that the path names, if its files are the caller's to change. */
  const siteOf = (c: AppContext): string =>
    services().sites.get(siteIdParam(c), c.get("operator")).siteId;

  route("/v1/sites/:site_id/files", {
    GET: operation({
      summary: "List a directory of a site",
      description: "One level: directories first, then by name.",
      caller: "owner",
      query: DirectoryQuery,
      success: {
        status: 200,
        description: "The entries.",
        view: z.array(SiteFileView),
        example: [{
          name: "index.html",
          path: "index.html",
          type: "file",
          size: 1342,
          modified_at: "2026-05-07T10:00:00Z",
        }],
      },
      errors: [...ERRORS, "site_file_not_found"],
      async handle(c, { query }) {
        const { path, entries } = await services().siteFiles.list(siteOf(c), query.path);
        return entries.map((entry) => siteFileView(path, entry));
      },
    }),

    PUT: operation({
      summary: "Upload a file to a site",
      description:
        "The body is its content, of any length that the limits allow. Directories are " +
        "made as needed; what was there is replaced when all has come in.",
      caller: "owner",
      query: PathQuery,
      upload: { mediaType: "application/octet-stream", description: "The content of the file." },
      success: uploaded,
      errors: UPLOAD_ERRORS,
      handle: async (c, { query }) =>
        await services().siteFiles.put(siteOf(c), query.path, bodyOf(c)),
    }),

    POST: operation({
      summary: "Upload files to a site, as a form",
      description: "All of them appear, or none. Their names may have directories.",
      caller: "owner",
      query: DirectoryQuery,
      upload: { mediaType: "multipart/form-data", description: "Files, in any fields." },
      success: uploaded,
      errors: UPLOAD_ERRORS,
      handle: async (c, { query }) =>
        await services().siteFiles.putForm(siteOf(c), query.path, bodyOf(c)),
    }),

    DELETE: operation({
      summary: "Delete a file or directory of a site",
      caller: "owner",
      query: PathQuery,
      success: { status: 204, description: "It is not there, since now or before." },
      errors: ERRORS,
      async handle(c, { query }) {
        await services().siteFiles.remove(siteOf(c), query.path);
      },
    }),
  });
}

function bodyOf(c: AppContext): IncomingBody {
  const length = c.req.header("content-length");
  return {
    content: c.req.raw.body,
    contentType: c.req.header("content-type"),
    length: length === undefined ? null : Number(length),
  };
}
