/**
 * Between gRPC statuses and our errors.
 *
 * @module
 */

import * as grpc from "@grpc/grpc-js";
import { grpcStatus, PortunusError } from "../core/errors.ts";

/** A status as it goes into the trailers. */
export interface Status {
  readonly code: grpc.status;
  /** The `grpc-message`: always a code of the error catalogue, or `OK`. */
  readonly details: string;
}

export const STATUS_OK: Status = { code: grpc.status.OK, details: "OK" };

/** How the peer learns of `error`. What is no `PortunusError` is a defect and stays in the house. */
export function statusOf(error: unknown): Status {
  const code = error instanceof PortunusError ? error.code : "internal";
  return { code: grpcStatus(code), details: code };
}

/** The name scripts know a status by, such as `Unavailable` or `DeadlineExceeded`. */
export function statusName(code: number): string {
  if (code === grpc.status.OK) return "Ok";
  const name = grpc.status[code] ?? "UNKNOWN";
  return name.toLowerCase().replaceAll(
    /(?:^|_)([a-z])/g,
    (_, letter: string) => letter.toUpperCase(),
  );
}
