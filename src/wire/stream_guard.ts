/**
 * What stands between Deno's HTTP/2 streams and grpc-js.
 *
 * @module
 */

import { EventEmitter } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { isVisibleAscii } from "./bearer.ts";

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: Record<string, unknown>,
  ...rest: unknown[]
) => void;

/**
 * Guards the streams of a grpc-js server against two things that a client can do.
 *
 * A stream that was reset right after it was opened makes grpc-js throw out of an event handler,
 * which ends the process. And a bearer that is not visible ASCII is dropped by grpc-js before
 * anybody sees it: here it becomes one that is refused as malformed, which a missing one is not.
 *
 * grpc-js shows neither raw headers nor streams, so this reaches for the HTTP/2 servers it keeps.
 * Call it when they are all there.
 */
export function guardStreams(server: Server): void {
  const http2Servers: unknown = Reflect.get(server, "http2Servers");
  if (!(http2Servers instanceof Map)) throw new TypeError("grpc-js keeps its servers elsewhere");
  for (const http2Server of http2Servers.keys()) {
    if (!(http2Server instanceof EventEmitter)) continue;
    for (const listener of http2Server.listeners("stream")) {
      http2Server.removeListener("stream", listener);
      http2Server.on("stream", guarded(listener.bind(http2Server)));
    }
  }
}

function guarded(listener: StreamListener): StreamListener {
  return (stream, headers, ...rest) => {
    // An error of the connection is one of each stream on it; grpc-js listens to the first alone.
    stream.on("error", () => {});
    const bearer = headers.authorization;
    if (typeof bearer === "string" && !isVisibleAscii(bearer)) headers.authorization = "";
    try {
      if (!stream.destroyed) listener(stream, headers, ...rest);
    } catch {
      // The stream ended while grpc-js was at it; nobody is left to be told.
      stream.destroy();
    }
  };
}
