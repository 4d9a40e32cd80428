import { closeQuietly } from "./targets.ts";

/** Stands before several addresses; the next connection goes to the next of them. */
export class RoundRobin implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #conns = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;
  /** Connections that each address got. */
  readonly served: number[];

  /** @param addresses `ip:port` each */
  constructor(addresses: readonly string[]) {
    this.served = addresses.map(() => 0);
    this.#serving = this.#serve(addresses);
  }

  /** `ip:port` to connect to. */
  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Cuts every connection there is. */
  cut(): void {
    for (const conn of this.#conns) closeQuietly(conn);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#serving;
  }

  async #serve(addresses: readonly string[]): Promise<void> {
    const relays = new Set<Promise<void>>();
    let next = 0;
    for await (const conn of this.#listener) {
      const index = next++ % addresses.length;
      this.served[index] = (this.served[index] ?? 0) + 1;
      const relay = this.#relay(conn, addresses[index] ?? "").finally(() => relays.delete(relay));
      relays.add(relay);
    }
    await Promise.all(relays);
  }

  async #relay(conn: Deno.Conn, address: string): Promise<void> {
    this.#conns.add(conn);
    const [hostname = "", port = ""] = address.split(":");
    try {
      const target = await Deno.connect({ hostname, port: Number(port) });
      this.#conns.add(target);
      // Either side may be cut at any time.
      await Promise.all([
        conn.readable.pipeTo(target.writable).catch(() => closeQuietly(target)),
        target.readable.pipeTo(conn.writable).catch(() => closeQuietly(conn)),
      ]);
      this.#conns.delete(target);
    } catch {
      closeQuietly(conn);
    }
    this.#conns.delete(conn);
  }
}
