/**
 * A name server on real sockets, UDP and TCP, which says what a test tells it to.
 *
 * @module
 */

import { Buffer } from "node:buffer";
// @ts-types="npm:@types/dns-packet@5.6.5"
import dns from "dns-packet";

/** What the server says of a name. */
export interface Zone {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  /** Seconds. @default 60 */
  readonly ttl?: number;
  /** @default "NOERROR"; a name that the server does not know is an "NXDOMAIN" */
  readonly rcode?: "NOERROR" | "NXDOMAIN" | "SERVFAIL";
  /** Over UDP the answer is cut short, so that the resolver has to come back over TCP. */
  readonly truncated?: boolean;
}

const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const;

export class FakeDns implements AsyncDisposable {
  /** `type name` of every query that came, in its order. */
  readonly queries: string[] = [];
  /** While true nothing is answered. */
  isSilent = false;
  readonly #zones = new Map<string, Zone>();
  readonly #udp: Deno.DatagramConn;
  readonly #tcp: Deno.TcpListener;
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #serving: Promise<unknown>;

  /** @throws {Deno.errors.PermissionDenied} the port is below 1024 and this process is not root */
  constructor({ hostname = "127.0.0.1", port }: { hostname?: string; port: number }) {
    this.#tcp = Deno.listen({ hostname, port });
    this.#udp = Deno.listenDatagram({ hostname, port, transport: "udp" });
    this.#serving = Promise.all([this.#serveUdp(), this.#serveTcp()]);
  }

  /** `ip:port`. */
  get address(): string {
    return `${this.#tcp.addr.hostname}:${this.#tcp.addr.port}`;
  }

  set(name: string, zone: Zone): void {
    this.#zones.set(name, zone);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    this.#tcp.close();
    for (const conn of this.#conns) conn.close();
    await this.#serving;
  }

  async #serveUdp(): Promise<void> {
    for await (const [query, from] of this.#udp) {
      const answer = this.#answer(query, "udp");
      if (answer !== null) await this.#udp.send(answer, from);
    }
  }

  async #serveTcp(): Promise<void> {
    const talks: Promise<void>[] = [];
    for await (const conn of this.#tcp) talks.push(this.#talk(conn));
    await Promise.all(talks);
  }

  /** Messages over TCP follow their length (RFC 1035, section 4.2.2). */
  async #talk(conn: Deno.TcpConn): Promise<void> {
    this.#conns.add(conn);
    try {
      let data = Buffer.alloc(0);
      for await (const chunk of conn.readable) {
        data = Buffer.concat([data, chunk]);
        while (data.length >= 2 && data.length >= 2 + data.readUInt16BE()) {
          const end = 2 + data.readUInt16BE();
          const answer = this.#answer(data.subarray(2, end), "tcp");
          data = data.subarray(end);
          if (answer === null) continue;
          const length = Buffer.alloc(2);
          length.writeUInt16BE(answer.length);
          await conn.write(Buffer.concat([length, answer]));
        }
      }
    } catch {
      // The peer went away, or the test is over.
    } finally {
      this.#conns.delete(conn);
    }
  }

  #answer(query: Uint8Array, transport: "udp" | "tcp"): Uint8Array | null {
    const { id = 0, questions = [] } = dns.decode(Buffer.from(query));
    const [question] = questions;
    if (question === undefined) return null;
    const { type } = question;
    const name = question.name.toLowerCase();
    this.queries.push(`${type} ${name}`);
    if (this.isSilent) return null;
    const { a = [], aaaa = [], ttl = 60, ...zone } = this.#zones.get(name) ??
      { rcode: "NXDOMAIN" as const };
    const truncate = zone.truncated === true && transport === "udp";
    const addresses = type === "A" ? a : type === "AAAA" ? aaaa : [];
    return dns.encode({
      type: "response",
      id,
      flags: dns.RECURSION_DESIRED | dns.RECURSION_AVAILABLE | RCODES[zone.rcode ?? "NOERROR"] |
        (truncate ? dns.TRUNCATED_RESPONSE : 0),
      questions,
      answers: truncate ? [] : addresses.map((data) => ({
        type: type === "A" ? "A" : "AAAA",
        name: question.name,
        ttl,
        data,
      })),
    });
  }
}
