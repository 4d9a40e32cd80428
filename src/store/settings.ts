import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** Settings that operators change at run time (table `server_settings`, one row). */
export class SettingsRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The endpoint that clients are told to dial instead of any other; `null` when not set. */
  advertisedEndpoint(): string | null {
    const columns = this.#store.db.get(
      "SELECT id, advertised_endpoint FROM server_settings WHERE id = 1",
    );
    if (!columns) return null;
    return new Row("server_settings", "id", columns).textOrNull("advertised_endpoint") || null;
  }

  /** Sets that endpoint, or with `null` takes it back. */
  setAdvertisedEndpoint(endpoint: string | null): void {
    this.#store.db.run(
      `INSERT INTO server_settings (id, advertised_endpoint) VALUES (1, ?)
       ON CONFLICT (id) DO UPDATE SET advertised_endpoint = excluded.advertised_endpoint`,
      endpoint,
    );
  }
}
