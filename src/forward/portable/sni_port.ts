/**
 * A listen port that several rules share: which of them gets a connection is decided by the server
 * name that the TLS client asks for.
 *
 * @module
 */

import { formatSocketAddress, unmapIpv4 } from "../../core/address.ts";
import { errorText } from "../../core/errors.ts";
import { SNI } from "../../core/limits.ts";
import type { LogFields } from "../../core/log.ts";
import type { SniListenerCounters } from "../counters.ts";
import { type Peek, peekClientHello } from "../../core/client_hello.ts";
import { PeekHistogram } from "../sni/peek_histogram.ts";
import { type MatchKind, type Route, RouteTable } from "../sni/route_table.ts";
import type { AcceptHandler, Acceptor } from "./acceptor.ts";
import type { Environment } from "./environment.ts";
import { LogGate } from "./log_gate.ts";
import type { Socket } from "./net.ts";

/** A rule that takes connections of a shared port. */
export interface SniMember {
  readonly ruleId: bigint;
  /** `null` for the rule that takes what no other does. */
  readonly pattern: string | null;
  /** A connection that was routed here, and what was read of it already. */
  take(inbound: Socket, preRead: Uint8Array, kind: MatchKind): void;
}

export class SniPort implements AcceptHandler {
  readonly listenPort: number;
  readonly #environment: Environment;
  readonly #acceptor: Acceptor;
  readonly #members = new Set<SniMember>();
  #table = new RouteTable<SniMember>([]);
  /** Connections whose ClientHello is being read. */
  readonly #peeking = new Set<Socket>();
  readonly #routing = new Set<Promise<void>>();
  #retired: Promise<void> | null = null;
  readonly #histogram = new PeekHistogram();
  #misses = 0;
  #parseFailures = 0;
  /** Of warnings, which any connection may cause. */
  readonly #gate: LogGate;

  /** @param acceptor hands its connections to this port from now on */
  constructor(listenPort: number, acceptor: Acceptor, environment: Environment) {
    this.listenPort = listenPort;
    this.#environment = environment;
    this.#acceptor = acceptor;
    this.#gate = new LogGate(environment.clock);
    acceptor.handler = this;
    this.#log("info", "tls.sni_listener.started", {});
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** Whether another rule may claim `pattern`: each pattern once, and one fallback. */
  canJoin(pattern: string | null): boolean {
    return !this.#members.values().some((member) => member.pattern === pattern);
  }

  /** Routes to `member` from now on. @throws {TypeError} unless it {@linkcode canJoin} */
  join(member: SniMember): void {
    const isFirst = this.isEmpty;
    this.#swap([...this.#members, member]);
    this.#members.add(member);
    const fields = { rule_id: `${member.ruleId}`, members: this.#members.size };
    if (isFirst) this.#log("info", "tls.sni_listener.bound", { rule_id: fields.rule_id });
    this.#log("info", "tls.sni_group.member_added", fields);
  }

  /**
   * Routes to `member` no more; its connections are its own. The last one takes the port with it.
   *
   * @returns a promise that resolves when the port is free, at once while others share it
   */
  async leave(member: SniMember): Promise<void> {
    this.#members.delete(member);
    this.#swap(this.#members);
    const rule_id = `${member.ruleId}`;
    this.#log("info", "tls.sni_group.member_removed", { rule_id, members: this.#members.size });
    if (!this.isEmpty) return;
    this.#acceptor.close();
    for (const socket of this.#peeking) socket[Symbol.dispose]();
    this.#log("info", "tls.sni_listener.unbound", { rule_id });
    await this.#acceptor.released;
    this.#log("debug", "tls.sni_listener.stopped", {});
  }

  /**
   * Takes no more connections. Resolves when those that were taken are routed, or refused; for all
   * members together.
   */
  retire(): Promise<void> {
    this.#retired ??= this.#retire();
    return this.#retired;
  }

  async #retire(): Promise<void> {
    this.#acceptor.retire();
    await this.#acceptor.released;
    await Promise.all(this.#routing);
  }

  counters(): SniListenerCounters {
    return {
      listenPort: this.listenPort,
      misses: BigInt(this.#misses),
      parseFailures: BigInt(this.#parseFailures),
      ...this.#histogram.counters(),
    };
  }

  accepted(inbound: Socket): void {
    if (this.#peeking.size >= SNI.peeksMax) {
      this.#logConnection("warn", "tls.sni_peek_capacity", { peer: peerOf(inbound) });
      inbound[Symbol.dispose]();
      return;
    }
    const routing = this.#route(inbound).finally(() => this.#routing.delete(routing));
    this.#routing.add(routing);
  }

  acceptFailed(_listenPort: number, error: unknown): void {
    this.#log("warn", "tls.sni_listener.accept_error", { error: errorText(error) });
  }

  #swap(members: Iterable<SniMember>): void {
    const routes = [...members].map((member): Route<SniMember> => ({
      pattern: member.pattern,
      value: member,
    }));
    this.#table = new RouteTable(routes);
  }

  /** Never rejects: whatever goes wrong ends the connection. */
  async #route(inbound: Socket): Promise<void> {
    // The routes of the moment it came in count, whatever changes while it is read.
    const table = this.#table;
    const { clock } = this.#environment;
    const startedAt = clock.monotonic();
    this.#peeking.add(inbound);
    const read = await readHello(inbound, this.#environment);
    this.#peeking.delete(inbound);
    if (this.isEmpty) return inbound[Symbol.dispose]();
    this.#histogram.observe(clock.monotonic() - startedAt);
    if (read.outcome !== "hello") return this.#refuse(inbound, read);
    this.#dispatch(inbound, read, table);
  }

  #dispatch(inbound: Socket, { serverName, bytes }: Hello, table: RouteTable<SniMember>): void {
    const peer = peerOf(inbound);
    const match = table.lookup(serverName);
    if (serverName === null) {
      this.#logConnection("info", "tls.no_sni", { peer, fallback_used: match !== null });
    }
    if (match === null) {
      this.#misses += 1;
      if (serverName !== null) {
        this.#logConnection("warn", "tls.sni_no_match", { peer, server_name: serverName });
      }
      return inbound[Symbol.dispose]();
    }
    const { kind, value: member } = match;
    if (serverName !== null) {
      const rule_id = `${member.ruleId}`;
      const fields = { peer, server_name: serverName, match_kind: kind, rule_id };
      this.#logConnection("info", "tls.sni_routed", fields);
    }
    member.take(inbound, bytes, kind);
  }

  #refuse(inbound: Socket, failure: Failure): void {
    this.#parseFailures += 1;
    const peer = peerOf(inbound);
    if (failure.outcome === "timeout") {
      this.#logConnection("warn", "tls.client_hello_timeout", {
        peer,
        bytes_read: failure.bytesRead,
      });
    } else {
      this.#logConnection("warn", "tls.parse_failed", { peer, error: failure.outcome });
    }
    inbound[Symbol.dispose]();
  }

