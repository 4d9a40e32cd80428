import assert from "node:assert/strict";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { parseJson } from "../../core/json.ts";
import { templateOf } from "./document.ts";

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const TITLE = "GET /v1/openapi.json";

/** The document as anybody gets it. */
async function served(api: ApiFixture): Promise<{ text: string; document: Document }> {
  const answer = await api.request("GET", "/v1/openapi.json", { token: null });
  assert.equal(answer.status, 200);
  return { text: answer.text, document: JSON.parse(answer.text) as Document };
}

Deno.test(`${TITLE} has every operation, and no other`, async () => {
  using api = new ApiFixture();
  const { document } = await served(api);
  assert.match(document.openapi, /^3\.1\./);
  const documented = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`)
  );
  const registered = api.api.operations.map(({ method, path }) => `${method} ${templateOf(path)}`);
  assert.deepEqual(documented.toSorted(), registered.toSorted());
  assert.ok(registered.length > 30, `${registered.length} operations`);
});

Deno.test(`${TITLE} lints clean`, async () => {
  using api = new ApiFixture();
  const { text } = await served(api);
  const config = await createConfig({
    extends: ["recommended-strict"],
    // Liveness has no error of its own, and the operations without authentication say so.
    rules: { "operation-4xx-response": "off" },
  });
  const problems = await lintFromString({ source: text, config });
  assert.deepEqual(
    problems.map(({ ruleId, message, location }) =>
      `${ruleId}: ${message} ${location[0]?.pointer}`
    ),
    [],
  );
});

Deno.test("every example has the shape of its schema, and bodies have one", () => {
  using api = new ApiFixture();
  for (const { method, path, operation: { doc } } of api.api.operations) {
    const where = `${method} ${path}`;
    if (doc.body) {
      assert.notEqual(doc.bodyExample, undefined, `${where} has no example of its body`);
      assert.ok(doc.body.safeParse(doc.bodyExample).success, `${where}: example of the body`);
    }
    const { success } = doc;
    if (!("view" in success)) continue;
    const parsed = success.view.safeParse(parseJson(JSON.stringify(success.example)));
    assert.ok(parsed.success, `${where}: example of the answer: ${parsed.error}`);
  }
});
