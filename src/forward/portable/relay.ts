/**
 * Moving bytes between two connected sockets.
 *
 * @module
 */

import { type BufferPool, CopyBuffer } from "./copy_buffer.ts";
import type { Socket } from "./net.ts";

/** Told after every write how many bytes have reached the destination's socket. */
export type Count = (bytes: number) => void;

/**
 * Copies both ways until both sides have ended their streams. Each end is passed on at once; the
 * other direction goes on for as long as its peers like. At most one buffer per direction is read
 * ahead of the slower side.
 *
 * The first failure of either direction, and `signal`, close both sockets. In any case the promise
 * settles only when nothing uses them any more.
 *
 * @throws the first I/O error, or the signal's reason
 */
export async function relay(options: {
  readonly outside: Socket;
  readonly target: Socket;
  readonly buffers: BufferPool;
  readonly signal: AbortSignal;
  readonly countIn: Count;
  readonly countOut: Count;
}): Promise<void> {
  const { outside, target, buffers, signal, countIn, countOut } = options;
  const abort = () => {
    outside[Symbol.dispose]();
    target[Symbol.dispose]();
  };
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  const directions = [
    copy(outside, target, buffers, countIn),
    copy(target, outside, buffers, countOut),
  ];
  try {
    await Promise.all(directions);
  } catch (error) {
    abort();
    await Promise.allSettled(directions);
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function copy(
  source: Socket,
  destination: Socket,
  buffers: BufferPool,
  count: Count,
): Promise<void> {
  using buffer = new CopyBuffer(buffers);
  while (true) {
    const length = await source.read(buffer.bytes);
    if (length === null) break;
    for (let start = 0; start < length;) {
      const written = await destination.write(buffer.bytes.subarray(start, length));
      start += written;
      count(written);
    }
    buffer.adapt(length);
  }
  await endStream(destination);
}

async function endStream(socket: Socket): Promise<void> {
  try {
    await socket.closeWrite();
  } catch {
    // The peer is gone already, and needs no end of stream. The other direction will notice.
  }
}
