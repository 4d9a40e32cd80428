/**
 * The endpoint that clients are told to dial, as an operator sees and sets it.
 *
 * @module
 */

import { type EndpointSource, resolveEndpoint } from "../core/endpoint.ts";
import { PortunusError } from "../core/errors.ts";
import type { SettingsRepository } from "../store/settings.ts";
import type { ServerIdentity } from "./enrollment.ts";

export interface AdvertisedEndpointOptions {
  readonly settings: SettingsRepository;
  readonly server: ServerIdentity;
}

/** What enrollment would use for a caller whose `Host` header is of no help. */
export interface AdvertisedEndpointView {
  /** What an operator stored; `null` when nothing is. */
  readonly override: string | null;
  readonly effective: string | null;
  readonly source: EndpointSource | null;
  /** Why there is no effective endpoint; `null` when there is one. */
  readonly diagnostic: string | null;
}

export class AdvertisedEndpoint {
  readonly #options: AdvertisedEndpointOptions;

  constructor(options: AdvertisedEndpointOptions) {
    this.#options = options;
  }

  view(): AdvertisedEndpointView {
    const override = this.#options.settings.advertisedEndpoint();
    try {
      const { endpoint, source } = this.#resolve(override);
      return { override, effective: endpoint, source, diagnostic: null };
    } catch (error) {
      if (!(error instanceof PortunusError)) throw error;
      return { override, effective: null, source: null, diagnostic: error.message };
    }
  }

  /**
   * Stores the endpoint, or with `null` takes it back.
   *
   * @throws {PortunusError} `endpoint_invalid`, `endpoint_not_in_cert_san`; nothing is stored then
   */
  set(endpoint: string | null): void {
    const { settings } = this.#options;
    settings.setAdvertisedEndpoint(endpoint === null ? null : this.#resolve(endpoint).endpoint);
  }

  #resolve(override: string | null) {
    return resolveEndpoint({ override, hostHeader: null, ...this.#options.server });
  }
}
