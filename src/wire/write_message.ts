import type { Writable } from "node:stream";
import { WireError } from "./streams.ts";

/** The error of a `send` that came too late. */
export function streamOver(): WireError {
  return new WireError("transport", "Cancelled: the stream is over");
}

/**
 * Writes to one of gRPC's object streams; resolves when the transport took the message, which
 * waits while the peer's flow-control window is closed. grpc-js never completes the writes of a
 * stream that ended meanwhile, so `closed` does.
 *
 * @throws {WireError} once `closed` is aborted
 */
export function writeMessage(
  stream: Pick<Writable, "write">,
  message: unknown,
  closed: AbortSignal,
): Promise<void> {
  if (closed.aborted) return Promise.reject(streamOver());
  return new Promise((resolve, reject) => {
    const onClosed = () => reject(streamOver());
    closed.addEventListener("abort", onClosed, { once: true });
    stream.write(message, (error) => {
      closed.removeEventListener("abort", onClosed);
      if (error) reject(streamOver());
      else resolve();
    });
  });
}
