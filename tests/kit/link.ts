/**
 * A wire between client and server that a test can cut and mend.
 *
 * @module
 */

import { freePort } from "./ports.ts";
import { closeQuietly } from "./targets.ts";

export class Link implements AsyncDisposable {
  readonly port = freePort();
  readonly #connections = new Set<Deno.TcpConn>();
  #listener: Deno.TcpListener | null = null;
  #accepting: Promise<void> = Promise.resolve();

  /** @param upstream `ip:port` of the server */
  constructor(readonly upstream: string) {
    this.mend();
  }

  /** Ends every connection and refuses new ones. */
  cut(): void {
    this.#listener?.close();
    this.#listener = null;
    for (const conn of this.#connections) closeQuietly(conn);
    this.#connections.clear();
  }

  /** Accepts connections again. */
  mend(): void {
    this.#listener ??= Deno.listen({ hostname: "127.0.0.1", port: this.port });
    this.#accepting = this.#accept(this.#listener);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for await (const inbound of listener) void this.#join(inbound);
  }

  async #join(inbound: Deno.TcpConn): Promise<void> {
    this.#connections.add(inbound);
    const [hostname, port] = this.upstream.split(":");
    try {
      const outbound = await Deno.connect({ hostname: hostname as string, port: Number(port) });
      this.#connections.add(outbound);
      await Promise.allSettled([
        inbound.readable.pipeTo(outbound.writable),
        outbound.readable.pipeTo(inbound.writable),
      ]);
    } catch {
      // The server is away: the client sees its connection end.
    } finally {
      closeQuietly(inbound);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#accepting;
  }
}
