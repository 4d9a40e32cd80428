/**
 * Moving bytes between two connected sockets.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { FORWARD } from "../../core/limits.ts";
import type { Direction } from "../policy/limiter.ts";
import type { TrafficPolicy } from "../policy/traffic_policy.ts";
import { type BufferPool, CopyBuffer } from "./copy_buffer.ts";
import type { Socket } from "./net.ts";
import { throttle } from "./throttle.ts";

/** Told after every write how many bytes have reached the destination's socket. */
export type Count = (bytes: number) => void;

export interface RelayOptions {
  readonly outside: Socket;
  readonly target: Socket;
  readonly buffers: BufferPool;
  /** Asked before every chunk, so that caps and quotas hold from the moment they are set. */
  readonly policy: TrafficPolicy;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly countIn: Count;
  readonly countOut: Count;
}

/**
 * Copies both ways until both sides have ended their streams. Each end is passed on at once; the
 * other direction goes on for as long as its peers like. At most one buffer per direction is read
 * ahead of the slower side. A quota that is used up ends both directions, after a moment also one
 * in which nothing moves.
 *
 * The first failure of either direction, and `signal`, close both sockets. In any case the promise
 * settles only when nothing uses them any more.
 *
 * @throws the first I/O error, or the signal's reason
 */
export async function relay(options: RelayOptions): Promise<void> {
  const { outside, target, policy, clock, signal, countIn, countOut } = options;
  const abort = () => {
    outside[Symbol.dispose]();
    target[Symbol.dispose]();
  };
  let failure: unknown = null;
  using exhaustion = new DisposableStack();
  // A direction that is blocked in a read does not see by itself that there is nothing left to pass.
  exhaustion.use(policy.onExhausted(() => {
    exhaustion.use(clock.timer(FORWARD.exhaustedGraceMs, () => {
      if (!policy.isExhausted) return;
      failure = new Error("quota_exhausted");
      abort();
    }));
  }));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  const directions = [
    copy({ ...options, direction: "in", source: outside, destination: target, count: countIn }),
    copy({ ...options, direction: "out", source: target, destination: outside, count: countOut }),
  ];
  try {
    await Promise.all(directions);
  } catch (error) {
    abort();
    await Promise.allSettled(directions);
    throw signal.aborted ? signal.reason : failure ?? error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function copy(
  options: Omit<RelayOptions, "outside" | "target" | "countIn" | "countOut"> & {
    readonly direction: Direction;
    readonly source: Socket;
    readonly destination: Socket;
    readonly count: Count;
  },
): Promise<void> {
  const { source, destination, direction, policy, count } = options;
  using buffer = new CopyBuffer(options.buffers);
  while (!policy.isExhausted) {
    const length = await source.read(
      policy.isThrottled(direction)
        ? buffer.bytes.subarray(0, policy.chunkBytes(direction))
        : buffer.bytes,
    );
    if (length === null || !policy.spend(length)) break;
    if (policy.isThrottled(direction)) await throttle(policy, { ...options, bytes: length });
    for (let start = 0; start < length;) {
      const written = await destination.write(buffer.bytes.subarray(start, length));
      start += written;
      count(written);
    }
    buffer.adapt(length);
  }
  await endStream(destination);
}

/** Sends the end of the stream, if the peer is still there to hear it. */
export async function endStream(socket: Socket): Promise<void> {
  try {
    await socket.closeWrite();
  } catch {
    // The peer is gone already, and needs no end of stream. The other direction will notice.
  }
}
