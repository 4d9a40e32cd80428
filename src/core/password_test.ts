import assert from "node:assert/strict";
import { passwordProblem } from "./password.ts";

Deno.test("passwordProblem() counts characters at the low end and bytes at the high end", () => {
  const cases: [password: string, problem: string | null][] = [
    ["", "password_too_short"],
    ["a".repeat(11), "password_too_short"],
    ["a".repeat(12), null],
    ["🔑".repeat(11), "password_too_short"],
    ["🔑".repeat(12), null],
    ["a".repeat(1_024), null],
    ["a".repeat(1_025), "password_too_long"],
    ["🔑".repeat(256), null],
    [`${"🔑".repeat(256)}a`, "password_too_long"],
  ];
  for (const [password, problem] of cases) {
    assert.equal(passwordProblem(password), problem, password);
  }
});
