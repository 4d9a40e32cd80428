/**
 * Listening for datagrams in Workers.
 *
 * @module
 */

import { sleep } from "../../core/clock.ts";
import { errorText } from "../../core/errors.ts";
import { FORWARD } from "../../core/limits.ts";
import type { PortRange } from "../../core/ports.ts";
import { bindAll, type Bound, wildcardAddresses } from "../portable/bind.ts";
import type { Endpoint } from "../portable/net.ts";
import { logEvent } from "../portable/rule_log.ts";
import type {
  Entrance,
  ListenerOptions,
  RuleListener,
  UdpTransport,
} from "../portable/udp_transport.ts";
import type { InheritedSockets } from "./inherited_sockets.ts";
import { SystemError } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import { decodeSockaddr } from "./native/sockaddr.ts";
import type { NamedSocket } from "./succession_channel.ts";
import { slotOf } from "./shared_meter.ts";
import { LOSSES } from "./udp_counts.ts";
import { WorkerFlow } from "./udp_flow.ts";
import type { UdpLink, UdpListenerSink } from "./udp_link.ts";
import { UdpSocket } from "./udp_socket.ts";

/** Sockets that Workers receive on. Each belongs to one Worker, with all of its flows. */
export class WorkerTransport implements UdpTransport {
  readonly #libc: Libc;
  readonly #links: readonly UdpLink[];
  readonly #inherited: InheritedSockets;
  /** Those at work. */
  readonly #listeners = new Set<WorkerListener>();

  constructor(
    libc: Libc,
    { links, inherited }: {
      readonly links: readonly UdpLink[];
      readonly inherited: InheritedSockets;
    },
  ) {
    this.#libc = libc;
    this.#links = links;
    this.#inherited = inherited;
  }

  /** Those that are received on. */
  sockets(): NamedSocket[] {
    return [...this.#listeners].filter(({ isRetired }) => !isRetired)
      .map(({ addr, fd }) => ({ name: { protocol: "udp", ...addr }, fd }));
  }

  bind(range: PortRange): Bound<Entrance> {
    const bind = (endpoint: Endpoint) => this.#socket(endpoint);
    const hostnames = wildcardAddresses(bind, { separatesFamilies: true });
    const bound = bindAll(bind, { hostnames, range, problemOf: () => "port_in_use" });
    if (!bound.ok) return bound;
    return { ok: true, listeners: bound.listeners.map((socket) => this.#entrance(socket)) };
  }

  /** Counts what the Workers did until now. */
  count(): void {
    for (const listener of this.#listeners) listener.count();
  }

  #socket(endpoint: Endpoint): UdpSocket {
    const fd = this.#inherited.claim({ protocol: "udp", ...endpoint });
    return fd === null ? UdpSocket.bound(endpoint, this.#libc) : new UdpSocket(fd, this.#libc);
  }

  #entrance(socket: UdpSocket): Entrance {
    return {
      addr: socket.addr,
      serve: (options) => {
        const link = this.#links.reduce((a, b) => b.listenerCount < a.listenerCount ? b : a);
        const onClosed = (listener: WorkerListener) => void this.#listeners.delete(listener);
        const libc = this.#libc;
        const listener = new WorkerListener({ ...options, socket, link, libc, onClosed });
        this.#listeners.add(listener);
        return listener;
      },
      [Symbol.dispose]: () => socket[Symbol.dispose](),
    };
  }
}

interface WorkerListenerOptions extends ListenerOptions {
  readonly socket: UdpSocket;
  readonly link: UdpLink;
  readonly libc: Libc;
  readonly onClosed: (listener: WorkerListener) => void;
}

/** A socket that a Worker receives on. */
class WorkerListener implements RuleListener, UdpListenerSink {
  readonly fd: number;
  readonly addr: Endpoint;
  readonly rule: number;
  readonly owner: number;
  readonly #options: WorkerListenerOptions;
  readonly #number: number;
  readonly #closed = Promise.withResolvers<void>();
  readonly #flows = new Set<WorkerFlow>();
  /** The Worker's numbers, as they were last seen. */
  readonly #losses = new Int32Array(LOSSES.length);
  #isClosing = false;
  isRetired = false;
  readonly #retired = Promise.withResolvers<void>();

  constructor(options: WorkerListenerOptions) {
    const { rule, owner } = options.context.policy.meters;
    this.fd = options.socket.fd;
    this.addr = options.socket.addr;
    this.rule = slotOf(rule);
    this.owner = slotOf(owner);
    this.#options = options;
    this.#number = options.link.listen(this);
    // A number is used again.
    this.#look();
  }

  async run(): Promise<void> {
    await this.#closed.promise;
    const { context, port } = this.#options;
    logEvent(context, "info", "rule.udp_listener_drained", { listen_port: port.listenPort });
  }

  wanted(flow: number, address: Uint8Array<ArrayBuffer>): void {
    const { context, port, libc, link, openFlow } = this.#options;
    const source = { transport: "udp", ...decodeSockaddr(address) } as const;
    const isWelcome = !context.closing.aborted && !context.policy.isExhausted;
    const made = isWelcome
      ? openFlow(source, port, ({ hold, onEnd }) =>
        new WorkerFlow({
          ...{ source, port, context, libc, link, flow, hold },
          onEnd: (ended) => {
            this.#flows.delete(ended);
            onEnd(ended);
          },
        }))
      : null;
    if (made === null) link.refuse(flow);
    else this.#flows.add(made);
  }

  receiveFailed(errno: number): void {
    const { context, port, link } = this.#options;
    logEvent(context, "warn", "rule.udp_listener_recv_failed", {
      listen_port: port.listenPort,
      error: errorText(new SystemError(errno)),
    });
    const resume = () => {
      if (!this.#isClosing) link.resume(this.#number);
    };
    void sleep(context.environment.clock, FORWARD.udpReceiveRetryMs, context.closing)
      .then(resume, () => undefined);
  }

  retire(): Promise<void> {
    if (!this.#isClosing && !this.isRetired) this.#options.link.retire(this.#number);
    this.isRetired = true;
    return this.#retired.promise;
  }

  retired(): void {
    this.#retired.resolve();
  }

  unlistened(): void {
    this.#retired.resolve();
    this.#countLosses();
    this.#options.socket[Symbol.dispose]();
    this.#options.onClosed(this);
    this.#closed.resolve();
  }

  workerGone(): void {
    this.#countLosses();
    this.#losses.fill(0);
  }

  count(): void {
    for (const flow of this.#flows) flow.count();
    this.#countLosses();
  }

  /** The Worker may be receiving: the socket is closed when it has stopped. */
  [Symbol.dispose](): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#options.link.unlisten(this.#number);
  }

  #countLosses(): void {
    const { errors } = this.#options.context;
    for (const [i, loss] of LOSSES.entries()) {
      const before = this.#losses[i] ?? 0;
      const now = this.#options.link.losses(this.#number, loss);
      this.#losses[i] = now;
      errors[loss] += (now - before) >>> 0;
    }
  }

  #look(): void {
    const { link } = this.#options;
    for (const [i, loss] of LOSSES.entries()) this.#losses[i] = link.losses(this.#number, loss);
  }
}
