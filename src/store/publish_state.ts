import type { Store } from "./open.ts";
import { Row } from "./row.ts";

export const PUBLISH_STATUSES = [
  "FRESH",
  "DOMAIN_SET",
  "DNS_READY",
  "PROVISIONING",
  "COMPLETED",
] as const;
export type PublishStatus = typeof PUBLISH_STATUSES[number];

/** How far the set-up of publishing is, and what it was told. */
export interface PublishState {
  readonly status: PublishStatus;
  /** What subdomains are below, in its canonical form. */
  readonly domain: string | null;
  /** Whom the issuer of certificates may write to. */
  readonly email: string | null;
  /** What names of the ingress were last found to have to resolve to. */
  readonly publicIp: string | null;
}

/** The one row of table `publish_state`. */
export class PublishStateRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(): PublishState {
    const columns = this.#store.db.get("SELECT * FROM publish_state WHERE id = 1");
    const row = new Row("publish_state", "id", columns ?? {});
    return {
      status: row.oneOf("status", PUBLISH_STATUSES),
      domain: row.textOrNull("domain"),
      email: row.textOrNull("email"),
      publicIp: row.textOrNull("public_ip"),
    };
  }

  set({ status, domain, email, publicIp }: PublishState): void {
    this.#store.db.run(
      "UPDATE publish_state SET status = ?, domain = ?, email = ?, public_ip = ? WHERE id = 1",
      status,
      domain,
      email,
      publicIp,
    );
  }
}
