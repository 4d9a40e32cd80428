import assert from "node:assert/strict";
import fc from "fast-check";
import {
  hostHeaderAuthority,
  parseAuthority,
  resolveEndpoint,
  sanCovers,
  seedFrom,
  seedHost,
} from "./endpoint.ts";
import type { EndpointInputs } from "./endpoint.ts";
import { PortunusError } from "./errors.ts";

const name253 = [63, 63, 63, 61].map((length) => "a".repeat(length)).join(".");

Deno.test("parseAuthority() reads host:port when it is well formed", () => {
  const cases: [text: string, host: string, port: number][] = [
    ["public.example:7443", "public.example", 7443],
    ["Public.Example:1", "public.example", 1],
    ["192.0.2.1:65535", "192.0.2.1", 65535],
    [`${name253}:65535`, name253, 65535],
  ];
  for (const [text, host, port] of cases) assert.deepEqual(parseAuthority(text), { host, port });
});

Deno.test("parseAuthority() throws endpoint_invalid when the text is malformed", () => {
  const invalid = ["", "host", ":7443", "host:", "host:0", "host:65536", "host:080", "host:+80"];
  invalid.push("host:-1", "host:8 0", " host:80", "host:80 ", "host:80\n", "ho\u0000st:80");
  invalid.push("https://host:80", "host:80/", "host?:80", "host#:80", "u@host:80", "[::1]:80");
  invalid.push("::1:80", "1.2.3:80", "1.2.3.4.5:80", "-a:80", "a_b:80", "a\u00a0b:80");
  for (const text of invalid) {
    assert.throws(() => parseAuthority(text), { code: "endpoint_invalid" }, text);
  }
  assert.throws(() => parseAuthority(`${"x".repeat(261)}:80`), {
    message: "endpoint_invalid: must be at most 263 bytes",
  });
  assert.throws(() => parseAuthority(`${"x".repeat(260)}:80`), {
    message: "endpoint_invalid: hostname_total_too_long: 260 octets (max 253)",
  });
});

Deno.test("parseAuthority() throws only endpoint_invalid and is idempotent for any text", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.tuple(fc.domain(), fc.integer({ min: -1, max: 70_000 })).map((parts) => parts.join(":")),
  );
  fc.assert(fc.property(texts, (text) => {
    try {
      const authority = parseAuthority(text);
      assert.deepEqual(parseAuthority(`${authority.host}:${authority.port}`), authority);
    } catch (error) {
      assert.ok(error instanceof PortunusError && error.code === "endpoint_invalid");
    }
  }));
});

Deno.test("hostHeaderAuthority() puts the control port in place of the header's", () => {
  const cases: [header: string, authority: string | null][] = [
    ["ops.example", "ops.example:7443"],
    ["ops.example:7080", "ops.example:7443"],
    ["Ops.Example:99999", "ops.example:7443"],
    ["192.0.2.1:80", "192.0.2.1:7443"],
    ["", null],
    [":7080", null],
    ["ops.example:", null],
    ["ops.example:http", null],
    ["ops.example:80:80", null],
    ["[::1]:7080", null],
    ["http://ops.example", null],
    ["u@ops.example", null],
    ["ops.example/x", null],
    ["ops example", null],
    ["ops.example\t", null],
    ["12345", null],
    [`${name253}:7`, `${name253}:7443`],
    [`${name253}:70`, null],
  ];
  for (const [header, authority] of cases) {
    assert.equal(hostHeaderAuthority(header, 7443), authority, header);
  }
});

Deno.test("sanCovers() matches IP addresses and names each with their own kind", () => {
  const sans = {
    dns: ["localhost", "Public.Example", "*.edge.example", "*.com", "10.9.9.9", "*.0.2.1"],
    ips: ["127.0.0.1", "::1"],
  };
  const cases: [host: string, isCovered: boolean][] = [
    ["localhost", true],
    ["PUBLIC.example", true],
    ["a.edge.example", true],
    ["A.Edge.Example", true],
    ["edge.example", false],
    ["a.b.edge.example", false],
    [".edge.example", false],
    ["x.com", false],
    ["127.0.0.1", true],
    ["0:0::1", true],
    ["10.9.9.9", false],
    ["192.0.2.1", false],
    ["127.0.0.2", false],
    ["other.example", false],
  ];
  for (const [host, isCovered] of cases) assert.equal(sanCovers(sans, host), isCovered, host);
});

Deno.test("seedFrom() lets the flag shadow the environment and drops host-less values", () => {
  const cases: [flag: string | undefined, env: string | undefined, seed: string | null][] = [
    [undefined, undefined, null],
    ["a:1", undefined, "a:1"],
    [undefined, "b:2", "b:2"],
    ["a:1", "b:2", "a:1"],
    [":7443", "b:2", null],
    ["", "b:2", null],
    ["   ", undefined, null],
    [undefined, ":", null],
    ["a", undefined, "a"],
  ];
  for (const [flag, env, seed] of cases) assert.equal(seedFrom(flag, env), seed);
});

Deno.test("seedHost() is the text before the last colon, or all of it", () => {
  assert.equal(seedHost("public.example:7443"), "public.example");
  assert.equal(seedHost("public.example"), "public.example");
  assert.equal(seedHost("a:b:1"), "a:b");
});

const inputs: EndpointInputs = {
  override: null,
  seed: null,
  hostHeader: null,
  controlPort: 7443,
  sans: { dns: ["public.example", "*.edge.example"], ips: ["127.0.0.1"] },
};

Deno.test("resolveEndpoint() takes the first tier that yields an endpoint", () => {
  const all = {
    override: "public.example:1",
    seed: "a.edge.example:2",
    hostHeader: "b.edge.example:80",
  };
  assert.deepEqual(resolveEndpoint({ ...inputs, ...all }), {
    endpoint: "public.example:1",
    source: "override",
  });
  assert.deepEqual(resolveEndpoint({ ...inputs, ...all, override: null }), {
    endpoint: "a.edge.example:2",
    source: "seed",
  });
  assert.deepEqual(resolveEndpoint({ ...inputs, hostHeader: all.hostHeader }), {
    endpoint: "b.edge.example:7443",
    source: "derived",
  });
  assert.deepEqual(resolveEndpoint(inputs), { endpoint: "127.0.0.1:7443", source: "loopback" });
});

Deno.test("resolveEndpoint() passes over a Host header that is of no use", () => {
  for (const hostHeader of ["other.example", "[::1]:7080", "", "a b"]) {
    assert.equal(resolveEndpoint({ ...inputs, hostHeader }).source, "loopback");
  }
});

Deno.test("resolveEndpoint() throws when a tier that an operator set is malformed or uncovered", () => {
  const uncovered = { code: "endpoint_not_in_cert_san" };
  for (const tier of ["override", "seed"] as const) {
    assert.throws(() => resolveEndpoint({ ...inputs, [tier]: "nonsense" }), {
      code: "endpoint_invalid",
    });
    assert.throws(() => resolveEndpoint({ ...inputs, [tier]: "other.example:1" }), uncovered);
  }
  assert.throws(() => resolveEndpoint({ ...inputs, sans: { dns: [], ips: [] } }), uncovered);
});
