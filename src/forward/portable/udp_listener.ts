/**
 * A listening UDP socket: finds the flow of each datagram, or has one made.
 *
 * @module
 */

import { sleep } from "../../core/clock.ts";
import { errorText } from "../../core/errors.ts";
import { FORWARD } from "../../core/limits.ts";
import { FlowIndex } from "./flow_index.ts";
import type { Packet } from "./packet.ts";
import { logEvent } from "./rule_log.ts";
import type { UdpContext, UdpPort } from "./udp_context.ts";
import { UdpFlow } from "./udp_flow.ts";
import type { DatagramEndpoint, DatagramSocket } from "./udp_net.ts";
import { receiveAll, type Receiver } from "./udp_receive.ts";
import type { ListenerOptions, OpenFlow, RuleListener } from "./udp_transport.ts";

/** One of a rule's listening sockets, with the flows that came in on it. */
export class UdpListener implements Receiver, RuleListener {
  readonly socket: DatagramSocket;
  readonly port: UdpPort;
  readonly #context: UdpContext;
  readonly #openFlow: OpenFlow;
  readonly #flows = new FlowIndex<UdpFlow>();

  constructor(options: ListenerOptions & { readonly socket: DatagramSocket }) {
    this.socket = options.socket;
    this.port = options.port;
    this.#context = options.context;
    this.#openFlow = options.openFlow;
  }

  get isEnded(): boolean {
    return this.#context.closing.aborted;
  }

  /** Resolves when the rule is closed and nothing uses the socket any more. */
  async run(): Promise<void> {
    await receiveAll(this.socket, this.#context.environment.packets, this);
    logEvent(this.#context, "info", "rule.udp_listener_drained", {
      listen_port: this.port.listenPort,
    });
  }

  received(packet: Packet, data: Uint8Array<ArrayBuffer>, from: DatagramEndpoint): void {
    const flow = this.isEnded || this.#context.policy.isExhausted ? null : this.#flowOf(from);
    if (flow === null) packet.giveBack();
    else flow.offer(packet, data);
  }

  async receiveFailed(error: unknown): Promise<void> {
    logEvent(this.#context, "warn", "rule.udp_listener_recv_failed", {
      listen_port: this.port.listenPort,
      error: errorText(error),
    });
    const { environment: { clock }, closing } = this.#context;
    await sleep(clock, FORWARD.udpReceiveRetryMs, closing).catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }

  #flowOf(source: DatagramEndpoint): UdpFlow | null {
    const known = this.#flows.get(source);
    if (known !== undefined) return known;
    const { port, socket: listener } = this;
    const flow = this.#openFlow(source, port, ({ hold, onEnd }) =>
      new UdpFlow({
        source,
        listener,
        port,
        context: this.#context,
        hold,
        onEnd: (flow) => {
          onEnd(flow);
          // The next datagram from the same source makes a new flow.
          this.#flows.delete(source);
        },
      }));
    if (flow !== null) this.#flows.set(source, flow);
    return flow;
  }
}
