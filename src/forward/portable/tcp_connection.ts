/**
 * One forwarded TCP connection, from its admission to its end.
 *
 * @module
 */

import { formatSocketAddress, unmapIpv4 } from "../../core/address.ts";
import { errorText } from "../../core/errors.ts";
import type { LogFields } from "../../core/log.ts";
import type { Socket } from "./net.ts";
import { endStream, Relay, type Relaying, type RelayOptions, type Tally } from "./relay.ts";
import { logEvent } from "./rule_log.ts";
import type { TcpPort } from "./tcp_context.ts";
import {
  AllTargetsFailed,
  connectUpstream,
  type FirstDial,
  type Upstream,
} from "./tcp_upstream.ts";

const relayHere = (options: RelayOptions): Relaying => new Relay(options);

/** A connection that was let in. */
export interface Inbound {
  readonly inbound: Socket;
  readonly port: TcpPort;
  /** What was read of it already, if anything. */
  readonly preRead: Uint8Array | null;
  /** A dial for it that began already. */
  readonly first?: FirstDial | null;
  /** Its admission, which ends with it. */
  readonly hold: Disposable;
}

/** A connection and its task. */
export class TcpConnection implements Tally {
  readonly #inbound: Socket;
  readonly #port: TcpPort;
  readonly #hold: Disposable;
  /** Only while a target is being connected to. */
  #dialing: AbortController | null = new AbortController();
  #preRead: Uint8Array | null;
  #first: FirstDial | null;
  #upstream: Upstream | null = null;
  #relay: Relaying | null = null;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor({ inbound, port, preRead, first = null, hold }: Inbound) {
    this.#inbound = inbound;
    this.#port = port;
    this.#preRead = preRead;
    this.#first = first;
    this.#hold = hold;
  }

  /**
   * Dials a target and relays. Resolves, never rejects, when both sockets are closed.
   *
   * @param ended called then, too
   */
  async run(ended: (connection: TcpConnection) => void): Promise<void> {
    try {
      const relay = await this.#connect();
      this.#port.activeConnections += 1;
      try {
        await relay.run();
      } finally {
        this.#port.activeConnections -= 1;
      }
      this.#close();
      this.#logClosed();
    } catch (error) {
      if (error instanceof AllTargetsFailed) await endStream(this.#inbound);
      this.#close();
      this.#logFailed(error);
    }
    this.#hold[Symbol.dispose]();
    ended(this);
  }

  /** Ends the connection, or the dial for it, now. */
  cut(): void {
    const reason = new Error("proxy_cancelled");
    this.#dialing?.abort(reason);
    this.#relay?.abort(reason);
  }

  countIn(bytes: number): void {
    this.#bytesIn += bytes;
    this.#port.bytesIn += bytes;
    this.#upstream?.target.countIn(bytes);
  }

  countOut(bytes: number): void {
    this.#bytesOut += bytes;
    this.#port.bytesOut += bytes;
    this.#upstream?.target.countOut(bytes);
  }

  async #connect(): Promise<Relaying> {
    const { signal } = this.#dialing ??= new AbortController();
    const { environment: { memory, clock, createRelay = relayHere }, policy } = this.#port.context;
    const first = this.#first;
    this.#first = null;
    const upstream = await connectUpstream(this.#inbound, this.#port, { signal, first });
    this.#dialing = null;
    disableNagle(this.#inbound);
    disableNagle(upstream.socket);
    const relay = createRelay({
      outside: this.#inbound,
      target: upstream.socket,
      preRead: this.#preRead,
      memory,
      policy,
      clock,
      tally: this,
    });
    this.#upstream = upstream;
    this.#relay = relay;
    this.#preRead = null;
    // It may have been cut at the moment the dial was over.
    if (signal.aborted) relay.abort(signal.reason);
    return relay;
  }

  #close(): void {
    this.#inbound[Symbol.dispose]();
    this.#upstream?.socket[Symbol.dispose]();
  }

  #logFailed(error: unknown): void {
    if (!(error instanceof AllTargetsFailed)) return logError(this.#port, this.#inbound, error);
    logConnection(this.#port, this.#inbound, {
      level: "warn",
      event: "rule.conn_error_all_targets_failed",
      fields: { target_count: error.targetCount },
    });
  }

  #logClosed(): void {
    logClosed(this.#port, this.#inbound, { bytesIn: this.#bytesIn, bytesOut: this.#bytesOut });
  }
}

/** Logs that a connection ended by an error. */
export function logError(port: TcpPort, peer: Pick<Socket, "remoteAddr">, error: unknown): void {
  const fields = { error: errorText(error) };
  logConnection(port, peer, { level: "warn", event: "rule.conn_error", fields });
}

/** The level of the line about a connection that ended well. */
export function closedLevel({ isListed }: TcpPort["context"]): "info" | "debug" {
  return isListed ? "info" : "debug";
}

/** Logs that a connection ended well. */
export function logClosed(
  port: TcpPort,
  peer: Pick<Socket, "remoteAddr">,
  { bytesIn, bytesOut }: { readonly bytesIn: number; readonly bytesOut: number },
): void {
  logConnection(port, peer, {
    level: closedLevel(port.context),
    event: "rule.conn_closed",
    fields: { bytes_in: bytesIn, bytes_out: bytesOut },
  });
}

/** Logs what happened to a connection that came in on `port`. */
export function logConnection(
  { context, listenPort }: TcpPort,
  { remoteAddr: { hostname, port } }: Pick<Socket, "remoteAddr">,
  { level, event, fields }: {
    readonly level: "debug" | "info" | "warn";
    readonly event: string;
    readonly fields: LogFields;
  },
): void {
  if (!context.environment.logger.enabled(level)) return;
  logEvent(context, level, event, {
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
