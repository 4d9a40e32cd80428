/**
 * The seam between UDP rules and the engine that moves their datagrams.
 *
 * A rule decides which flows there are and where they go; what listens for datagrams and passes
 * them on is the engine's.
 *
 * @module
 */

import type { PortRange } from "../../core/ports.ts";
import type { Bound } from "./bind.ts";
import type { Endpoint } from "./net.ts";
import type { UdpContext, UdpPort } from "./udp_context.ts";
import type { DatagramEndpoint } from "./udp_net.ts";

/** A flow as its rule sees it. */
export interface RuleFlow {
  /** Finds a target and forwards. Resolves when the flow has ended. */
  run(): Promise<void>;
  /** Forgets the flow, whatever is under way. */
  end(): void;
  /** Ends the flow because it was idle. */
  expire(): void;
  /** Whether nothing was delivered either way since `time` of the clock's monotonic time. */
  isIdleSince(time: number): boolean;
}

/** What goes with the permission to make a flow. */
export interface AdmittedFlow {
  /** Its place under the caps. Disposed of when the flow ends. */
  readonly hold: Disposable;
  /** To be called once, when the flow ends. */
  readonly onEnd: (flow: RuleFlow) => void;
}

/** Lets the rule admit a flow and run it; `null` when there must not be another one. */
export type OpenFlow = <F extends RuleFlow>(
  source: DatagramEndpoint,
  port: UdpPort,
  create: (admitted: AdmittedFlow) => F,
) => F | null;

/** Whom a listening socket works for. */
export interface ListenerOptions {
  readonly port: UdpPort;
  readonly context: UdpContext;
  readonly openFlow: OpenFlow;
}

/** A listening socket at work. Disposing closes it. */
export interface RuleListener extends Disposable {
  /** Resolves when the rule is closed and nothing uses the socket any more. */
  run(): Promise<void>;
  /**
   * Receives no more, and still sends what targets reply. Resolves when that is so. Absent where no
   * other process can have the socket.
   */
  retire?(): Promise<void>;
}

/** A bound socket that nobody reads yet. Disposing closes it. */
export interface Entrance extends Disposable {
  readonly addr: Endpoint;
  /** Sets it to work; it is the listener's from now on. */
  serve(options: ListenerOptions): RuleListener;
}

/** What UDP rules listen with. */
export interface UdpTransport {
  /** Binds every UDP port of `range`, for both families. On a failure nothing stays bound. */
  bind(range: PortRange): Bound<Entrance>;
}
