import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bundle, BundleError, checkBundle, formatBundle, parseBundle } from "./bundle.ts";

const bundle: Bundle = {
  version: 1,
  clientName: "edge-01",
  clientId: "01J8X4ZKQ9A1B2C3D4E5F6G7H8",
  serverEndpoint: "host.example:7443",
  serverCertSha256: "0123456789abcdef".repeat(4),
  token: "SECRET".padEnd(43, "_"),
};

const file = `{
  "version": 1,
  "client_name": "edge-01",
  "client_id": "01J8X4ZKQ9A1B2C3D4E5F6G7H8",
  "server_endpoint": "host.example:7443",
  "server_cert_sha256": "${bundle.serverCertSha256}",
  "token": "${bundle.token}"
}`;

const members = JSON.parse(file);

Deno.test("formatBundle() writes the documented file", () => {
  assert.equal(formatBundle(bundle), file);
  assert.equal(
    formatBundle({ ...bundle, clientId: null }),
    file.replace(/ *"client_id".*\n/, ""),
  );
});

Deno.test("parseBundle() reads what formatBundle() writes", () => {
  assert.deepEqual(parseBundle(file), bundle);
  const bundles = fc.record({
    version: fc.constant(1 as const),
    clientName: fc.string({ minLength: 1 }),
    clientId: fc.option(fc.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)),
    serverEndpoint: fc.string({ minLength: 1 }),
    serverCertSha256: fc.stringMatching(/^[0-9a-f]{64}$/),
    token: fc.stringMatching(/^[A-Za-z0-9_-]{43}$/),
  });
  fc.assert(fc.property(bundles, (value) => {
    assert.deepEqual(parseBundle(formatBundle(value)), { ...value });
  }));
});

Deno.test("parseBundle() takes the files of older servers", () => {
  const { version: _, client_id: __, ...rest } = members;
  const anonymous = { ...bundle, clientId: null };
  const older = { ...rest, server_cert_pem: "x", server_cert_sha256: "AB".repeat(32) };
  assert.deepEqual(parseBundle(JSON.stringify(rest)), anonymous);
  assert.deepEqual(parseBundle(JSON.stringify({ ...members, client_id: null })), anonymous);
  assert.equal(parseBundle(JSON.stringify(older)).serverCertSha256, "ab".repeat(32));
  assert.equal(
    parseBundle(JSON.stringify({ ...members, client_id: bundle.clientId?.toLowerCase() })).clientId,
    bundle.clientId,
  );
});

Deno.test("parseBundle() throws a text that says what is wrong and never quotes the file", () => {
  const cases: [change: Record<string, unknown>, message: string][] = [
    [{ version: 2, token: 5 }, "unsupported bundle version: 2"],
    [{ version: "1" }, "unsupported bundle version: 1"],
    [{ version: null }, "unsupported bundle version: null"],
    [{ server_cert_sha256: "abc" }, "malformed server_cert_sha256: must be 64 hex digits"],
    [{ server_cert_sha256: undefined }, "missing field server_cert_sha256"],
    [{ token: "SECRET\n" }, "malformed token"],
    [{ token: 5 }, "field token must be a string"],
    [{ token: "" }, "field token must not be empty"],
    [{ client_name: undefined }, "missing field client_name"],
    [{ client_id: "edge-01" }, "malformed client_id: must be a ULID"],
    [{ client_id: 7 }, "field client_id must be a string"],
    [{ server_endpoint: "" }, "field server_endpoint must not be empty"],
  ];
  for (const [change, message] of cases) {
    const text = JSON.stringify({ ...members, ...change });
    assert.throws(() => parseBundle(text), { name: "BundleError", message });
  }
  for (const text of ["[]", "null", "5"]) {
    assert.throws(() => parseBundle(text), { message: "not a JSON object" });
  }
  for (const text of ["", '{"token": SECRET', `${file},`]) {
    assert.throws(() => parseBundle(text), (error) => {
      assert.ok(error instanceof BundleError);
      assert.equal(error.message, "not valid JSON");
      return error.cause === undefined;
    });
  }
});

Deno.test("checkBundle() takes an empty id, as it comes over the wire, for none", () => {
  assert.equal(checkBundle({ ...bundle, clientId: "" }).clientId, null);
  assert.deepEqual(checkBundle(bundle), bundle);
});
