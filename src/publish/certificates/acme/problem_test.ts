import assert from "node:assert/strict";
import { ACME } from "../../../core/publish_limits.ts";
import { AcmeProblem, retryAfterMs } from "./problem.ts";

const NOW = Date.UTC(2026, 0, 1);

Deno.test("AcmeProblem() says type and detail, and what each name's problem is", () => {
  const problem = new AcmeProblem({
    type: "urn:ietf:params:acme:error:rejectedIdentifier",
    detail: "Some of the identifiers requested were rejected",
    subproblems: [{ type: "urn:ietf:params:acme:error:caa", detail: "CAA forbids it" }],
  });
  assert.equal(problem.type, "rejectedIdentifier");
  assert.equal(
    problem.message,
    "rejectedIdentifier: Some of the identifiers requested were rejected; caa: CAA forbids it",
  );
});

Deno.test("AcmeProblem() is one line of bounded length, whatever it is told", () => {
  const { message } = new AcmeProblem({
    type: "x",
    detail: `a\r\n\x1b[31m\u0085b${"c".repeat(9_999)}`,
  });
  assert.match(message, /^x: a \[31m bc+…$/);
  assert.equal(message.length, ACME.errorMaxChars);
});

Deno.test("retryAfterMs() reads seconds and dates", () => {
  assert.equal(retryAfterMs("120", NOW), 120_000);
  assert.equal(retryAfterMs("Thu, 01 Jan 2026 01:00:00 GMT", NOW), 3_600_000);
  assert.equal(retryAfterMs("Wed, 31 Dec 2025 00:00:00 GMT", NOW), 0);
  assert.equal(retryAfterMs("soon", NOW), null);
  assert.equal(retryAfterMs(null, NOW), null);
  assert.equal(retryAfterMs("9999999999", NOW), ACME.retryAfterMaxMs);
});
