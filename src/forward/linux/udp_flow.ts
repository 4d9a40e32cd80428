/**
 * A UDP flow whose datagrams a Worker passes on.
 *
 * @module
 */

import { sleep } from "../../core/clock.ts";
import { errorText } from "../../core/errors.ts";
import { FORWARD } from "../../core/limits.ts";
import type { LogFields, LogLevel } from "../../core/log.ts";
import { logEvent } from "../portable/rule_log.ts";
import type { UdpContext, UdpPort } from "../portable/udp_context.ts";
import { dialUdp, type UdpDial, type Upstream, upstreamFields } from "../portable/udp_dial.ts";
import { type DatagramEndpoint, endpointText } from "../portable/udp_net.ts";
import type { AdmittedFlow, RuleFlow } from "../portable/udp_transport.ts";
import { SystemError } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import type { FlowTotals } from "./udp_counts.ts";
import type { UdpFlowSink, UdpLink } from "./udp_link.ts";
import { NOTICE } from "./udp_protocol.ts";
import { UdpSocket } from "./udp_socket.ts";

/** What a flow is made of. */
export interface WorkerFlowOptions extends Omit<AdmittedFlow, "onEnd"> {
  readonly source: DatagramEndpoint;
  readonly port: UdpPort;
  readonly context: UdpContext;
  readonly libc: Libc;
  readonly link: UdpLink;
  /** Its number at the Worker. */
  readonly flow: number;
  /** Called once, when the flow ends. */
  readonly onEnd: (flow: WorkerFlow) => void;
}

/** Finds a target for a flow, then watches over it. */
export class WorkerFlow implements RuleFlow, UdpFlowSink, UdpDial<UdpSocket> {
  readonly context: UdpContext;
  readonly #options: WorkerFlowOptions;
  readonly #link: UdpLink;
  /** `null` when the Worker knows of it no more. */
  #flow: number | null;
  #upstream: Upstream<UdpSocket> | null = null;
  readonly #ended = Promise.withResolvers<null>();
  #isEnded = false;
  #isOpen = false;
  readonly #totals: FlowTotals = { bytesIn: 0, bytesOut: 0, datagramsIn: 0, datagramsOut: 0 };
  /** What the Worker had counted when it was last looked for, and when that was. */
  #activity = 0;
  #activeUntil: number;

