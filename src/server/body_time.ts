/**
 * How long the body of a request may take. `node:http` knows one time for all of them; uploads may
 * take any time in all, as long as something comes.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { DecodeError } from "../api/http.ts";
import type { Clock } from "../core/clock.ts";

const TOO_LATE = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

export interface BodyTime {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeoutMs: number;
}

/** Cuts a request whose body is not over in time. One that is over, or cut, is left alone. */
export function limitBody(message: IncomingMessage, { clock, timeoutMs }: BodyTime): void {
  if (message.complete) return;
  const timer = clock.timer(timeoutMs, () => {
    if (!message.complete) cut(message);
  });
  const { socket } = message;
  const done = () => {
    timer[Symbol.dispose]();
    // A connection outlives its requests, and must not remember each of them.
    socket.off("close", done);
  };
  message.once("end", done);
  message.once("close", done);
  socket.once("close", done);
}

/**
 * The body as it comes in. With `idle` each piece of it has that long to come; time in which nobody
 * asks for one does not count.
 */
export async function* chunksOf(
  message: IncomingMessage,
  idle: BodyTime | null,
): AsyncGenerator<Uint8Array> {
  // The connection must outlive a handler that does not want the rest: there is an answer to send.
  const chunks = message.iterator({ destroyOnReturn: false });
  try {
    while (true) {
      const timer = idle?.clock.timer(idle.timeoutMs, () => cut(message));
      const { done, value } = await chunks.next();
      timer?.[Symbol.dispose]();
      if (done) return;
      yield new Uint8Array(value);
    }
  } catch {
    throw new DecodeError(408, "The request body did not arrive in time");
  } finally {
    await chunks.return?.();
  }
}

/** Says why, and closes the connection. */
function cut(message: IncomingMessage): void {
  message.socket.end(TOO_LATE, () => message.destroy());
}
