import assert from "node:assert/strict";
import { REMEDIES, remedyFor } from "./remedies.ts";

Deno.test("remedyFor() says what to do in both languages, for unknown codes by status", () => {
  for (const [code, texts] of Object.entries(REMEDIES)) {
    for (const language of ["en", "zh-CN"] as const) {
      assert.equal(remedyFor({ code, status: 400 }, language), texts[language], code);
      assert.match(texts[language], /[.。]$/, code);
    }
    assert.match(texts["zh-CN"], /\p{Script=Han}/u, code);
  }
  assert.equal(remedyFor({ code: "http_502", status: 502 }, "en"), REMEDIES.internal.en);
  assert.equal(remedyFor({ code: "http_429", status: 429 }, "en"), REMEDIES.rate_limited.en);
  assert.equal(remedyFor({ code: "new_code", status: 409 }, "en"), null);
  assert.equal(remedyFor({ code: "toString", status: 409 }, "en"), null);
});
