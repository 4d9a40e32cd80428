/**
 * One forwarded TCP connection, from its admission to its end.
 *
 * @module
 */

import { formatSocketAddress, unmapIpv4 } from "../../core/address.ts";
import { errorText } from "../../core/errors.ts";
import type { LogFields } from "../../core/log.ts";
import type { Socket } from "./net.ts";
import { type Count, endStream, relay } from "./relay.ts";
import type { TcpPort } from "./tcp_context.ts";
import { AllTargetsFailed, connectUpstream, type Upstream } from "./tcp_upstream.ts";

/** A connection that was let in. */
export interface Inbound {
  readonly inbound: Socket;
  readonly port: TcpPort;
  /** What was read of it already, if anything. */
  readonly preRead: Uint8Array | null;
}

/** A connection and its task. */
export class TcpConnection {
  readonly #inbound: Socket;
  readonly #port: TcpPort;
  readonly #preRead: Uint8Array | null;
  readonly #abort = new AbortController();

  constructor({ inbound, port, preRead }: Inbound) {
    this.#inbound = inbound;
    this.#port = port;
    this.#preRead = preRead;
  }

  /** Dials a target and relays. Resolves, never rejects, when both sockets are closed. */
  async run(): Promise<void> {
    try {
      const totals = await this.#forward();
      this.#log(this.#port.context.isListed ? "info" : "debug", "rule.conn_closed", totals);
    } catch (error) {
      if (error instanceof AllTargetsFailed) {
        const fields = { target_count: error.targetCount };
        this.#log("warn", "rule.conn_error_all_targets_failed", fields);
      } else {
        this.#log("warn", "rule.conn_error", { error: errorText(error) });
      }
    }
  }

  /** Ends the connection, or the dial for it, now. */
  cut(): void {
    this.#abort.abort(new Error("proxy_cancelled"));
  }

  async #forward(): Promise<LogFields> {
    using outside = this.#inbound;
    try {
      const upstream = await connectUpstream(outside, this.#port, this.#abort.signal);
      return await this.#relay(outside, upstream);
    } catch (error) {
      if (error instanceof AllTargetsFailed) await endStream(outside);
      throw error;
    }
  }

  async #relay(outside: Socket, upstream: Upstream): Promise<LogFields> {
    const { target } = upstream;
    using socket = upstream.socket;
    disableNagle(outside);
    disableNagle(socket);
    const port = this.#port;
    const { environment: { buffers, clock }, policy } = port.context;
    const totals = { bytes_in: 0, bytes_out: 0 };
    const countIn = (bytes: number) => {
      totals.bytes_in += bytes;
      port.bytesIn += bytes;
      target.countIn(bytes);
    };
    port.activeConnections += 1;
    try {
      if (this.#preRead !== null) await this.#replay(this.#preRead, socket, countIn);
      await relay({
        outside,
        target: socket,
        buffers,
        policy,
        clock,
        signal: this.#abort.signal,
        countIn,
        countOut: (bytes) => {
          totals.bytes_out += bytes;
          port.bytesOut += bytes;
          target.countOut(bytes);
        },
      });
      return totals;
    } finally {
      port.activeConnections -= 1;
    }
  }

  /** Sends what was read before there was a target. Caps and quotas do not count it. */
  async #replay(preRead: Uint8Array, socket: Socket, count: Count): Promise<void> {
    const { signal } = this.#abort;
    const cut = () => socket[Symbol.dispose]();
    signal.addEventListener("abort", cut);
    try {
      for (let rest = preRead; rest.length > 0;) {
        const written = await socket.write(rest);
        rest = rest.subarray(written);
        count(written);
      }
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  #log(level: "debug" | "info" | "warn", event: string, fields: LogFields): void {
    logConnection(this.#port, this.#inbound, { level, event, fields });
  }
}

/** Logs what happened to a connection that came in on `port`. */
export function logConnection(
  { context: { environment: { logger }, ruleId }, listenPort }: TcpPort,
  { remoteAddr: { hostname, port } }: Socket,
  { level, event, fields }: {
    readonly level: "debug" | "info" | "warn";
    readonly event: string;
    readonly fields: LogFields;
  },
): void {
  if (!logger.enabled(level)) return;
  logger.log(level, event, {
    rule_id: `${ruleId}`,
    listen_port: listenPort,
    peer: formatSocketAddress({ host: unmapIpv4(hostname), port }),
    ...fields,
  });
}

/** Makes small writes go out at once. */
function disableNagle(socket: Socket): void {
  try {
    socket.setNoDelay();
  } catch {
    // A socket that died meanwhile refuses. The relay will find out, and say so.
  }
}
