/**
 * One forwarded TCP connection, from its acceptance to its end.
 *
 * @module
 */

import { formatSocketAddress, hostLiteral, unmapIpv4 } from "../../core/address.ts";
import { errorText } from "../../core/errors.ts";
import type { LogFields } from "../../core/log.ts";
import { ResolveError } from "../resolver.ts";
import { AddressesUnreachable, dial, type Target } from "./dial.ts";
import type { Environment } from "./environment.ts";
import type { Socket } from "./net.ts";
import { relay } from "./relay.ts";

/** What the connections of one listen port share. */
export interface TcpPort {
  readonly listenPort: number;
  readonly target: Target;
  readonly environment: Environment;
  /** Called for what `dns_failures` counts. */
  readonly onDnsFailure: () => void;
  bytesIn: number;
  bytesOut: number;
  activeConnections: number;
}

/** A connection and its task. */
export class TcpConnection {
  readonly #inbound: Socket;
  readonly #port: TcpPort;
  readonly #abort = new AbortController();

  constructor(inbound: Socket, port: TcpPort) {
    this.#inbound = inbound;
    this.#port = port;
  }

  /** Dials the target and relays. Resolves, never rejects, when both sockets are closed. */
  async run(): Promise<void> {
    try {
      const totals = await this.#forward();
      this.#log("debug", "rule.conn_closed", totals);
    } catch (error) {
      this.#log("warn", "rule.conn_error", { error: errorText(error) });
    }
  }

  /** Ends the connection, or the dial for it, now. */
  cut(): void {
    this.#abort.abort(new Error("proxy_cancelled"));
  }

  async #forward(): Promise<LogFields> {
    using outside = this.#inbound;
    using target = await this.#dial();
    disableNagle(outside);
    disableNagle(target);
    const port = this.#port;
    const totals = { bytes_in: 0, bytes_out: 0 };
    port.activeConnections += 1;
    try {
      await relay({
        outside,
        target,
        buffers: port.environment.buffers,
        signal: this.#abort.signal,
        countIn: (bytes) => {
          totals.bytes_in += bytes;
          port.bytesIn += bytes;
        },
        countOut: (bytes) => {
          totals.bytes_out += bytes;
          port.bytesOut += bytes;
        },
      });
      return totals;
    } finally {
      port.activeConnections -= 1;
    }
  }

  async #dial(): Promise<Socket> {
    const { target, environment, onDnsFailure } = this.#port;
    try {
      const { socket, stale } = await dial(target, environment, this.#abort.signal);
      if (stale) onDnsFailure();
      return socket;
    } catch (error) {
      const fields = dnsFailureFields(error);
      if (fields !== null) {
        onDnsFailure();
        environment.logger.warn("rule.dns_failed", {
          rule_id: `${target.ruleId}`,
          hostname: hostLiteral(target.host),
          ...fields,
        });
      }
      throw error;
    }
  }

  #log(level: "debug" | "warn", event: string, fields: LogFields): void {
    const { environment: { logger }, target, listenPort } = this.#port;
    if (!logger.enabled(level)) return;
    const { hostname, port } = this.#inbound.remoteAddr;
    logger.log(level, event, {
      rule_id: `${target.ruleId}`,
      listen_port: listenPort,
      peer: formatSocketAddress({ host: unmapIpv4(hostname), port }),
      ...fields,
    });
  }
}

/** What `rule.dns_failed` tells of a failed dial; `null` when the name was not the problem. */
function dnsFailureFields(error: unknown): LogFields | null {
  if (error instanceof ResolveError) return { reason: error.reason, detail: error.detail };
  if (error instanceof AddressesUnreachable) {
    return { reason: "all_addrs_unreachable", tried: error.tried, last_error: error.lastError };
  }
  return null;
}

/** Makes small writes go out at once. */
function disableNagle(socket: Socket): void {
  try {
    socket.setNoDelay();
  } catch {
    // A socket that died meanwhile refuses. The relay will find out, and say so.
  }
}
