/**
 * Regenerates `ui/api/types.ts` from the API (task `ui-types`). The result is committed;
 * `ui/api/types_test.ts` fails when it is stale.
 *
 * @module
 */

import { ApiFixture } from "../tests/kit/api_fixture.ts";
import { formatted } from "./build/formatted.ts";
import { type OpenApiDocument, uiTypes } from "./build/ui_types.ts";

using api = new ApiFixture();
const { text } = await api.request("GET", "/v1/openapi.json", { token: null });
const types = await formatted(uiTypes(JSON.parse(text) as OpenApiDocument));
await Deno.writeTextFile(new URL("../ui/api/types.ts", import.meta.url), types);
