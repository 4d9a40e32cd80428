/**
 * The control socket: tells whoever may open it how the rules are doing, and listens to nobody.
 *
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import { stringifyJson } from "../core/json.ts";
import { STANDALONE } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { listenUnix } from "../system/unix_socket.ts";
import type { Hello, Snapshot } from "./stats_messages.ts";

/** Who can say how things are. */
export interface StatsSource {
  /** The same object until the rules change. Readers are then told again, which 3.1.0 never did. */
  readonly hello: Hello;
  /** A snapshot less its number, which belongs to the connection. */
  snapshot(): Omit<Snapshot, "seq">;
}

export interface StatsSocketOptions {
  readonly path: string;
  readonly refreshMs: number;
  readonly source: StatsSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An open socket; disposing it closes every connection and removes the file. */
export type StatsSocket = AsyncDisposable;

const utf8 = new TextEncoder();

/**
 * Opens the socket. `null` after a failure, which is logged: forwarding does not depend on it. The
 * directory is made with mode 0750 where it can be, the socket gets 0660.
 */
export async function openStatsSocket(options: StatsSocketOptions): Promise<StatsSocket | null> {
  const { path, refreshMs, logger } = options;
  try {
    const listener = await listenUnix(path);
    logger.info("standalone.stats_socket_listening", { path, refresh_ms: refreshMs });
    return new Server(listener, options);
  } catch (error) {
    logger.error("standalone.stats_socket_bind_failed", { path, error: String(error) });
    return null;
  }
}

class Server implements StatsSocket {
  readonly #listener: Deno.UnixListener;
  readonly #options: StatsSocketOptions;
  readonly #clients = new Set<Client>();
  readonly #accepting: Promise<void>;
  #isClosed = false;

  constructor(listener: Deno.UnixListener, options: StatsSocketOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#accepting = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const ending = [...this.#clients].map(({ ended }) => ended);
    this.#listener.close();
    for (const client of this.#clients) client.close();
    await Promise.all([this.#accepting, ...ending]);
    await Deno.remove(this.#options.path).catch(() => {/* Closing removed it. */});
  }

  async #accept(): Promise<void> {
    const { logger, clock } = this.#options;
    while (!this.#isClosed) {
      try {
        this.#serve(await this.#listener.accept());
      } catch (error) {
        if (this.#isClosed) return;
        logger.warn("standalone.stats_accept_error", { error: String(error) });
        await sleep(clock, STANDALONE.refreshMinMs);
      }
    }
  }

  #serve(conn: Deno.UnixConn): void {
    const max = STANDALONE.statsClientsMax;
    if (this.#clients.size >= max) {
      conn.close();
      this.#options.logger.warn("standalone.stats_conn_limit_reached", { max });
      return;
    }
    const client = new Client(conn, this.#options);
    this.#clients.add(client);
    void client.ended.then(() => this.#clients.delete(client));
  }
}

class Client {
  readonly #conn: Deno.UnixConn;
  readonly #options: StatsSocketOptions;
  readonly #stop = new AbortController();
  /** Resolves, and never rejects, when the connection is over. */
  readonly ended: Promise<void>;

  constructor(conn: Deno.UnixConn, options: StatsSocketOptions) {
    this.#conn = conn;
    this.#options = options;
    this.ended = this.#run();
    void this.#untilPeerCloses();
  }

  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#conn.close();
  }

  async #run(): Promise<void> {
    const { source, refreshMs, clock, logger } = this.#options;
    try {
      let told: Hello | null = null;
      let due = clock.monotonic();
      for (let seq = 1;; seq++) {
        const { hello } = source;
        if (hello !== told) await this.#send(hello);
        told = hello;
        await this.#send(ordered(source.snapshot(), seq));
        // What a slow reader missed is not made up for.
        due = Math.max(due + refreshMs, clock.monotonic());
        await sleep(clock, due - clock.monotonic(), this.#stop.signal);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) {
        logger.debug("standalone.stats_client_write_failed", { error: String(error) });
      }
    } finally {
      this.close();
    }
  }

  async #send(message: Hello | Snapshot): Promise<void> {
    const { clock } = this.#options;
    using _deadline = clock.timer(STANDALONE.statsWriteTimeoutMs, () => this.close());
    let rest = utf8.encode(`${stringifyJson(message)}\n`);
    while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
  }

  /** Reads what is not to be said, to notice the end. */
  async #untilPeerCloses(): Promise<void> {
    const ignored = new Uint8Array(256);
    try {
      while (await this.#conn.read(ignored) !== null) { /* Nothing is expected. */ }
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#options.logger.debug("standalone.stats_client_disconnected", { error: String(error) });
    }
    this.close();
  }
}

/** The keys in the order they are documented. */
function ordered(snapshot: Omit<Snapshot, "seq">, seq: number): Snapshot {
  const { t_ms, uptime_ms, process, r } = snapshot;
  return { t_ms, uptime_ms, seq, process, r };
}
