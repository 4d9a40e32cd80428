import assert from "node:assert/strict";
import { PortunusError } from "../core/errors.ts";
import { statusName, statusOf } from "./grpc_status.ts";

Deno.test("statusName() writes statuses as scripts know them", () => {
  const names = Array.from({ length: 17 }, (_, code) => statusName(code));
  assert.deepEqual(names, [
    "Ok",
    "Cancelled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
  ]);
  assert.equal(statusName(99), "Unknown");
});

Deno.test("statusOf() tells the code and never the detail", () => {
  assert.deepEqual(statusOf(new PortunusError("enrollment_used", "by edge-01")), {
    code: 16,
    details: "enrollment_used",
  });
  assert.deepEqual(statusOf(new PortunusError("endpoint_invalid", "x")), {
    code: 9,
    details: "endpoint_invalid",
  });
  assert.deepEqual(statusOf(new PortunusError("client_dropped_before_hello")).code, 1);
  assert.deepEqual(statusOf(new TypeError("secret")), { code: 13, details: "internal" });
});
