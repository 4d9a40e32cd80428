/**
 * Calling a server: one connection per attempt, to the pinned certificate only.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import { Metadata, status, type StatusObject } from "@grpc/grpc-js";
import type { Clock } from "../core/clock.ts";
import { SESSION } from "../core/limits.ts";
import { systemClock } from "../system/clock.ts";
import { bearerHeader } from "./bearer.ts";
import { GrpcClientStream } from "./client_stream.ts";
import { type CredentialBundle, EnrollClientRequestSchema } from "./gen/portunus/v1/portunus_pb.ts";
import { statusName } from "./grpc_status.ts";
import { CHANNEL, ENROLL } from "./methods.ts";
import { type Dial, PinnedChannel } from "./pinned_channel.ts";
import { type ClientStream, WireError } from "./streams.ts";

export type { Dial } from "./pinned_channel.ts";

/** The server answered a call with a status other than OK; the message is the server's. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  constructor(readonly status: status, message: string) {
    super(message);
  }
}

/**
 * Opens a control stream. Resolves when the connection stands and its certificate matches the
 * pin. Whether the server accepts the token shows only when it answers, which it does not before
 * it got a message.
 *
 * @throws {WireError} also when `signal` is aborted
 */
export async function openControlStream(
  options: Dial & { readonly bearer: string },
): Promise<ClientStream> {
  const { bearer, signal, clock = systemClock } = options;
  const metadata = bearerMetadata(bearer);
  if (signal.aborted) throw abortError(signal);
  const channel = new PinnedChannel(options);
  const stream = new GrpcClientStream(channel.stream(CHANNEL, metadata), {
    failureOf: (result, heard) => channel.connectFailure(result) ?? callFailure(result, heard),
    onOver() {
      signal.removeEventListener("abort", onAbort);
      channel.close();
    },
  });
  const onAbort = () => stream.cancel();
  signal.addEventListener("abort", onAbort);
  using deadline = new DialDeadline(clock, onAbort);
  const failure = await Promise.race([channel.verified, stream.ended]);
  if (signal.aborted) throw abortError(signal);
  if (deadline.isOver) throw lateError();
  if (failure) throw failure;
  return stream;
}

/**
 * Redeems a one-time enrollment code.
 *
 * @throws {RpcError} when the server refuses
 * @throws {WireError} when it could not be asked, also because `signal` was aborted
 */
export async function redeemEnrollment(
  options: Dial & { readonly code: string },
): Promise<CredentialBundle> {
  const { code, signal, clock = systemClock } = options;
  if (signal.aborted) throw abortError(signal);
  const channel = new PinnedChannel(options);
  const { promise, resolve, reject } = Promise.withResolvers<CredentialBundle>();
  const request = create(EnrollClientRequestSchema, { code });
  const call = channel.unary(ENROLL, request, (error, bundle) => {
    if (bundle !== undefined) resolve(bundle);
    else if (signal.aborted) reject(abortError(signal));
    else if (deadline.isOver) reject(lateError());
    else if (error) {
      reject(channel.connectFailure(error) ?? new RpcError(error.code, error.details));
    }
  });
  const onAbort = () => call.cancel();
  signal.addEventListener("abort", onAbort);
  using deadline = new DialDeadline(clock, onAbort);
  // Who is there may take all the time it needs for the answer.
  void channel.verified.then(() => deadline[Symbol.dispose]());
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    channel.close();
  }
}

/** A dial that nobody answers, at whatever step, is given up. */
class DialDeadline implements Disposable {
  isOver = false;
  readonly #timer: Disposable;

  constructor(clock: Clock, giveUp: () => void) {
    this.#timer = clock.timer(SESSION.dialTimeoutSecs * 1_000, () => {
      this.isOver = true;
      giveUp();
    });
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}

const lateError = () =>
  new WireError("transport", `no connection within ${SESSION.dialTimeoutSecs} s`);

function bearerMetadata(bearer: string): Metadata {
  const header = bearerHeader(bearer);
  if (header === null) throw new WireError("auth", "malformed_token");
  const metadata = new Metadata();
  metadata.set("authorization", header);
  return metadata;
}

/** Only a server that has not said anything yet refuses the token; later it breaks off. */
function callFailure({ code, details }: StatusObject, heard: boolean): WireError {
  if (code !== status.UNAUTHENTICATED || heard) {
    return new WireError("transport", `${statusName(code)}: ${details}`);
  }
  return details === "token_revoked"
    ? new WireError("token_revoked")
    : new WireError("auth", details);
}

function abortError(signal: AbortSignal): WireError {
  const reason: unknown = signal.reason;
  const text = reason instanceof Error ? reason.message : "aborted";
  return new WireError("transport", `${statusName(status.CANCELLED)}: ${text}`, { cause: reason });
}
