/**
 * The ingress of a server: listens from the start to the stop, and says where.
 *
 * @module
 */

import type { SocketAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { CertificateSource, ChallengeResponder } from "./certificates/certificate.ts";
import type { PublishConfig } from "./config.ts";
import { Ingress } from "./ingress/ingress.ts";
import type { RouteTable } from "./ingress/route.ts";

export interface WebOptions {
  readonly config: () => PublishConfig;
  readonly routes: RouteTable;
  readonly certificates: Pick<CertificateSource, "get">;
  readonly challenges: ChallengeResponder;
  readonly metrics: Pick<Metrics, "ingress">;
  /** How long requests may take to end when the server stops, in milliseconds. */
  readonly stopGraceMs: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where browsers reach the ingress. */
export interface WebAddresses {
  readonly http: SocketAddress;
  readonly https: SocketAddress;
}

export class Web implements AsyncDisposable {
  readonly #options: WebOptions;
  #ingress: Ingress | null = null;

  constructor(options: WebOptions) {
    this.#options = options;
  }

  /** @throws what the system says when an address cannot be bound */
  start(): void {
    const { config, metrics, ...options } = this.#options;
    const { httpListen, httpsListen } = config();
    this.#ingress = new Ingress({
      ...options,
      metrics: metrics.ingress,
      httpListen,
      httpsListen,
    });
  }

  /** @throws {Error} when it does not listen */
  addresses(): WebAddresses {
    if (this.#ingress === null) throw new Error("the ingress does not listen");
    return this.#ingress.addresses;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ingress?.stop(this.#options.stopGraceMs());
  }
}
