import type { Store } from "../../src/store/open.ts";
import { toStoreText } from "../../src/core/instant.ts";
import { hashSecret } from "../../src/system/secret_hash.ts";
import type { FakeClock } from "./fake_clock.ts";
import { TempDataDir } from "./data_dir.ts";

/** A client to enter into the roster. */
export interface RosterEntry {
  readonly clientId: string;
  readonly clientName: string;
  readonly token?: string;
  readonly revoked?: boolean;
  readonly address?: string;
}

/** A user with at most one API credential. */
export interface UserEntry {
  readonly userId: string;
  readonly role: "superadmin" | "user";
  readonly token?: string;
  readonly disabled?: boolean;
  readonly status?: "active" | "revoked";
}

/** A real store with people and clients in it, which goes when the test ends. */
export class TemporaryStore implements Disposable {
  readonly #dir: TempDataDir;
  readonly clock: FakeClock;
  #store: Store;

  /** Takes over `dir`. */
  constructor(dir = new TempDataDir()) {
    this.#dir = dir;
    this.clock = dir.clock;
    this.#store = dir.open();
  }

  get dataDir(): string {
    return this.#dir.path;
  }

  get store(): Store {
    return this.#store;
  }

  /** Closes and opens the store, as a restart of the server does. */
  reopen(): void {
    this.#store[Symbol.dispose]();
    this.#store = this.#dir.open();
  }

  /** Makes every write of `table` fail with `message` until {@linkcode repair}. */
  sabotage(table: string, message = "disk I/O error"): void {
    for (const action of ["INSERT", "UPDATE", "DELETE"]) {
      this.#store.db.exec(
        `CREATE TRIGGER sabotage_${action} BEFORE ${action} ON ${table}
         BEGIN SELECT RAISE(ABORT, '${message}'); END`,
      );
    }
  }

  repair(): void {
    for (const action of ["INSERT", "UPDATE", "DELETE"]) {
      this.#store.db.exec(`DROP TRIGGER sabotage_${action}`);
    }
  }

  addClient({ clientId, clientName, token, revoked, address }: RosterEntry): void {
    const now = this.#now();
    this.#store.db.run(
      `INSERT INTO client_tokens (client_id, client_name, token_hash, issued_at, revoked_at, client_address)
       VALUES (?, ?, ?, ?, ?, ?)`,
      clientId,
      clientName,
      hashSecret(token ?? `token of ${clientId}`),
      now,
      revoked ? now : null,
      address ?? null,
    );
  }

  addUser({ userId, role, token, disabled, status = "active" }: UserEntry): void {
    const { db } = this.#store;
    db.run(
      "INSERT INTO users (user_id, role, display_name, created_at, disabled) VALUES (?, ?, ?, ?, ?)",
      userId,
      role,
      userId,
      this.#now(),
      disabled ? 1 : 0,
    );
    if (token === undefined) return;
    db.run(
      "INSERT INTO credentials (credential_id, user_id, hash, label, status, issued_at) VALUES (?, ?, ?, 'test', ?, ?)",
      `credential of ${userId}`,
      userId,
      hashSecret(token),
      status,
      this.#now(),
    );
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
    this.#dir[Symbol.dispose]();
  }

  #now(): string {
    return toStoreText(Temporal.Instant.fromEpochMilliseconds(this.clock.now()));
  }
}
