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
      "SELECT advertised_endpoint FROM server_settings WHERE id = 1",
    );
    const endpoint = columns
      ? new Row("server_settings", columns).textOrNull("advertised_endpoint")
      : null;
    return endpoint === "" ? null : endpoint;
  }
}
