/**
 * One UDP flow: the datagrams of one source on one listen port, and the replies to them.
 *
 * @module
 */

import { sleep } from "../../core/clock.ts";
import { errorText } from "../../core/errors.ts";
import { FORWARD } from "../../core/limits.ts";
import type { LogFields, LogLevel } from "../../core/log.ts";
import type { Direction } from "../policy/meter.ts";
import { DatagramQueue } from "./datagram_queue.ts";
import { codeOf, datagramProblem } from "./os_error.ts";
import type { Packet } from "./packet.ts";
import { logEvent } from "./rule_log.ts";
import type { UdpContext, UdpPort } from "./udp_context.ts";
import { dialUdp, type UdpDial, type Upstream, upstreamFields } from "./udp_dial.ts";
import { type DatagramEndpoint, type DatagramSocket, endpointText } from "./udp_net.ts";
import { UdpPath } from "./udp_path.ts";
import { receiveAll, type Receiver } from "./udp_receive.ts";
import type { AdmittedFlow, RuleFlow } from "./udp_transport.ts";

/** What a flow is made of. */
export interface UdpFlowOptions extends AdmittedFlow {
  readonly source: DatagramEndpoint;
  /** The socket that the source sends to: replies leave from it. */
  readonly listener: DatagramSocket;
  readonly port: UdpPort;
  readonly context: UdpContext;
}

/** A flow, from its first datagram to its end. */
export class UdpFlow implements RuleFlow, Receiver, UdpDial<DatagramSocket> {
  readonly source: DatagramEndpoint;
  readonly context: UdpContext;
  readonly port: UdpPort;
  readonly #options: UdpFlowOptions;
  readonly #queue: DatagramQueue;
  readonly #outward: UdpPath;
  readonly #ended = Promise.withResolvers<null>();
  /** Where the flow sends, or tries to. */
  #upstream: Upstream<DatagramSocket> | null = null;
  /** Set once the first datagram is on its way. */
  #inward: UdpPath | null = null;
  #isEnded = false;
  #isAnswered = false;
  #lastActiveAt: number;
  readonly #totals = { bytes_in: 0, bytes_out: 0, datagrams_in: 0, datagrams_out: 0 };

