import { FORWARD } from "../../core/limits.ts";
import type { Dialing, Endpoint, Listener, Net } from "../portable/net.ts";
import type { InheritedSockets } from "./inherited_sockets.ts";
import { LinuxListener, listenStream } from "./linux_listener.ts";
import { dialLinux, type SocketContext } from "./linux_socket.ts";
import type { Libc } from "./native/libc.ts";
import type { NamedSocket } from "./succession_channel.ts";
import type { WorkerLink } from "./worker_link.ts";

/** TCP sockets that are accepted by all Workers, and whose events come from one of them. */
export class LinuxNet implements Net {
  readonly separatesFamilies = true;
  readonly #libc: Libc;
  readonly #contexts: readonly SocketContext[];
  readonly #inherited: InheritedSockets;
  readonly #listeners = new Set<LinuxListener>();
  #turn = 0;

  constructor(libc: Libc, links: readonly WorkerLink[], inherited: InheritedSockets) {
    this.#libc = libc;
    this.#contexts = links.map((link) => ({ libc, link }));
    this.#inherited = inherited;
  }

  /** A Worker's, each in turn. */
  context(): SocketContext {
    const context = this.#contexts[this.#turn++ % this.#contexts.length];
    if (context === undefined) throw new RangeError("An engine needs a Worker");
    return context;
  }

  listen(endpoint: Endpoint): Listener {
    const fd = this.#inherited.claim({ protocol: "tcp", ...endpoint }) ??
      listenStream(endpoint, FORWARD.listenBacklog, this.#libc);
    const listener = new LinuxListener(fd, this.#contexts, () => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    return listener;
  }

  connect(endpoint: Endpoint): Dialing {
    return dialLinux(endpoint, this.context());
  }

  /** Those that are accepted on. */
  sockets(): NamedSocket[] {
    return [...this.#listeners].map(({ addr, fd }) => ({ name: { protocol: "tcp", ...addr }, fd }));
  }
}
