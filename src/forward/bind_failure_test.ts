import assert from "node:assert/strict";
import { bindFailureReason, bindProblem, lacksIpv6 } from "./bind_failure.ts";

Deno.test("bindProblem() tells apart what the wire does", () => {
  const cases = [
    ["EADDRINUSE", "port_in_use"],
    ["EACCES", "permission_denied"],
    ["EPERM", "permission_denied"],
    ["EMFILE", "bind_failed"],
    ["EADDRNOTAVAIL", "bind_failed"],
    [undefined, "bind_failed"],
  ] as const;
  for (const [code, problem] of cases) assert.equal(bindProblem(code), problem);
});

Deno.test("bindFailureReason() names the port only when the rule has several", () => {
  assert.equal(bindFailureReason("port_in_use", 80, { start: 80, end: 80 }), "port_in_use");
  assert.equal(bindFailureReason("bind_failed", 81, { start: 80, end: 82 }), "bind_failed:81");
});

Deno.test("lacksIpv6() is true for what kernels without IPv6 answer, and for nothing else", () => {
  for (const code of ["EADDRNOTAVAIL", "EAFNOSUPPORT", "EPROTONOSUPPORT", "EOPNOTSUPP"]) {
    assert.equal(lacksIpv6(code), true);
  }
  for (const code of ["EADDRINUSE", "EACCES", "EMFILE", undefined]) {
    assert.equal(lacksIpv6(code), false);
  }
});
