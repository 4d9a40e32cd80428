import assert from "node:assert/strict";
import { auditOutcome, npmProject } from "./audit.ts";

Deno.test("npmProject() names every package of the lock once, in each of its versions", () => {
  const integrity = "sha512-x";
  const { manifest, lock } = npmProject({
    npm: {
      "@a/b@1.2.3": { integrity },
      "c@2.0.0_peer@3.0.0": { integrity },
      "c@2.0.0_peer@4.0.0": { integrity },
      "c@2.1.0": { integrity },
    },
  });
  assert.partialDeepStrictEqual(manifest, {
    dependencies: { p0: "npm:@a/b@1.2.3", p1: "npm:c@2.0.0", p2: "npm:c@2.1.0" },
  });
  assert.partialDeepStrictEqual(lock, {
    lockfileVersion: 3,
    packages: { "node_modules/p0": { name: "@a/b", version: "1.2.3" } },
  });
});

Deno.test("auditOutcome() counts high and critical weaknesses, and knows no answer from a good one", () => {
  const report = (...severities: string[]) =>
    JSON.stringify({
      vulnerabilities: Object.fromEntries(
        severities.map((severity, i) => [`p${i}`, { name: `p${i}`, severity, range: "<2" }]),
      ),
    });
  assert.deepEqual(auditOutcome(report()), { kind: "clean", lesser: 0 });
  assert.deepEqual(auditOutcome(report("low", "moderate")), { kind: "clean", lesser: 2 });
  assert.deepEqual(auditOutcome(report("low", "high", "critical")), {
    kind: "vulnerable",
    packages: ["p1 <2: high", "p2 <2: critical"],
  });
  assert.deepEqual(auditOutcome('{"message": "405 Method Not Allowed", "statusCode": 405}'), {
    kind: "unreachable",
    reason: "405 Method Not Allowed",
  });
  assert.equal(auditOutcome("").kind, "unreachable");
});