  constructor(options: UdpFlowOptions) {
    const { source, context, port, listener } = options;
    this.source = source;
    this.context = context;
    this.port = port;
    this.#options = options;
    this.#queue = new DatagramQueue(context.queueBudget);
    this.#lastActiveAt = context.environment.clock.monotonic();
    this.#outward = new UdpPath(listener, source, {
      sent: (bytes) => this.#deliveredOut(bytes),
      failed: (error) => this.#replyFailed(error),
    });
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get ended(): Promise<null> {
    return this.#ended.promise;
  }

  /** What tells the flow from others in the log. */
  get fields(): LogFields {
    return { listen_port: this.port.listenPort, source: endpointText(this.source) };
  }

  /** Whether nothing was delivered either way since `time` of the clock's monotonic time. */
  isIdleSince(time: number): boolean {
    return this.#inward !== null && this.#lastActiveAt < time;
  }

  /** Finds a target and forwards until the flow ends, which it does when there is no target. */
  async run(): Promise<void> {
    const { targets, environment: { packets } } = this.context;
    const upstream = await dialUdp(targets.order(this.port.targetPort), this);
    if (upstream === null || this.#isEnded) return this.end();
    this.#logOpened(upstream);
    this.#inward = new UdpPath(upstream.socket, upstream.to, {
      sent: (bytes) => this.#deliveredIn(bytes),
      failed: (error) => this.#sendFailed(error),
    });
    this.#sendQueued(this.#inward);
    await receiveAll(upstream.socket, packets, this);
  }

  /** Takes `data` from the source, a part of `packet`, which is the flow's from now on. */
  offer(packet: Packet, data: Uint8Array<ArrayBuffer>): void {
    if (this.#inward !== null) {
      this.#forward(this.#inward, "in", packet, data);
      return;
    }
    if (!this.#queue.push(data)) {
      this.context.errors.flows_pending_drops += 1;
      this.#log("debug", "rule.udp_flow_pending_drop");
    }
    packet.giveBack();
  }

  open(hostname: string): DatagramSocket {
    return this.context.environment.datagrams.bind({ hostname, port: 0 });
  }

  async attempt(upstream: Upstream<DatagramSocket>): Promise<void> {
    this.#upstream = upstream;
    const data = this.#queue.peek();
    if (data === undefined) return;
    try {
      const { socket, to } = upstream;
      if (this.#allows("in", data.length)) this.#deliveredIn(await socket.send(data, to));
    } catch (error) {
      const problem = datagramProblem(codeOf(error));
      if (problem === "unreachable" || problem === "other") throw error;
      this.#sendFailed(error);
    }
    this.#queue.shift();
  }

  received(packet: Packet, data: Uint8Array<ArrayBuffer>, from: DatagramEndpoint): void {
    const { to, target } = this.#upstream ?? {};
    if (this.#isEnded || from.port !== to?.port || from.hostname !== to.hostname) {
      packet.giveBack();
      return;
    }
    if (!this.#isAnswered) target?.answered();
    this.#isAnswered = true;
    this.#forward(this.#outward, "out", packet, data);
  }

  async receiveFailed(error: unknown): Promise<void> {
    if (datagramProblem(codeOf(error)) === "unreachable") {
      this.#evict("receive", error);
      return;
    }
    this.#log("warn", "rule.udp_reply_recv_error", { error: errorText(error) });
    const { environment: { clock }, closing } = this.context;
    await sleep(clock, FORWARD.udpReceiveRetryMs, closing).catch(() => undefined);
  }

  /** Ends the flow because it was idle. */
  expire(): void {
    this.#log("info", "rule.udp_flow_closed_idle");
    this.end();
  }

  /** Forgets the flow, whatever is under way. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#ended.resolve(null);
    this.#queue.clear();
    this.#upstream?.socket[Symbol.dispose]();
    this.#options.hold[Symbol.dispose]();
    this.#options.onEnd(this);
    const isOfList = this.#upstream?.target.index !== null;
    if (this.#inward !== null && isOfList) this.#log("info", "rule.udp_flow_closed", this.#totals);
  }

  /** Sends what came while the target was looked for, ahead of what comes next. */
  #sendQueued(path: UdpPath): void {
    for (let data = this.#queue.peek(); data !== undefined; data = this.#queue.peek()) {
      const packet = this.context.environment.packets.take();
      packet.bytes.set(data);
      this.#queue.shift();
      this.#forward(path, "in", packet, packet.bytes.subarray(0, data.length));
    }
  }

  #forward(
    path: UdpPath,
    direction: Direction,
    packet: Packet,
    data: Uint8Array<ArrayBuffer>,
  ): void {
    if (this.#allows(direction, data.length)) {
      if (path.send(packet, data)) return;
      this.#wouldBlock(direction);
    }
    packet.giveBack();
  }

  /** Whether caps and quota let a datagram pass. */
  #allows(direction: Direction, bytes: number): boolean {
    const { policy, errors } = this.context;
    if (policy.isExhausted) return false;
    if (policy.allow(direction, bytes)) return true;
    errors[direction === "in" ? "bandwidth_dropped_in" : "bandwidth_dropped_out"] += 1;
    return false;
  }

  #deliveredIn(bytes: number): void {
    this.port.bytesIn += bytes;
    this.port.datagramsIn += 1;
    this.#totals.bytes_in += bytes;
    this.#totals.datagrams_in += 1;
    this.#upstream?.target.countIn(bytes);
    this.#delivered(bytes);
  }

  #deliveredOut(bytes: number): void {
    this.port.bytesOut += bytes;
    this.port.datagramsOut += 1;
    this.#totals.bytes_out += bytes;
    this.#totals.datagrams_out += 1;
    this.#upstream?.target.countOut(bytes);
    this.#delivered(bytes);
  }

  #delivered(bytes: number): void {
    this.#lastActiveAt = this.context.environment.clock.monotonic();
    this.context.policy.debit(bytes);
  }

  #sendFailed(error: unknown): void {
    if (this.#isEnded) return;
    const problem = datagramProblem(codeOf(error));
    switch (problem) {
      case "unreachable":
        return this.#evict("send", error);
      case "too_big":
        return this.#tooBig();
      case "would_block":
        return this.#wouldBlock("in");
      case "other":
        this.context.errors.send_dropped += 1;
        return;
      default:
        return problem satisfies never;
    }
  }

  #replyFailed(error: unknown): void {
    if (this.context.closing.aborted) return;
    const problem = datagramProblem(codeOf(error));
    if (problem === "too_big") this.#tooBig();
    else if (problem === "would_block") this.#wouldBlock("out");
    else this.#log("warn", "rule.udp_reply_send_failed", { error: errorText(error) });
  }

  #tooBig(): void {
    this.context.errors.emsgsize += 1;
    this.#log("debug", "rule.udp_emsgsize");
  }

  #wouldBlock(direction: Direction): void {
    this.context.errors.wouldblock += 1;
    if (direction === "in") this.#log("debug", "rule.udp_upstream_wouldblock");
    else this.#log("trace", "rule.udp_reply_wouldblock");
  }

  /** Ends the flow because its target is not there: the next datagram makes a new one. */
  #evict(phase: "send" | "receive", error: unknown): void {
    const upstream = this.#upstream;
    if (this.#isEnded || upstream === null) return;
    this.context.errors.icmp_evict += 1;
    upstream.target.refused();
    const target = endpointText(upstream.to);
    this.#log("info", "rule.udp_flow_evicted_icmp", { target, phase, error: errorText(error) });
    this.end();
  }

  #logOpened(upstream: Upstream<DatagramSocket>): void {
    this.#log("info", "rule.udp_flow_opened", upstreamFields(upstream));
  }

  #log(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (!this.context.environment.logger.enabled(level)) return;
    logEvent(this.context, level, event, { ...this.fields, ...fields });
  }
}
