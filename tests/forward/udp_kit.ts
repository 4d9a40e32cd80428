/**
 * What the UDP half of the conformance suite stands on. Loopback keeps datagrams in order and loses
 * none as long as the receiver has room, so tests wait for what must come; that something does not
 * come is shown by what was sent after it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { PortRange } from "../../src/core/ports.ts";
import type { RuleSpec } from "../../src/core/rule.ts";
import type { RuleCounters } from "../../src/forward/counters.ts";
import type { Forwarder, UdpSettings } from "../../src/forward/forwarder.ts";
import type { Resolver } from "../../src/forward/resolver.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import { onFreePorts, openOnFreePorts, tryListen, type Variant } from "./kit.ts";
import { udpRule } from "./rules.ts";

/** A datagram as it came. */
export interface Incoming {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly from: Deno.NetAddr;
}

/** A UDP socket of a test: a client or a target. */
export class UdpPeer implements Disposable {
  readonly addr: Deno.NetAddr;
  readonly #socket: Deno.DatagramConn;
  #isClosed = false;

  private constructor(socket: Deno.DatagramConn) {
    this.#socket = socket;
    this.addr = socket.addr as Deno.NetAddr;
  }

  static bind(hostname: string, port = 0): UdpPeer {
    return new UdpPeer(Deno.listenDatagram({ transport: "udp", hostname, port }));
  }

  /** The next datagram. */
  async receive(): Promise<Incoming> {
    const [data, from] = await this.#socket.receive(new Uint8Array(65_536));
    return { data: new Uint8Array(data), from: from as Deno.NetAddr };
  }

  /** The next `count` datagrams. */
  async receiveMany(count: number): Promise<Incoming[]> {
    const incoming: Incoming[] = [];
    while (incoming.length < count) incoming.push(await this.receive());
    return incoming;
  }

  async send(data: Uint8Array<ArrayBuffer>, to: Deno.NetAddr): Promise<void> {
    assert.equal(await this.#socket.send(data, to), data.length);
  }

  /** Sends everything back until it is disposed of; the datagrams it saw. */
  async echo(): Promise<number> {
    for (let count = 0;; count++) {
      try {
        const { data, from } = await this.receive();
        await this.send(data, from);
      } catch (error) {
        if (this.#isClosed) return count;
        throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }
}

/** Binds `port` of `hostname`, or `null` when it is taken. */
export function tryBind(hostname: string, port: number): UdpPeer | null {
  try {
    return UdpPeer.bind(hostname, port);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return null;
    throw error;
  }
}

/** A UDP peer, and a TCP listener on the same port: a target that health checks find alive. */
export function bindBoth(
  hostname: string,
): Promise<{ readonly udp: UdpPeer; readonly tcp: Deno.TcpListener }> {
  return onFreePorts(1, (port) => {
    const tcp = tryListen(hostname, port);
    const udp = tcp && tryBind(hostname, port);
    if (udp === null) tcp?.close();
    return tcp && udp && { udp, tcp };
  });
}

/** Targets on successive ports. */
export function bindTargets(hostname: string, count: number): Promise<readonly UdpPeer[]> {
  return onFreePorts(count, (start) => {
    const peers: UdpPeer[] = [];
    for (let i = 0; i < count; i++) {
      const peer = tryBind(hostname, start + i);
      if (peer === null) {
        for (const other of peers) other[Symbol.dispose]();
        return null;
      }
      peers.push(peer);
    }
    return peers;
  });
}

/** An address of loopback. */
export function endpoint(hostname: string, port: number): Deno.NetAddr {
  return { transport: "udp", hostname, port };
}

/** A client and the ways to one listen port. */
export interface Client extends Disposable {
  readonly peer: UdpPeer;
  send(data: Uint8Array<ArrayBuffer>): Promise<void>;
  receive(): Promise<Incoming>;
  /** Sends `data` and returns what comes back. */
  ask(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

/** An engine with one UDP rule, and what surrounds it. */
export interface UdpRig extends AsyncDisposable {
  readonly forwarder: Forwarder;
  readonly rule: RuleSpec;
  /** One for each port of the rule. */
  readonly targets: readonly UdpPeer[];
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  /** Target number `index`, by default the last. */
  target(index?: number): UdpPeer;
  /** A new client of listen port number `index`, by default the last. Closed with the rig. */
  client(index?: number): Client;
  counters(): RuleCounters;
}

/** What a rig may have otherwise than by default. */
export type UdpRigOptions = Partial<RuleSpec> & {
  readonly resolver?: Resolver;
  readonly udp?: Partial<UdpSettings>;
};

/** Starts targets and an engine that forwards to them. Anything of the rule may be replaced. */
export async function startUdpRig(
  { engine, loopback, ports }: Variant,
  { resolver, udp, ...part }: UdpRigOptions = {},
): Promise<UdpRig> {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const forwarder = engine.create({ clock, logger, ...(resolver && { resolver }) });
  forwarder.setUdp({ flowsMax: 1_024, idleMs: 60_000, ...udp });
  const targets = await bindTargets(loopback, ports);
  const rule = await openOnFreePorts(forwarder, ports, (listen) =>
    udpRule({
      listen,
      target: portsOf(targets),
      targetHost: loopback === "::1" ? "[::1]" : loopback,
      ...part,
    }));
  const clients: Client[] = [];
  return {
    forwarder,
    rule,
    targets,
    clock,
    logger,
    target: (index = ports - 1) => targets[index] ?? assert.fail(`no target ${index}`),
    client(index = ports - 1) {
      const client = clientOf(loopback, rule.listen.start + index);
      clients.push(client);
      return client;
    },
    counters: () => forwarder.counters().rules[0] ?? assert.fail("no rule is open"),
    async [Symbol.asyncDispose]() {
      for (const peer of [...targets, ...clients]) peer[Symbol.dispose]();
      await forwarder[Symbol.asyncDispose]();
      assert.equal(clock.pending, 0, "a timer was left behind");
    },
  };
}

/** A client on `hostname` that talks to `port` of `address`, by default the same. */
export function clientOf(hostname: string, port: number, address = hostname): Client {
  const peer = UdpPeer.bind(hostname);
  const to = endpoint(address, port);
  return {
    peer,
    send: (data) => peer.send(data, to),
    receive: () => peer.receive(),
    async ask(data) {
      await peer.send(data, to);
      return (await peer.receive()).data;
    },
    [Symbol.dispose]: () => peer[Symbol.dispose](),
  };
}

function portsOf(targets: readonly UdpPeer[]): PortRange {
  const ports = targets.map(({ addr }) => addr.port);
  return { start: Math.min(...ports), end: Math.max(...ports) };
}