  constructor(options: WorkerFlowOptions) {
    this.context = options.context;
    this.#options = options;
    this.#link = options.link;
    this.#flow = options.flow;
    this.#activeUntil = this.context.environment.clock.monotonic();
    this.#link.adopt(options.flow, this);
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get ended(): Promise<null> {
    return this.#ended.promise;
  }

  get fields(): LogFields {
    const { port, source } = this.#options;
    return { listen_port: port.listenPort, source: endpointText(source) };
  }

  /**
   * The Worker has no time of its own to note: that something was delivered since the last question
   * shows in its counts. So a flow may live for one sweep longer, and never less.
   */
  isIdleSince(time: number): boolean {
    if (!this.#isOpen || this.#flow === null) return false;
    const activity = this.#link.activity(this.#flow);
    if (activity !== this.#activity) {
      this.#activity = activity;
      this.#activeUntil = this.context.environment.clock.monotonic();
    }
    return this.#activeUntil <= time;
  }

  async run(): Promise<void> {
    const { targets } = this.context;
    const upstream = await dialUdp(targets.order(this.#options.port.targetPort), this);
    if (upstream === null || this.#isEnded || this.#flow === null) return this.end();
    this.#log("info", "rule.udp_flow_opened", () => upstreamFields(upstream));
    this.#isOpen = true;
    this.#link.open(this.#flow, upstream.socket.release(), upstream.target.index !== null);
    await this.#ended.promise;
  }

  open(hostname: string): UdpSocket {
    return UdpSocket.open(hostname, this.#options.libc);
  }

  /** The first datagram is with the Worker; the socket tells already whether there is a way. */
  // deno-lint-ignore require-await -- fails as a promise does
  async attempt(upstream: Upstream<UdpSocket>): Promise<void> {
    this.#upstream = upstream;
    upstream.socket.connect(upstream.to);
  }

  answered(): void {
    this.#upstream?.target.answered();
  }

  receiveFailed(errno: number): void {
    const { environment: { clock }, closing } = this.context;
    const error = errorText(new SystemError(errno));
    this.#log("warn", "rule.udp_reply_recv_error", () => ({ error }));
    const resume = () => {
      if (this.#flow !== null) this.#link.resumeFlow(this.#flow);
    };
    void sleep(clock, FORWARD.udpReceiveRetryMs, closing).then(resume, () => undefined);
  }

  evicted(errno: number, phase: "send" | "receive"): void {
    const upstream = this.#upstream;
    if (this.#isEnded || upstream === null) return;
    this.context.errors.icmp_evict += 1;
    upstream.target.refused();
    this.#log("info", "rule.udp_flow_evicted_icmp", () => ({
      target: endpointText(upstream.to),
      phase,
      error: errorText(new SystemError(errno)),
    }));
    this.end();
  }

  noticed(notice: number, errno: number): void {
    switch (notice) {
      case NOTICE.pendingDrop:
        return this.#log("debug", "rule.udp_flow_pending_drop");
      case NOTICE.tooBig:
        return this.#log("debug", "rule.udp_emsgsize");
      case NOTICE.upstreamWouldBlock:
        return this.#log("debug", "rule.udp_upstream_wouldblock");
      case NOTICE.replyWouldBlock:
        return this.#log("trace", "rule.udp_reply_wouldblock");
      case NOTICE.replyFailed:
        return this.#log("warn", "rule.udp_reply_send_failed", () => ({
          error: errorText(new SystemError(errno)),
        }));
    }
  }

  workerGone(): void {
    this.count();
    this.#flow = null;
    this.end();
  }

  expire(): void {
    this.#log("info", "rule.udp_flow_closed_idle");
    this.end();
  }

  end(): void {
    if (this.#isEnded) return;
    this.count();
    this.#isEnded = true;
    this.#ended.resolve(null);
    if (!this.#isOpen) this.#upstream?.socket[Symbol.dispose]();
    if (this.#flow !== null) this.#link.end(this.#flow);
    this.#flow = null;
    this.#options.hold[Symbol.dispose]();
    this.#options.onEnd(this);
    if (this.#isOpen && this.#upstream?.target.index !== null) {
      const { bytesIn, bytesOut, datagramsIn, datagramsOut } = this.#totals;
      this.#log("info", "rule.udp_flow_closed", () => ({
        bytes_in: bytesIn,
        bytes_out: bytesOut,
        datagrams_in: datagramsIn,
        datagrams_out: datagramsOut,
      }));
    }
  }

  /** Counts what was delivered since the last time. */
  count(): void {
    if (this.#flow === null || !this.#isOpen) return;
    const totals = this.#totals;
    const { bytesIn, bytesOut, datagramsIn, datagramsOut } = totals;
    this.#link.read(this.#flow, totals);
    const { port } = this.#options;
    port.bytesIn += totals.bytesIn - bytesIn;
    port.bytesOut += totals.bytesOut - bytesOut;
    port.datagramsIn += totals.datagramsIn - datagramsIn;
    port.datagramsOut += totals.datagramsOut - datagramsOut;
    this.#upstream?.target.countIn(totals.bytesIn - bytesIn);
    this.#upstream?.target.countOut(totals.bytesOut - bytesOut);
  }

  #log(level: LogLevel, event: string, fields: () => LogFields = () => ({})): void {
    if (!this.context.environment.logger.enabled(level)) return;
    logEvent(this.context, level, event, { ...this.fields, ...fields() });
  }
}
