import assert from "node:assert/strict";
import { formatted } from "../../scripts/build/formatted.ts";
import { type OpenApiDocument, uiTypes } from "../../scripts/build/ui_types.ts";
import { ApiFixture } from "../../tests/kit/api_fixture.ts";

Deno.test("types.ts is what `deno task ui-types` makes of the API", async () => {
  using api = new ApiFixture();
  const { text } = await api.request("GET", "/v1/openapi.json", { token: null });
  const types = await formatted(uiTypes(JSON.parse(text) as OpenApiDocument));
  assert.equal(await Deno.readTextFile(new URL("types.ts", import.meta.url)), types);
});