  /** A line about one connection. Of warnings a flood is cut short, with the number left out. */
  #logConnection(level: "info" | "warn", event: string, fields: LogFields): void {
    if (!this.#environment.logger.enabled(level)) return;
    const passed = level === "warn" ? this.#gate.pass(event) : { suppressed: 0 };
    if (passed === null) return;
    this.#log(level, event, passed.suppressed === 0 ? fields : { ...fields, ...passed });
  }

  #log(level: "debug" | "info" | "warn", event: string, fields: LogFields): void {
    const all = { target: "tls_sni", listen_port: this.listenPort, ...fields };
    this.#environment.logger.log(level, event, all);
  }
}

const peerOf = ({ remoteAddr: { hostname, port } }: Socket) =>
  formatSocketAddress({ host: unmapIpv4(hostname), port });

/** A ClientHello, and all bytes that were read with it. */
interface Hello {
  readonly outcome: "hello";
  readonly serverName: string | null;
  readonly bytes: Uint8Array;
}

interface Failure {
  readonly outcome: "timeout" | "not_tls" | "malformed" | "too_large" | "eof" | "io_error";
  readonly bytesRead: number;
}

/** Reads until the ClientHello is there, for a limited time and up to a limited size. */
async function readHello(inbound: Socket, { clock }: Environment): Promise<Hello | Failure> {
  let buffer = new Uint8Array(SNI.peekChunkBytes);
  let bytesRead = 0;
  let isLate = false;
  using _deadline = clock.timer(SNI.peekTimeoutMs, () => {
    isLate = true;
    inbound[Symbol.dispose]();
  });
  while (true) {
    const failed = (outcome: Failure["outcome"]): Failure => ({ outcome, bytesRead });
    let count: number | null;
    try {
      count = await inbound.read(buffer.subarray(bytesRead, bytesRead + SNI.peekChunkBytes));
    } catch {
      return failed(isLate ? "timeout" : "io_error");
    }
    if (count === null) return failed("eof");
    bytesRead += count;
    const bytes = buffer.subarray(0, bytesRead);
    const peek: Peek = peekClientHello(bytes);
    if (peek.kind === "hello") return { outcome: "hello", serverName: peek.serverName, bytes };
    if (peek.kind !== "more") return failed(peek.kind);
    if (bytesRead >= SNI.peekMaxBytes) return failed("too_large");
    if (bytesRead === buffer.length) buffer = grown(buffer);
  }
}

function grown(buffer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(buffer.length * 2, SNI.peekMaxBytes));
  larger.set(buffer);
  return larger;
}
