import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { PortunusError } from "../../src/core/errors.ts";
import { redeemEnrollment, RpcError } from "../../src/wire/control_client.ts";
import { CredentialBundleSchema } from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { never, startServer, wireError } from "./harness.ts";

Deno.test("enrollment returns the bundle for the code", async () => {
  const bundle = create(CredentialBundleSchema, {
    version: 1,
    clientName: "edge-01",
    serverEndpoint: "localhost:7443",
    serverCertSha256: "ab".repeat(32),
    token: "t".repeat(43),
    clientId: "01J8X4ZKQ9A1B2C3D4E5F6G7H8",
  });
  const codes: string[] = [];
  await using server = startServer({
    enroll(code) {
      codes.push(code);
      return Promise.resolve(bundle);
    },
  });
  assert.deepEqual(await redeemEnrollment({ ...server, code: "c", signal: never }), bundle);
  assert.deepEqual(codes, ["c"]);
});

for (
  const [error, status, message] of [
    [new PortunusError("enrollment_invalid"), 16, "enrollment_invalid"],
    [new PortunusError("enrollment_used"), 16, "enrollment_used"],
    [new PortunusError("enrollment_expired"), 16, "enrollment_expired"],
    [new PortunusError("endpoint_invalid", "a detail"), 9, "endpoint_invalid"],
    [new PortunusError("endpoint_not_in_cert_san"), 9, "endpoint_not_in_cert_san"],
    [new PortunusError("enrollment_store_error"), 13, "enrollment_store_error"],
    [new TypeError("a detail"), 13, "internal"],
  ] as const
) {
  Deno.test(`a failed enrollment answers ${status} ${message}`, async () => {
    await using server = startServer({ enroll: () => Promise.reject(error) });
    await assert.rejects(
      redeemEnrollment({ ...server, code: "c", signal: never }),
      (thrown) => {
        assert.ok(thrown instanceof RpcError);
        assert.deepEqual([thrown.status, thrown.message], [status, message]);
        return true;
      },
    );
    assert.deepEqual(server.authFailures, []);
  });
}

Deno.test("aborting an enrollment ends it", async () => {
  const abort = new AbortController();
  await using server = startServer({
    enroll() {
      abort.abort(new Error("enough"));
      return Promise.resolve(create(CredentialBundleSchema));
    },
  });
  await assert.rejects(
    redeemEnrollment({ ...server, code: "c", signal: abort.signal }),
    wireError("transport", "transport: Cancelled: enough"),
  );
});
