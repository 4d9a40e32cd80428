/**
 * Stores as large as a team's in a good year, written without a server.
 *
 * @module
 */

import { ulid } from "ulid";
import { ClientRepository } from "../../../src/store/clients.ts";
import type { Store } from "../../../src/store/open.ts";
import { RuleRepository } from "../../../src/store/rules.ts";
import { hashSecret } from "../../../src/system/secret_hash.ts";

/** A client that can connect: the server knows its token. */
export interface SeededClient {
  readonly clientId: string;
  readonly clientName: string;
  readonly token: string;
}

const NOW = Temporal.Now.instant();

/** Enters `count` clients. */
export function seedClients(store: Store, count: number): SeededClient[] {
  const clients = new ClientRepository(store);
  const seeded = Array.from({ length: count }, (_, i) => ({
    clientId: ulid(),
    clientName: `edge-${String(i).padStart(3, "0")}`,
    token: `token of edge ${i}`,
  }));
  store.write(() => {
    for (const { clientId, clientName, token } of seeded) {
      const tokenHash = hashSecret(token);
      clients.insert({ clientId, clientName, tokenHash, issuedAt: NOW, clientAddress: null });
    }
  });
  return seeded;
}

/** Enters active rules, the ids of which begin at `firstId`, one port each. */
export function seedRules(
  store: Store,
  { clientId, clientName }: SeededClient,
  { firstId, count }: { readonly firstId: number; readonly count: number },
): void {
  const rules = new RuleRepository(store);
  for (let i = 0; i < count; i++) {
    const listen = { start: 10_000 + i, end: 10_000 + i };
    rules.upsert({
      id: BigInt(firstId + i),
      protocol: "tcp",
      listen,
      targetHost: "10.0.0.5",
      targetPorts: { start: 8_080, end: 8_080 },
      preferIpv6: false,
      targets: [],
      healthCheckIntervalSecs: null,
      sniPattern: null,
      limits: null,
      ownerId: "_superadmin",
      clientId,
      clientName,
      state: { kind: "active" },
      createdAt: NOW,
      updatedAt: NOW,
    });
  }
}

/** Enters `count` rows of the audit trail, a second apart; one in twenty was denied. */
export function seedAudit(store: Store, count: number): void {
  const first = NOW.subtract({ seconds: count }).epochMilliseconds / 1_000;
  store.write(() => {
    store.db.run(
      `INSERT INTO audit (ts, user_id, outcome, action, correlation_id, details_json)
       WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
       SELECT strftime('%Y-%m-%dT%H:%M:%S', ? + i, 'unixepoch') || '+00:00',
         'user' || (i % 50), iif(i % 20 = 0, 'deny', 'allow'), 'POST /v1/rules', '',
         iif(i % 20 = 0, '{"reason":"port_outside_grant","role":"user"}',
           '{"reason":null,"role":"user"}')
       FROM n`,
      count,
      Math.floor(first),
    );
  });
}
