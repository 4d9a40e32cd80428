import type { Columns } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

export const HOST_KINDS = ["reserved", "tunnel", "site"] as const;
export type HostKind = typeof HOST_KINDS[number];

/** A name, and whose it is. */
export interface PublishedHost {
  readonly fqdn: string;
  readonly kind: HostKind;
  /** The id of the tunnel or site; `null` for a reserved name. */
  readonly refId: string | null;
}

/** Host names and who has them (table `published_hosts`). Writes are in the caller's transaction. */
export class PublishedHostRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(fqdn: string): PublishedHost | undefined {
    const row = this.#store.db.get("SELECT * FROM published_hosts WHERE fqdn = ?", fqdn);
    return row && toHost(row);
  }

  /** Every name, reserved ones too, in alphabetical order. */
  list(): PublishedHost[] {
    return this.#store.db.all("SELECT * FROM published_hosts ORDER BY fqdn").map(toHost);
  }

  /** How many names are in use. */
  count(): number {
    const row = this.#store.db.get(
      "SELECT 'published_hosts' AS id, count(*) AS n FROM published_hosts WHERE kind <> 'reserved'",
    );
    return new Row("published_hosts", "id", row ?? {}).number("n");
  }

  /** Enters a name. Whether it was free; nothing changes when it was not. */
  insert({ fqdn, kind, refId }: PublishedHost): boolean {
    return this.#store.db.run(
      "INSERT INTO published_hosts (fqdn, kind, ref_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      fqdn,
      kind,
      refId,
    ) > 0;
  }

  remove(fqdn: string): void {
    this.#store.db.run("DELETE FROM published_hosts WHERE fqdn = ?", fqdn);
  }

  removeReserved(): void {
    this.#store.db.run("DELETE FROM published_hosts WHERE kind = 'reserved'");
  }
}

function toHost(columns: Columns): PublishedHost {
  const row = new Row("published_hosts", "fqdn", columns);
  return {
    fqdn: row.text("fqdn"),
    kind: row.oneOf("kind", HOST_KINDS),
    refId: row.textOrNull("ref_id"),
  };
}
