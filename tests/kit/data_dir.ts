/**
 * Stores for tests, each in a directory of its own that goes when the test ends.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { openStore, type Store } from "../../src/store/open.ts";
import { type Migration, MIGRATIONS } from "../../src/store/migrations.ts";
import { FakeClock } from "./fake_clock.ts";
import { silentLogger } from "./silent_logger.ts";

/** A data directory. It can be opened any number of times. */
export class TempDataDir implements Disposable {
  readonly path: string;
  readonly clock = new FakeClock();

  /** @param parent where the directory is made; that of the system unless given */
  constructor(parent?: string) {
    const dir = parent === undefined ? {} : { dir: parent };
    this.path = Deno.makeTempDirSync({ ...dir, prefix: "portunus-store-" });
  }

  get database(): string {
    return `${this.path}/state.db`;
  }

  open(migrations: readonly Migration[] = MIGRATIONS): Store {
    const { path: dataDir, clock } = this;
    return openStore({ dataDir, clock, logger: silentLogger, migrations });
  }

  /** Names of the files in it, sorted. */
  files(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  /** Runs SQL on the file from outside, as another program would. Nobody may have it open. */
  tamper(sql: string): void {
    const db = new DatabaseSync(this.database);
    try {
      db.exec(sql);
    } finally {
      db.close();
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** An open store in a directory of its own; both go together. */
export interface TempStore extends Disposable {
  readonly store: Store;
  readonly clock: FakeClock;
}

export function openTempStore(): TempStore {
  using cleanup = new DisposableStack();
  const dir = cleanup.use(new TempDataDir());
  const store = cleanup.use(dir.open());
  const held = cleanup.move();
  return { store, clock: dir.clock, [Symbol.dispose]: () => held.dispose() };
}

/** Everything that a database file says: its schema and every row, as text. It must be closed. */
export function dump(path: string): string {
  const db = new DatabaseSync(path);
  const all = (sql: string) => {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all();
  };
  try {
    const schema = all("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name");
    const tables = schema.filter(({ type }) => type === "table").map(({ name }) => String(name));
    return JSON.stringify(
      [schema, tables.map((name) => [name, all(`SELECT * FROM "${name}"`)])],
      (_, value) => typeof value === "bigint" ? `${value}n` : value,
      1,
    );
  } finally {
    db.close();
  }
}
