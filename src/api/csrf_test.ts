import assert from "node:assert/strict";
import { isError } from "../../tests/kit/rule_fixture.ts";
import { requireOwnPage } from "./csrf.ts";

const GOOD = {
  "Origin": "https://portunus.test",
  "Host": "portunus.test",
  "X-Portunus-CSRF": "1",
};

function check(
  headers: Readonly<Record<string, string>>,
  { method = "POST", publicOrigin = null as string | null } = {},
): void {
  requireOwnPage(new Request("http://portunus.test/", { method, headers }), publicOrigin);
}

/** `headers` without one of them. */
function without(name: keyof typeof GOOD): Record<string, string> {
  return Object.fromEntries(Object.entries(GOOD).filter(([key]) => key !== name));
}

Deno.test("requireOwnPage() lets reading pass without proof, and what our pages send", () => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) check({}, { method });
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    check(GOOD, { method });
    check({ ...GOOD, Origin: "http://portunus.test" }, { method });
  }
});

Deno.test("requireOwnPage() checks origin, its value, header and media type, in this order", () => {
  const cases: [headers: Record<string, string>, code: string][] = [
    [{}, "csrf_origin_required"],
    [without("Origin"), "csrf_origin_required"],
    [{ ...GOOD, Origin: "null" }, "csrf_origin_mismatch"],
    [{ ...GOOD, Origin: "https://evil.test" }, "csrf_origin_mismatch"],
    [{ ...GOOD, Origin: "https://portunus.test:443" }, "csrf_origin_mismatch"],
    [{ ...GOOD, Origin: "https://portunus.test/" }, "csrf_origin_mismatch"],
    [{ ...GOOD, Origin: "ftp://portunus.test" }, "csrf_origin_mismatch"],
    [{ ...GOOD, Origin: "https://PORTUNUS.test" }, "csrf_origin_mismatch"],
    [without("Host"), "csrf_origin_mismatch"],
    [without("X-Portunus-CSRF"), "csrf_header_required"],
    [{ ...GOOD, "X-Portunus-CSRF": "true" }, "csrf_header_required"],
    [{ ...GOOD, "Content-Length": "2" }, "csrf_content_type_required"],
    [{ ...GOOD, "Transfer-Encoding": "chunked" }, "csrf_content_type_required"],
    [
      { ...GOOD, "Content-Length": "2", "Content-Type": "text/plain" },
      "csrf_content_type_required",
    ],
    [
      { ...GOOD, "Content-Length": "2", "Content-Type": "application/x+json" },
      "csrf_content_type_required",
    ],
  ];
  for (const [headers, code] of cases) {
    assert.throws(
      () => check(headers),
      isError(code, "csrf verification failed"),
      JSON.stringify(headers),
    );
  }
  check({ ...GOOD, "Content-Length": "0" });
  check({ ...GOOD, "Content-Length": "2", "Content-Type": "Application/JSON ; charset=utf-8" });
});

Deno.test("requireOwnPage() compares with the public origin alone where there is one", () => {
  const publicOrigin = "https://public.example:8443";
  check({ ...GOOD, Origin: publicOrigin }, { publicOrigin });
  for (const Origin of ["https://portunus.test", "https://public.example", `${publicOrigin}/`]) {
    assert.throws(
      () => check({ ...GOOD, Origin }, { publicOrigin }),
      isError("csrf_origin_mismatch"),
    );
  }
});
