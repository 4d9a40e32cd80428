/**
 * What the parts of shared accounts have in common: where they are looked up and written.
 *
 * @module
 */

import type { Alongside } from "../identity/identity_store.ts";
import type { Columns } from "../store/database.ts";
import type { SharedDatabase, WasDone } from "./database.ts";
import { type KeyedQuery, Lookups } from "./lookups.ts";
import type { SqlParameter, SqlSession } from "./sql.ts";
import { Users } from "./users.ts";

/** A copy of the tables that is nearer than the database. */
export interface Copy {
  /** Runs a query on the copy. */
  read(sql: string, ...parameters: readonly SqlParameter[]): readonly Columns[];
  /** Brings what the copy has of a user up to date after a write; throws nothing. */
  refresh(userId: string): Promise<void>;
}

export interface SharedOptions {
  readonly database: SharedDatabase;
  /** Most users; negative: no more than there are; `null`: any number. */
  readonly maxUsers: number | null;
  /** Runs a server's own part of a write that is done, in one transaction of its store. */
  readonly locally: (alongside: Alongside, removedUser: string | null) => void;
  readonly copy: Copy | null;
}

export class Shared {
  readonly database: SharedDatabase;
  readonly users: Users;
  readonly locally: SharedOptions["locally"];
  readonly #copy: Copy | null;

  constructor({ database, maxUsers, locally, copy }: SharedOptions) {
    this.database = database;
    this.users = new Users(database.dialect, maxUsers);
    this.locally = locally;
    this.#copy = copy;
  }

  /** Asks the copy, if there is one, and the database for what that does not have. */
  async lookUp(sql: string, ...parameters: readonly SqlParameter[]): Promise<readonly Columns[]> {
    const rows = this.#copy?.read(sql, ...parameters) ?? [];
    return rows.length > 0 ? rows : await this.database.read(sql, ...parameters);
  }

  /** Finds rows by their key as {@linkcode lookUp} does, for many requests at once. */
  lookups(query: KeyedQuery): (key: string) => Promise<Columns | undefined> {
    const lookups = new Lookups(query, this.database, this.database.clock);
    return async (key) => {
      const [row] = this.#copy?.read(query.sql, key) ?? [];
      return row ?? await lookups.find(key);
    };
  }

  /** Writes what is about one user; see {@linkcode SharedDatabase.write}. */
  async write<T>(
    userId: string,
    work: (sql: SqlSession) => Promise<T>,
    wasDone: WasDone,
  ): Promise<T> {
    const result = await this.database.write(work, wasDone);
    await this.#copy?.refresh(userId);
    return result;
  }

  /** A statement that harms nobody when it is run twice, or not at all. */
  async update(sql: string, ...parameters: readonly SqlParameter[]): Promise<void> {
    await this.database.write(
      async (session) => void await session.query(sql, ...parameters),
      () => Promise.resolve(false),
    );
  }
}
