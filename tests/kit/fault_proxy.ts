/**
 * A network between client and server that gets worse when a test says so. It works on streams:
 * packets that are lost show as delay, a route that is gone as silence.
 *
 * @module
 */

import { PATIENCE_MS } from "./process.ts";
import { closeQuietly } from "./targets.ts";

export class FaultProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #upstreamPort: number;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  #passable: PromiseWithResolvers<void> | null = null;
  /** Each chunk is kept for this long, in both directions. */
  delayMs = 0;
  /** Chunks that arrived while nothing passed. */
  swallowed = 0;

  /** @param upstreamPort of this machine */
  constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Nothing passes any more, and nobody is told. */
  stall(): void {
    this.#passable ??= Promise.withResolvers<void>();
  }

  /** What was held back arrives, and what comes after it. */
  resume(): void {
    this.#passable?.resolve();
    this.#passable = null;
  }

  /** Ends every connection. */
  cut(): void {
    for (const conn of this.#connections) closeQuietly(conn);
    this.#connections.clear();
  }

  async #accept(): Promise<void> {
    for await (const inbound of this.#listener) void this.#join(inbound);
  }

  async #join(inbound: Deno.TcpConn): Promise<void> {
    this.#connections.add(inbound);
    try {
      const outbound = await Deno.connect({ hostname: "127.0.0.1", port: this.#upstreamPort });
      this.#connections.add(outbound);
      await Promise.allSettled([this.#pump(inbound, outbound), this.#pump(outbound, inbound)]);
      closeQuietly(outbound);
    } catch {
      // The server is away: the client sees its connection end.
    } finally {
      closeQuietly(inbound);
    }
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const writer = to.writable.getWriter();
    for await (const chunk of from.readable) {
      if (this.delayMs > 0) await pause(Math.min(this.delayMs, PATIENCE_MS));
      if (this.#passable !== null) {
        this.swallowed += 1;
        await this.#passable.promise;
      }
      await writer.write(chunk);
    }
    await writer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    this.resume();
    this.cut();
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
