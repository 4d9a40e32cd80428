import { toStoreText } from "../core/instant.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** The one-time token with which the first superadmin is created. Only its hash is kept. */
export interface SetupToken {
  readonly tokenHash: string;
  readonly issuedAt: Temporal.Instant;
  readonly expiresAt: Temporal.Instant;
}

/** The setup token (table `onboarding_setup`, at most one row). */
export class SetupTokenRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(): SetupToken | undefined {
    const columns = this.#store.db.get("SELECT * FROM onboarding_setup WHERE id = 1");
    if (!columns) return undefined;
    const row = new Row("onboarding_setup", "id", columns);
    return {
      tokenHash: row.text("token_hash"),
      issuedAt: row.instant("issued_at"),
      expiresAt: row.instant("expires_at"),
    };
  }

  /** Replaces the token; the former one is void. */
  rotate({ tokenHash, issuedAt, expiresAt }: SetupToken): void {
    this.#store.db.run(
      `INSERT INTO onboarding_setup (id, token_hash, issued_at, expires_at) VALUES (1, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         token_hash = excluded.token_hash, issued_at = excluded.issued_at,
         expires_at = excluded.expires_at`,
      tokenHash,
      toStoreText(issuedAt),
      toStoreText(expiresAt),
    );
  }

  delete(): void {
    this.#store.db.run("DELETE FROM onboarding_setup");
  }
}
